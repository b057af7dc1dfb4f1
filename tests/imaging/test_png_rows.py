"""PNG files whose data end before the last row."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srgan_edge.errors import UnreadableImageError
from srgan_edge.imaging import images

# Bits and colour type of what Pillow reads, interlaced or not.
KINDS = [(1, 0), (2, 3), (4, 3), (8, 0), (8, 2), (8, 4), (8, 6), (16, 0), (16, 2), (16, 6)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png(width: int, height: int, bits: int, colours: int, interlaced: int, left_out: int) -> bytes:
    """Of black pixels: `left_out` of its last rows are missing, the stream and the chunks are whole."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    def rows(columns: int, rows: int) -> int:
        return rows * (1 + -(-columns * bits * CHANNELS[colours] // 8)) if columns > 0 else 0

    # Adam7's seven pictures of 11x5 pixels, as they are counted by hand.
    passes = ((2, 1), (1, 1), (3, 1), (3, 2), (6, 1), (5, 3), (11, 2)) if interlaced else ((width, height),)
    data = zlib.compress(bytes(sum(rows(*size) for size in passes) - left_out * rows(width, 1)), 1)
    head = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, interlaced)
    size = len(data) if left_out else 7  # Pillow itself sees an end that is in a chunk of its own
    parts = b"".join(chunk(b"IDAT", data[at : at + size]) for at in range(0, len(data), size))
    palette = chunk(b"PLTE", bytes(3 * 2**bits)) if colours == 3 else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + palette + parts + chunk(b"IEND", b"")


@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize(("bits", "colours"), KINDS)
def test_missing_rows_are_refused(tmp_path: Path, bits: int, colours: int, interlaced: int) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(png(11, 5, bits, colours, interlaced, 0))
    assert not images.read(path).pixels[..., :1].any()
    path.write_bytes(png(11, 5, bits, colours, interlaced, 1))
    with pytest.raises(UnreadableImageError, match="its data end before its last row"):
        images.read(path)


def test_of_a_photo_the_first_rows_are_not_enlarged(tmp_path: Path) -> None:
    """A header that says 20 rows of a photo of 10: Pillow decodes 10 black ones."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((10, 30, 3), 200, np.uint8)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[20:24] = struct.pack(">I", 20)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    with Image.open(io.BytesIO(data)) as image:
        assert not np.asarray(image)[10:].any()
    path = tmp_path / "x.png"
    path.write_bytes(data)
    with pytest.raises(UnreadableImageError, match=r"x\.png: cannot be decoded: its data end"):
        images.read(path)


def test_a_stream_that_goes_on_is_not_read_to_its_end(tmp_path: Path) -> None:
    """What follows the last row is nobody's; a bomb is not inflated."""
    path = tmp_path / "x.png"
    path.write_bytes(png(11, 5, 8, 2, 0, -(2**15)))
    assert images.read(path).pixels.shape == (5, 11, 3)
