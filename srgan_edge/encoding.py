"""Photos out: encoded strip by strip where the format allows, so that a large result never is in memory at once."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srgan_edge.atomic import atomic_path
from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.images import Picture

Bytes = NDArray[np.uint8]

# Suffix -> the format as Pillow names it, the most pixels a side can have, whether it holds transparency.
_FORMATS = {
    ".jpg": ("JPEG", 65500, False),
    ".jpeg": ("JPEG", 65500, False),
    ".png": ("PNG", 2**31 - 1, True),
    ".webp": ("WEBP", 16383, True),
    ".tif": ("TIFF", 2**31 - 1, True),
    ".tiff": ("TIFF", 2**31 - 1, True),
    ".bmp": ("BMP", 2**31 - 1, False),
    ".avif": ("AVIF", 65536, True),
}
WRITABLE = tuple(_FORMATS)
_MODES = ("", "L", "LA", "RGB", "RGBA")

_SIZE_TAGS = {0x0100: "width", 0x0101: "height"}
_SIZE_TAGS_EXIF = {0xA002: "width", 0xA003: "height"}
_EXIF_IFD = 0x8769

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# 3 times faster than Pillow's default of 6 for 2 % more bytes.
_PNG_LEVEL = 4
# Rows that hold 8 MCU rows of either subsampling: restart markers are numbered modulo 8.
_JPEG_ROWS = 128

Write = Callable[[Bytes], None]


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


def format_suffix(name: str) -> str:
    """The suffix of a format's name, `jpg` or `.JPG`.

    Raises:
        UnknownNameError: it cannot be written.
    """
    suffix = f".{name.lower().removeprefix('.')}"
    if suffix not in _FORMATS:
        raise UnknownNameError("format", name, (s[1:] for s in _FORMATS))
    return suffix


def check(path: Path, width: int, height: int) -> None:
    """Refuse what cannot be written before anything is computed.

    Raises:
        UsageError: the suffix is of no format that can be written.
        SrganEdgeError: the format does not hold so many pixels.
    """
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(f"{path}: cannot write {suffix or 'a file without suffix'}; use one of {' '.join(WRITABLE)}")
    name, most, _ = _FORMATS[suffix]
    if max(width, height) > most:
        raise SrganEdgeError(
            f"{path}: cannot be written: {name} holds at most {most} pixels a side, not {width}x{height}; "
            "PNG and TIFF hold more"
        )


def lost(path: Path, header: Header) -> tuple[str, ...]:
    """What a user should know that the file's format does not hold."""
    suffix = path.suffix.lower()
    return (f"transparency laid over white for {suffix}",) if header.alpha and not _FORMATS[suffix][2] else ()


@contextmanager
def encoder(path: Path, header: Header, quality: int = 95) -> Iterator[Write]:
    """Write an image from top to bottom: the block calls what it is given with strips `(n, width, channels)`.

    The file appears when the block has succeeded. `quality` is that of JPEG, WebP and AVIF, 1 to 100.

    Raises:
        UsageError: the suffix is of no format that can be written.
        SrganEdgeError: the file cannot be written.
    """
    check(path, header.width, header.height)
    name = _FORMATS[path.suffix.lower()][0]
    flat = replace(header, alpha=False) if lost(path, header) else header
    options = _options(name, flat, quality)
    start = {"PNG": _PngStrips, "JPEG": _JpegStrips}.get(name, _Whole)
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            strips = start(file, flat, name, options)
            yield (lambda strip: strips.write(_over_white(strip))) if flat is not header else strips.write
            strips.finish()
    except (OSError, ValueError, struct.error, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise SrganEdgeError(f"{path}: cannot be written: {reason}") from error


def write(picture: Picture, path: Path, quality: int = 95) -> Picture:
    """Encode a whole photo, in the format of the path's suffix, complete or not at all.

    Returns:
        The picture with notes of what the format could not hold.

    Raises:
        UsageError: the suffix is of no format that can be written.
        SrganEdgeError: the file cannot be written.
    """
    header = header_of(picture, picture.width, picture.height)
    with encoder(path, header, quality) as put:
        put(pixels(picture.rgb, picture.alpha, picture.grey))
    return replace(picture, notes=(*picture.notes, *lost(path, header)))


def header_of(picture: Picture, width: int, height: int) -> Header:
    """The header of a picture's result of another size."""
    return Header(width, height, picture.grey, picture.alpha is not None, picture.icc, picture.exif)


def pixels(rgb: Bytes, alpha: Bytes | None, grey: bool) -> Bytes:
    """Strips of `(n, w, 3)` and `(n, w)` bytes as one of `(n, w, channels)`."""
    colours = np.asarray(Image.fromarray(rgb).convert("L"))[..., None] if grey else rgb
    return colours if alpha is None else np.concatenate([colours, alpha[..., None]], axis=2)


class _Whole:
    """A format that Pillow must have all of."""

    def __init__(self, file: BinaryIO, header: Header, name: str, options: dict[str, Any]) -> None:
        self.file, self.name, self.options = file, name, options
        self.canvas = Image.new(_MODES[header.channels], (header.width, header.height))
        self.row = 0

    def write(self, strip: Bytes) -> None:
        self.canvas.paste(_image(strip), (0, self.row))
        self.row += len(strip)

    def finish(self) -> None:
        # Not to the file itself: where a disk is full, libtiff prints errors of its own.
        buffer = io.BytesIO()
        self.canvas.save(buffer, self.name, **self.options)
        self.file.write(buffer.getbuffer())


class _PngStrips:
    """Pillow writes the header and filters each strip's rows; the strips share one zlib stream."""

    def __init__(self, file: BinaryIO, header: Header, name: str, options: dict[str, Any]) -> None:
        self.file, self.header = file, header
        self.deflate = zlib.compressobj(_PNG_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
        self.last: Bytes | None = None
        sample = Image.new(_MODES[header.channels], (header.width, 1))
        file.write(_PNG_SIGNATURE)
        for kind, data in _png_chunks(sample, options):
            if kind == b"IHDR":
                data = data[:4] + struct.pack(">I", header.height) + data[8:]
            if kind not in (b"IDAT", b"IEND"):
                self._chunk(kind, data)

    def write(self, strip: Bytes) -> None:
        # A row is filtered by the one above it, which goes along from the strip before; its own bytes are dropped.
        above = 0 if self.last is None else 1
        rows = strip if self.last is None else np.concatenate([self.last, strip])
        data = b"".join(d for kind, d in _png_chunks(_image(rows), {"compress_level": 0}) if kind == b"IDAT")
        self.last = strip[-1:].copy()
        filtered = memoryview(zlib.decompress(data))[above * (1 + self.header.width * self.header.channels) :]
        self._chunk(b"IDAT", self.deflate.compress(filtered))

    def finish(self) -> None:
        self._chunk(b"IDAT", self.deflate.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, data: bytes) -> None:
        if data or kind != b"IDAT":
            self.file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))


class _JpegStrips:
    """Strips encoded as JPEGs of their own with a restart marker after each row of blocks, joined by their markers.

    A restart forgets all that came before (ITU-T T.81, section F.1.1.5.1), so the scans can simply follow each other.
    """

    def __init__(self, file: BinaryIO, header: Header, name: str, options: dict[str, Any]) -> None:
        self.file, self.header, self.options = file, header, options
        self.rest: list[Bytes] = []
        self.begun = False

    def write(self, strip: Bytes) -> None:
        rows = np.concatenate([*self.rest, strip]) if self.rest else strip
        whole = len(rows) // _JPEG_ROWS * _JPEG_ROWS
        for row in range(0, whole, _JPEG_ROWS):
            self._scan(rows[row : row + _JPEG_ROWS])
        self.rest = [rows[whole:].copy()] if whole < len(rows) else []

    def finish(self) -> None:
        if self.rest:
            self._scan(self.rest[0])
        self.file.write(b"\xff\xd9")

    def _scan(self, rows: Bytes) -> None:
        buffer = io.BytesIO()
        _image(rows).save(buffer, "JPEG", restart_marker_rows=1, **self.options)
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


def _image(strip: Bytes) -> Image.Image:
    return Image.fromarray(strip[..., 0] if strip.shape[2] == 1 else strip, _MODES[strip.shape[2]])


def _over_white(strip: Bytes) -> Bytes:
    alpha = strip[..., -1:].astype(np.float32) / 255
    return np.round(strip[..., :-1] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def _options(name: str, header: Header, quality: int) -> dict[str, Any]:
    options: dict[str, Any] = {"icc_profile": header.icc} if header.icc else {}
    if exif := _sized_exif(header):
        options["exif"] = exif
    if name == "JPEG":
        options |= {"quality": quality, "subsampling": 0 if quality >= 90 else 2}
    elif name in ("WEBP", "AVIF"):
        options["quality"] = quality
    elif name == "TIFF":
        options["compression"] = "tiff_adobe_deflate"
    return options


def _sized_exif(header: Header) -> bytes | None:
    if header.exif is None:
        return None
    exif = Image.Exif()
    exif.load(header.exif)
    for tags, directory in ((_SIZE_TAGS, exif), (_SIZE_TAGS_EXIF, exif.get_ifd(_EXIF_IFD))):
        for tag, side in tags.items():
            if tag in directory:
                directory[tag] = getattr(header, side)
    return exif.tobytes()
