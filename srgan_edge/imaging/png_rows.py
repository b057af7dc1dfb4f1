"""Whether a PNG file holds all its rows: Pillow leaves those black that its data end before."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

from PIL import Image

from srgan_edge.imaging.png_chunks import chunks

# Channels by colour type (PNG, third edition, 11.2.1), and the passes of Adam7: first column and row, steps.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PART = 2**16


def check(file: BinaryIO, image: Image.Image) -> None:
    """Refuse a decoded PNG whose data end before its last row; `file` is what it was read from.

    Raises:
        ValueError: rows are missing.
    """
    last = image.crop((0, image.height - 1, image.width, image.height))
    interlaced = image.info.get("interlace", 0) == 1
    if not interlaced and last.getbbox(alpha_only=False) is not None:
        return  # a row that nothing was written to is black
    parts = chunks(file)
    next(parts)
    width, height, bits, colours, _, _, _ = struct.unpack(">IIBBBBB", file.read(13))
    expected, pixel = 0, bits * _CHANNELS[colours]
    for left, top, across, down in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            expected += rows * (1 + (columns * pixel + 7) // 8)
    stream, found = zlib.decompressobj(), 0
    for kind, length in parts:
        body = file.read(length) if kind == b"IDAT" else b""
        while kind == b"IDAT" and found < expected:
            part = stream.decompress(body, _PART)
            found, body = found + len(part), stream.unconsumed_tail
            if not part and not body:
                break
    if found < expected:
        raise ValueError("its data end before its last row")
