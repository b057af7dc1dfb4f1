"""Photos out: encoded strip by strip where the format allows, so that a large result never is in memory at once."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srgan_edge.atomic import atomic_path
from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.imaging.images import Picture
from srgan_edge.imaging.strip_encoders import MODES, Header, JpegStrips, PngStrips, image_of

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

_SIZE_TAGS = {0x0100: "width", 0x0101: "height"}
_SIZE_TAGS_EXIF = {0xA002: "width", 0xA003: "height"}
_EXIF_IFD = 0x8769

Write = Callable[[Bytes], None]


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
    start = {"PNG": PngStrips, "JPEG": JpegStrips}.get(name, _Whole)
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
        self.canvas = Image.new(MODES[header.channels], (header.width, header.height))
        self.row = 0

    def write(self, strip: Bytes) -> None:
        self.canvas.paste(image_of(strip), (0, self.row))
        self.row += len(strip)

    def finish(self) -> None:
        # Not to the file itself: where a disk is full, libtiff prints errors of its own.
        buffer = io.BytesIO()
        self.canvas.save(buffer, self.name, **self.options)
        self.file.write(buffer.getbuffer())


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
