"""Photos in: what a decoder yields becomes bytes, upright, and what the file says beside is kept."""

from __future__ import annotations

import io
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from srgan_edge.errors import UnreadableImageError, UsageError
from srgan_edge.imaging import Bytes, canvas, colour, depth, header, metadata, png_rows, transparency
from srgan_edge.imaging.metadata import Metadata

READABLE = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic", ".heif"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)
# Nothing else is opened, whatever a file's name: among Pillow's formats is PostScript, which is a program.
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM")
MAX_PIXELS = 537_000_000
"""A photo of more is taken for an attack on memory: this many take 2 GB in Pillow. Phones make 200 megapixels."""
# What a picture of a WebP can have; the canvas of an animation may claim more, and takes minutes.
_WEBP_SIDE = 16383
# Pixels that are converted at a time.
_BAND = 2**20
# Pillow's own limit is of the process and below what phones take: it is lifted for a moment where it is met.
_pillows_limit = threading.Lock()
T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """A decoded photo."""

    pixels: Bytes
    """`(H, W, C)` bytes, upright, C as `Bytes` says. Wholly transparent pixels have the colours around them."""
    metadata: Metadata = field(default_factory=Metadata)
    """What the file said beside."""
    notes: tuple[str, ...] = ()
    """What a user should know was done to the file's content."""

    @property
    def rgb(self) -> Bytes:
        """`(H, W, 3)`, the planes of a grey photo being one and the same memory."""
        if self.grey:
            return np.broadcast_to(self.pixels[..., :1], (*self.pixels.shape[:2], 3))
        return self.pixels[..., :3]

    @property
    def alpha(self) -> Bytes | None:
        """`(H, W)`, 0 = transparent; None where the file has no transparency."""
        return None if self.pixels.shape[2] in (1, 3) else self.pixels[..., -1]

    @property
    def grey(self) -> bool:
        """The file had one channel, and it is written as one."""
        return self.pixels.shape[2] < 3

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.pixels.shape[0]


def read(photo: str | Path | bytes | BinaryIO, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a photo: a path, a file's bytes, or an open file.

    Raises:
        UnreadableImageError: the file is missing, not an image, damaged, or larger than `max_pixels`.
    """
    with _open(photo, max_pixels) as (image, file):
        return _picture(image, file, canvas.under(image))


def size(path: Path) -> tuple[int, int]:
    """Height and width of a photo once upright, from its header alone.

    Raises:
        UnreadableImageError: the file is missing or not an image.
    """
    with _open(path, MAX_PIXELS) as (image, _):
        height, width = image.height, image.width
        # Of a TIFF file Pillow says them so already.
        turned = image.format != "TIFF" and metadata.orientation(image, decode=False) >= 5
        return (width, height) if turned else (height, width)


@contextmanager
def _open(photo: str | Path | bytes | BinaryIO, max_pixels: int) -> Iterator[tuple[Image.Image, BinaryIO]]:
    """The file as a PIL image, and itself, whatever goes wrong inside the block raised as UnreadableImageError."""
    path = photo if isinstance(photo, str | Path) else getattr(photo, "name", type(photo).__name__)
    head = b""
    try:
        with _file(photo) as file:
            formats, head = _FORMATS, file.read(16)
            if header.is_heic(head):
                _register_heif(path)
                formats = ("HEIF",)
            file.seek(0)
            with _without_pillows_limit(lambda: Image.open(file, formats=formats)) as image:
                if image.width * image.height > max_pixels:
                    raise UnreadableImageError(
                        f"{path}: {image.width}x{image.height} are more than {max_pixels / 1e6:,.0f} megapixels, as in "
                        "files made to fill the memory; --max-megapixels takes it all the same"
                    )
                if image.format == "WEBP" and max(image.size) > _WEBP_SIDE:
                    raise UnreadableImageError(
                        f"{path}: cannot be decoded: {image.width}x{image.height} is a size that WebP does not have"
                    )
                yield image, file
    except (UnreadableImageError, UsageError):
        raise
    except FileNotFoundError as error:
        raise UnreadableImageError(f"{path}: no such file") from error
    except UnidentifiedImageError as error:
        if head[:4] in (b"II*\0", b"MM\0*"):
            raise UnreadableImageError(
                f"{path}: a TIFF file that is damaged, or of pixels that are not read, as floating-point colours are"
            ) from error
        raise UnreadableImageError(
            f"{path}: not a photo of a format that is read: JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC, PPM"
        ) from error
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        reason = (getattr(error, "strerror", None) or str(error).strip() or type(error).__name__).splitlines()[0]
        if not isinstance(
            error, (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError)
        ):
            reason = f"it is damaged ({reason})"
        what = "read" if isinstance(error, OSError) and error.errno else "decoded"
        raise UnreadableImageError(f"{path}: cannot be {what}: {reason.rstrip('.')}") from error


def _file(photo: str | Path | bytes | BinaryIO) -> AbstractContextManager[BinaryIO]:
    if isinstance(photo, bytes):
        return io.BytesIO(photo)
    if not isinstance(photo, str | Path):
        if not hasattr(photo, "read"):
            raise UsageError(f"a photo is a path, bytes or an open file, not {type(photo).__name__}")
        try:
            photo.seek(0)
        except (AttributeError, OSError):  # a pipe, or what comes over a network
            return io.BytesIO(photo.read())
        return nullcontext(photo)
    path = Path(photo)
    kind = path.stat().st_mode
    if stat.S_ISDIR(kind):
        raise UnreadableImageError(f"{path}: is a folder, not an image")
    if not stat.S_ISREG(kind):  # a pipe without a writer would be waited for
        raise UnreadableImageError(f"{path}: is a pipe or device, not a file")
    return path.open("rb")


def _without_pillows_limit(act: Callable[[], T]) -> T:
    try:
        return act()
    except Image.DecompressionBombError:
        with _pillows_limit:
            before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                return act()
            finally:
                Image.MAX_IMAGE_PIXELS = before


def from_pil(image: Image.Image) -> Picture:
    """A Picture of the first frame of a PIL image, orientation applied.

    Raises:
        UsageError: it has no pixels.
        ValueError: the values of its pixels cannot be told black from white, or its colours are not known or of a kind
            that 8 bits do not hold.
    """
    if 0 in image.size:
        raise UsageError(f"an image of {image.width}x{image.height} has no pixels")
    return _picture(image, None, None)


def _picture(image: Image.Image, file: BinaryIO | None, memory: canvas.Canvas | None) -> Picture:
    """As `from_pil`, of what it is in a file; what lies in `memory` is gone after."""
    notes: list[str] = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        notes.append(f"first of {frames} frames")
    coding = header.of(image, file)  # before it is loaded: the file is closed after
    if coding is None:
        notes.append("loaded before, and what its file says of depth and HDR cannot be read again: taken for 8-bit SDR")
    rules = colour.rules_of(image, coding or header.Coding(), notes)
    about = metadata.of(image, notes) if image.format == "TIFF" else None
    _without_pillows_limit(image.load)
    if file is not None and image.format == "PNG":
        png_rows.check(file, image)
    about = about or metadata.of(image, notes)
    convert, channels = _conversion(image, coding, rules, notes)
    turned = metadata.orientation(image)
    upright = (image.width, image.height) if turned >= 5 else (image.height, image.width)
    pixels = np.empty((*upright, channels), np.uint8)
    stored = _as_stored(pixels, turned)
    rows = max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        stored[top:bottom] = convert(image.crop((0, top, image.width, bottom)))
        if memory is not None:
            memory.give_back(image, bottom)
    if channels in (2, 4):
        transparency.bleed(pixels)
    return Picture(pixels, replace(about, icc=rules.profile), tuple(notes))


def _conversion(
    image: Image.Image, coding: header.Coding | None, rules: colour.Rules, notes: list[str]
) -> tuple[Callable[[Image.Image], Bytes], int]:
    """What makes `(n, w, channels)` bytes of a part of the image, and the number of channels."""
    if image.mode.startswith(("I", "F")):
        deep = depth.Grey(image)
        notes.append(deep.note)
        return lambda part: deep.bytes_of(np.asarray(part), rules.curve), deep.channels
    grey = image.mode in ("1", "L", "LA", "La")
    if coding is not None and coding.bits > 8:
        kind = image.mode if image.mode in colour.CONVERTED else "grey" if grey else "RGB"
        notes.append(depth.reduced(coding.bits, kind, rules.table))
    if image.mode in colour.CONVERTED:
        notes.append(f"{image.mode} converted to RGB")
        return lambda part: np.asarray(rules.converted(part)), 3
    mode = ("LA" if grey else "RGBA") if image.has_transparency_data else ("L" if grey else "RGB")
    key = _transparent(image, coding)

    def convert(part: Image.Image) -> Bytes:
        if key is not None:
            part.info["transparency"] = key
        values = np.asarray(part if part.mode == mode else part.convert(mode))
        values = values[..., None] if values.ndim == 2 else values
        if rules.table is None:
            return values
        values = values.copy()
        colours = values[..., : 1 if grey else 3]
        colours[...] = rules.table[colours]
        return values

    return convert, len(mode)


def _transparent(image: Image.Image, coding: header.Coding | None) -> Any:
    """Pillow brings the pixels of a PNG to 8 bits, but not the colour that its tRNS chunk calls transparent."""
    key = image.info.get("transparency")
    if image.format != "PNG":
        return key
    if image.mode == "RGB" and isinstance(key, tuple):
        bits = coding.bits if coding is not None else 16 if max(key) > 255 else 8
        return tuple(value >> bits - 8 for value in key)
    if image.mode == "L" and isinstance(key, int) and coding is not None:
        return key * 255 // (2**coding.bits - 1)
    return key


def _as_stored(pixels: Bytes, orientation: int) -> Bytes:
    """The view of upright pixels that has the rows and columns of the file (EXIF 2.32, orientation)."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 6, 7):
        pixels = pixels[::-1]
    if orientation in (2, 3, 7, 8):
        pixels = pixels[:, ::-1]
    return pixels


def to_pil(picture: Picture) -> Image.Image:
    """The PIL image (L, LA, RGB or RGBA) of a Picture, its metadata in `info` under Pillow's names."""
    image = image_of(picture.pixels)
    image.info |= metadata.info(picture.metadata, picture.width, picture.height)
    return image


# Pillow's names by the number of channels.
MODES = ("", "L", "LA", "RGB", "RGBA")


def image_of(pixels: Bytes) -> Image.Image:
    """The PIL image of `(h, w, channels)` bytes."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels, MODES[pixels.shape[2]])


def _register_heif(path: object) -> None:
    try:
        import pillow_heif  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UnreadableImageError(f"{path}: HEIC photos need a decoder: pip install pillow-heif") from error
    pillow_heif.register_heif_opener()
