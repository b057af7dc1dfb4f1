"""PNG and JPEG from strips: what Pillow encodes of each is joined to one file."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]

# Pillow's names by the number of channels.
MODES = ("", "L", "LA", "RGB", "RGBA")

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# 3 times faster than Pillow's default of 6 for 2 % more bytes.
_PNG_LEVEL = 4
# Rows that hold 8 MCU rows of either subsampling: restart markers are numbered modulo 8.
_JPEG_ROWS = 128


@dataclass(frozen=True)
class Header:
    """A file to be: everything but its pixels."""

    width: int
    height: int
    grey: bool = False
    alpha: bool = False
    icc: bytes | None = None
    exif: bytes | None = None

    @property
    def channels(self) -> int:
        """Of each pixel: L, LA, RGB or RGBA."""
        return (1 if self.grey else 3) + self.alpha


class PngStrips:
    """Pillow writes the header and filters each strip's rows; the strips share one zlib stream."""

    def __init__(self, file: BinaryIO, header: Header, name: str, options: dict[str, Any]) -> None:
        self.file, self.header = file, header
        self.deflate = zlib.compressobj(_PNG_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
        self.last: Bytes | None = None
        sample = Image.new(MODES[header.channels], (header.width, 1))
        file.write(_PNG_SIGNATURE)
        for kind, data in _png_chunks(sample, options):
            if kind == b"IHDR":
                data = data[:4] + struct.pack(">I", header.height) + data[8:]
            if kind not in (b"IDAT", b"IEND"):
                self._chunk(kind, data)

    def write(self, strip: Bytes) -> None:
        """Add rows, `(n, width, channels)` bytes."""
        # A row is filtered by the one above it, which goes along from the strip before; its own bytes are dropped.
        above = 0 if self.last is None else 1
        rows = strip if self.last is None else np.concatenate([self.last, strip])
        data = b"".join(d for kind, d in _png_chunks(image_of(rows), {"compress_level": 0}) if kind == b"IDAT")
        self.last = strip[-1:].copy()
        filtered = memoryview(zlib.decompress(data))[above * (1 + self.header.width * self.header.channels) :]
        self._chunk(b"IDAT", self.deflate.compress(filtered))

    def finish(self) -> None:
        """Write what is left, and the end."""
        self._chunk(b"IDAT", self.deflate.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, data: bytes) -> None:
        if data or kind != b"IDAT":
            self.file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))


class JpegStrips:
    """Strips encoded as JPEGs of their own with a restart marker after each row of blocks, joined by their markers.

    A restart forgets all that came before (ITU-T T.81, section F.1.1.5.1), so the scans can simply follow each other.
    """

    def __init__(self, file: BinaryIO, header: Header, name: str, options: dict[str, Any]) -> None:
        self.file, self.header, self.options = file, header, options
        self.rest: list[Bytes] = []
        self.begun = False

    def write(self, strip: Bytes) -> None:
        """Add rows, `(n, width, channels)` bytes."""
        rows = np.concatenate([*self.rest, strip]) if self.rest else strip
        whole = len(rows) // _JPEG_ROWS * _JPEG_ROWS
        for row in range(0, whole, _JPEG_ROWS):
            self._scan(rows[row : row + _JPEG_ROWS])
        self.rest = [rows[whole:].copy()] if whole < len(rows) else []

    def finish(self) -> None:
        """Write what is left, and the end."""
        if self.rest:
            self._scan(self.rest[0])
        self.file.write(b"\xff\xd9")

    def _scan(self, rows: Bytes) -> None:
        buffer = io.BytesIO()
        image_of(rows).save(buffer, "JPEG", restart_marker_rows=1, **self.options)
        data = buffer.getvalue()
        start = _scan_start(data)
        if not self.begun:
            frame = data.index(b"\xff\xc0", 2 + self._metadata(data))
            head = data[: frame + 5] + struct.pack(">H", self.header.height) + data[frame + 7 : start]
            self.file.write(head)
            # The rest need no metadata of their own.
            self.options = {k: v for k, v in self.options.items() if k not in ("exif", "icc_profile")}
        else:
            self.file.write(b"\xff\xd7")  # RST7, after each eighth row of blocks
        self.begun = True
        self.file.write(data[start:-2])

    def _metadata(self, data: bytes) -> int:
        """Bytes of the segments before the first table: an EXIF thumbnail may hold a frame header of its own."""
        place = 2
        while data[place] == 0xFF and (0xE0 <= data[place + 1] <= 0xEF or data[place + 1] == 0xFE):
            place += 2 + struct.unpack_from(">H", data, place + 2)[0]
        return place - 2


def _scan_start(data: bytes) -> int:
    place = 2
    while data[place + 1] != 0xDA:  # start of scan
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    return place + 2 + struct.unpack_from(">H", data, place + 2)[0]


def _png_chunks(image: Image.Image, options: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    data, place = buffer.getvalue(), len(_PNG_SIGNATURE)
    while place < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        yield kind, data[place + 8 : place + 8 + length]
        place += 12 + length


def image_of(strip: Bytes) -> Image.Image:
    """The PIL image of `(n, width, channels)` bytes."""
    return Image.fromarray(strip[..., 0] if strip.shape[2] == 1 else strip, MODES[strip.shape[2]])
