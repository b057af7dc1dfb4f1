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
from PIL import Image

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.files.atomic import atomic_path
from srgan_edge.imaging import Bytes, metadata
from srgan_edge.imaging.images import MODES, Picture, image_of
from srgan_edge.imaging.strip_encoders import Header, JpegStrips, PngStrips, TiffStrips

# Suffix -> the format as Pillow names it, the most pixels a side can have, whether it holds transparency.
_FORMATS = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), ("JPEG", 65500, False)),
    ".png": ("PNG", 2**31 - 1, True),
    ".webp": ("WEBP", 16383, True),
    **dict.fromkeys((".tif", ".tiff"), ("TIFF", 2**31 - 1, True)),
    ".bmp": ("BMP", 2**31 - 1, False),
    ".avif": ("AVIF", 65536, True),
}
WRITABLE = tuple(_FORMATS)
# Bytes that are encoded at a time.
_PART = 2**23

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


def not_held(path: Path, header: Header) -> tuple[str, ...]:
    """What a user should know that the file's format does not hold."""
    suffix = path.suffix.lower()
    name, _, transparent = _FORMATS[suffix]
    notes = metadata.options(header.metadata, name, header.width, header.height)[1]
    return (f"transparency laid over white for {suffix}", *notes) if header.alpha and not transparent else (*notes,)


@contextmanager
def encoder(path: Path, header: Header, quality: int = 95, overwrite: bool = True) -> Iterator[Write]:
    """Write an image from top to bottom: the block calls what it is given with strips `(n, width, channels)`.

    The file appears when the block has succeeded. PNG, JPEG and TIFF are written as the strips come; WebP, AVIF and
    BMP keep the whole image, 4 bytes a pixel. `quality` is that of JPEG, WebP and AVIF, 1 to 100.

    Raises:
        ResultExistsError: without `overwrite`, the file is there when all is written.
        UsageError: the suffix is of no format that can be written.
        SrganEdgeError: the file cannot be written.
    """
    check(path, header.width, header.height)
    name, _, transparent = _FORMATS[path.suffix.lower()]
    flat = header if transparent or not header.alpha else replace(header, channels=header.channels - 1)
    options = metadata.options(header.metadata, name, header.width, header.height)[0] | _options(name, quality)
    start = {"PNG": PngStrips, "JPEG": JpegStrips, "TIFF": TiffStrips}.get(name, _Whole)
    rows = max(1, _PART // (header.width * header.channels))
    try:
        with atomic_path(path, overwrite) as temporary, temporary.open("wb") as file:
            strips = start(file, flat, name, options)

            def write(strip: Bytes) -> None:
                for row in range(0, len(strip), rows):
                    part = strip[row : row + rows]
                    strips.write(part if flat is header else _over_white(part))

            yield write
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
        put(picture.pixels)
    return replace(picture, notes=(*picture.notes, *not_held(path, header)))


def header_of(picture: Picture, width: int, height: int) -> Header:
    """The header of a picture's result of another size."""
    return Header(width, height, picture.pixels.shape[2], picture.metadata)


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
        buffer = io.BytesIO()
        self.canvas.save(buffer, self.name, **self.options)
        self.file.write(buffer.getbuffer())


def _over_white(strip: Bytes) -> Bytes:
    alpha = strip[..., -1:].astype(np.float32) / 255
    return np.round(strip[..., :-1] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def _options(name: str, quality: int) -> dict[str, Any]:
    if name == "JPEG":
        return {"quality": quality, "subsampling": 0 if quality >= 90 else 2}
    return {"quality": quality} if name in ("WEBP", "AVIF") else {}
