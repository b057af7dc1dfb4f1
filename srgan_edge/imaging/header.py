"""What a photo's file says of its numbers and Pillow does not: bits a channel, and code points of their colours."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from srgan_edge.imaging.png_chunks import SIGNATURE, chunks

_BITS = 258  # TIFF 6.0
# H.273: as not said, and what is then meant (ISO/IEC 23000-22, 7.3.6.4).
_UNSPECIFIED, _PRIMARIES, _TRANSFER = 2, 1, 13


@dataclass(frozen=True)
class Coding:
    """How the numbers of a file's pixels are coded."""

    bits: int = 8
    """A channel's, the most of all."""
    code_points: tuple[int, int, int, int] | None = None
    """Primaries, transfer, matrix that is still to be undone, and whether the range is full, by ITU-T H.273."""


def is_heic(head: bytes) -> bool:
    """Whether a file is HEIC, by its first 12 bytes, the brand of its box `ftyp` (ISO/IEC 23008-12, annex B)."""
    return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


def of(image: Image.Image, file: BinaryIO | None) -> Coding | None:
    """By the header of an image's file; None if it can no longer be read, as of a PIL image that was loaded from bytes.

    Args:
        image: as Pillow has opened it.
        file: what it was opened from; without, what the image knows of that.

    Raises:
        ValueError: it is damaged.
    """
    reader = _READERS.get(image.format or "")
    if reader is None:
        bits = getattr(image, "tag_v2", {}).get(_BITS, 8)
        return Coding(max(8, *bits) if isinstance(bits, tuple) else bits)
    try:
        file = file or getattr(image, "fp", None)
        if file is not None:
            place = file.tell()
            try:
                file.seek(0)
                return reader(file)
            finally:
                file.seek(place)
        path = Path(getattr(image, "filename", ""))
        if path.is_file():
            with path.open("rb") as again:
                return reader(again)
    except OSError:
        return None
    except (struct.error, IndexError) as error:
        raise ValueError("its header is damaged") from error
    return None


def _of_png(file: BinaryIO) -> Coding | None:
    if file.read(8) != SIGNATURE:
        return None
    bits, points = 8, None
    for kind, length in chunks(file):
        if kind == b"IDAT":
            break
        if kind == b"IHDR":
            bits = file.read(length)[8]
        elif kind == b"cICP" and length == 4:
            points = struct.unpack("4B", file.read(length))
    return Coding(bits, points)


def _of_ppm(file: BinaryIO) -> Coding | None:
    words = re.sub(rb"#[^\r\n]*", b"", file.read(4096)).split(maxsplit=4)
    if len(words) < 4 or words[0] not in (b"P3", b"P6"):
        return Coding()  # of others Pillow gives all bits
    return Coding(max(8, int(words[3]).bit_length()))


def _of_heif(file: BinaryIO) -> Coding | None:
    """Of the primary item of HEIC and AVIF (ISO/IEC 23008-12), whose decoders undo matrix and range."""
    if file.read(8)[4:] != b"ftyp":
        return None
    file.seek(0)
    meta = dict(_boxes(next((body for kind, body in _boxes(file) if kind == b"meta"), b"")[4:]))
    if b"pitm" not in meta or b"iprp" not in meta:
        return Coding()
    (item,) = struct.unpack_from(">I" if meta[b"pitm"][0] else ">H", meta[b"pitm"], 4)
    bits, points, properties = 8, None, list(_boxes(meta[b"iprp"]))
    held = [box for kind, body in properties if kind == b"ipco" for box in _boxes(body)]
    places = [place for kind, body in properties if kind == b"ipma" for place in _associated(body, item)]
    for kind, body in (held[place - 1] for place in places if place):
        if kind == b"pixi":
            bits = max(bits, *body[5:])
        elif kind == b"colr" and body[:4] == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", body, 4)
            primaries = _PRIMARIES if primaries == _UNSPECIFIED else primaries
            points = (primaries, _TRANSFER if transfer == _UNSPECIFIED else transfer, 0, 1)
    return Coding(bits, points)


def _boxes(within: BinaryIO | bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of boxes that follow each other (ISO/IEC 14496-12, 4.2)."""
    file = io.BytesIO(within) if isinstance(within, bytes) else within
    while len(head := file.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        if size == 1:
            size = struct.unpack(">Q", file.read(8))[0] - 8
        if 0 < size < 8:
            raise ValueError("its header is damaged")
        yield kind, file.read(size - 8 if size else -1)


def _associated(ipma: bytes, item: int) -> list[int]:
    """The places, from 1, of an item's properties (ISO/IEC 23008-12, 9.3.1)."""
    numbers, wide, start = (">IB" if ipma[0] else ">HB"), ipma[3] & 1, 8
    for _ in range(*struct.unpack_from(">I", ipma, 4)):
        number, count = struct.unpack_from(numbers, ipma, start)
        start += struct.calcsize(numbers)
        places = struct.unpack_from(f">{count}{'H' if wide else 'B'}", ipma, start)
        start += count << wide
        if number == item:
            return [place & (0x7FFF if wide else 0x7F) for place in places]
    return []


_READERS = {"PNG": _of_png, "AVIF": _of_heif, "HEIF": _of_heif, "PPM": _of_ppm}
