"""Photos in: what a decoder yields becomes RGB bytes, and what the file says beside is kept."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from srgan_edge.errors import UnreadableImageError

Bytes = NDArray[np.uint8]

READABLE = (
    ".jpg",
    ".jpeg",
    ".png",
    ".webp",
    ".tif",
    ".tiff",
    ".bmp",
    ".gif",
    ".avif",
    ".heic",
    ".heif",
    ".ppm",
    ".pgm",
)
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Picture:
    """A decoded photo."""

    rgb: Bytes
    """`(H, W, 3)` bytes, upright."""
    alpha: Bytes | None = None
    """`(H, W)` bytes, 0 = transparent; None where the file has no transparency."""
    grey: bool = False
    """The file had one channel; the three planes of `rgb` are equal, and it is written as one."""
    icc: bytes | None = None
    """The colour profile that the bytes are in."""
    exif: bytes | None = None
    """EXIF without the orientation tag, which is applied to the pixels."""
    notes: tuple[str, ...] = ()
    """What a user should know was done to the file's content."""

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.rgb.shape[1]

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.rgb.shape[0]


def read(path: Path) -> Picture:
    """Decode a photo.

    Raises:
        UnreadableImageError: the file is missing, not an image, damaged or too large to be safe.
    """
    with _open(path) as image:
        return from_pil(image)


def size(path: Path) -> tuple[int, int]:
    """Height and width of a photo once upright, from its header alone.

    Raises:
        UnreadableImageError: the file is missing or not an image.
    """
    with _open(path) as image:
        height, width = image.height, image.width
        return (width, height) if image.getexif().get(_ORIENTATION, 1) >= 5 else (height, width)


@contextmanager
def _open(path: Path) -> Iterator[Image.Image]:
    """The file as a PIL image, whatever goes wrong inside the block raised as UnreadableImageError."""
    if path.suffix.lower() in (".heic", ".heif"):
        _register_heif(path)
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError as error:
        raise UnreadableImageError(f"{path}: no such file") from error
    except IsADirectoryError as error:
        raise UnreadableImageError(f"{path}: is a folder, not an image") from error
    except UnidentifiedImageError as error:
        raise UnreadableImageError(f"{path}: not an image that Pillow can read") from error
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, MemoryError) as error:
        reason = (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
        raise UnreadableImageError(f"{path}: cannot be decoded: {reason}") from error


def from_pil(image: Image.Image) -> Picture:
    """A Picture of the first frame of a PIL image, orientation applied."""
    notes: list[str] = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        notes.append(f"first of {frames} frames")
    icc: bytes | None = image.info.get("icc_profile")
    if image.getexif().get(_ORIENTATION, 1) != 1:  # else it would be copied all the same
        image = ImageOps.exif_transpose(image)
    exif = image.getexif()
    exif.pop(_ORIENTATION, None)
    grey = image.mode in ("1", "L", "LA", "La") or image.mode.startswith(("I", "F"))
    if image.mode.startswith(("I", "F")):
        image = _sixteen_bit_grey(image)
        notes.append("16-bit grey reduced to 8 bits")
    elif image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        notes.append(f"{image.mode} converted to RGB")
        image, icc = _to_rgb(image, icc), None
    alpha = None
    if image.has_transparency_data:
        image = image.convert("LA" if grey else "RGBA")
        alpha = np.asarray(image.getchannel("A"))
    rgb = np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    return Picture(rgb, alpha, grey, icc, exif.tobytes() if len(exif) else None, tuple(notes))


def to_pil(picture: Picture) -> Image.Image:
    """The PIL image (L, LA, RGB or RGBA) of a Picture."""
    image = Image.fromarray(picture.rgb)
    if picture.grey:
        image = image.convert("L")
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    return image


def find(folder: Path, recursive: bool = False, suffixes: Iterable[str] = READABLE) -> list[Path]:
    """The image files of a folder by suffix, sorted, hidden ones left out."""
    wanted = tuple(suffixes)
    paths = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(p for p in paths if p.suffix.lower() in wanted and not p.name.startswith(".") and p.is_file())


def bled(rgb: Bytes, alpha: Bytes) -> Bytes:
    """`(H, W, 3)` bytes whose wholly transparent pixels have the colours of the visible ones around them.

    What a file holds there is mostly black, which enlarging would draw into the edge as a dark fringe.
    """
    visible = alpha > 0
    if visible.all() or not visible.any():
        return rgb
    # Means of 2x2 pixels, of those in turn, and so on; then each hole takes the finest mean that there is.
    levels = [(rgb * visible[..., None].astype(np.float32), visible.astype(np.float32))]
    while max(levels[-1][1].shape) > 1:
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    filled = levels[-1][0] / levels[-1][1][..., None]
    for colours, weight in reversed(levels[:-1]):
        coarse = filled.repeat(2, axis=0).repeat(2, axis=1)[: weight.shape[0], : weight.shape[1]]
        filled = np.where(weight[..., None] > 0, colours / np.maximum(weight, 1e-9)[..., None], coarse)
    return np.where(visible[..., None], rgb, np.round(filled).astype(np.uint8))


def _halved(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums of 2x2 positions."""
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), *((0, 0) for _ in values.shape[2:])))
    return even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]


def _register_heif(path: Path) -> None:
    try:
        import pillow_heif  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UnreadableImageError(f"{path}: HEIC photos need a decoder: pip install pillow-heif") from error
    pillow_heif.register_heif_opener()


def _sixteen_bit_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("a pixel is not a finite number")
    peak = 65535 if values.max(initial=0) > 255 or image.mode.startswith("I") else 255
    return Image.fromarray(np.clip(np.round(values * (255 / peak)), 0, 255).astype(np.uint8))


def _to_rgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    if image.mode == "CMYK" and icc:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except ImageCms.PyCMSError:
            return image.convert("RGB")  # a broken profile: the plain formula is what viewers use too
        if converted is not None:
            return converted
    return image.convert("RGB")
