"""The low resolutions that people really have, made from clean photos: one set for each kind of fault.

The bytes are the same every time: noise is drawn from the names of the kind and the photo. They are the benchmark's
own, whatever training's degradations become.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.files.atomic import atomic_path
from srgan_edge.imaging import Bytes, folders, images, resample

GRID = 16
"""JPEG codes blocks of 16 pixels where it halves the colours' resolution: the middle is cut out on this grid."""


class Sets(NamedTuple):
    """Photos and what was made of them, by kind and by the photo's name without suffix."""

    truths: dict[str, Bytes]
    """`(s h, s w, 3)`"""
    lows: dict[str, dict[str, Bytes]]
    """`(h, w, 3)`; those of REAL have no truth."""

    def truth(self, kind: str, photo: str) -> Bytes | None:
        """What a result should be; None for a picture that came with its faults."""
        return self.truths[photo] if kind in KINDS else None


def jpeg(image: Bytes, quality: int) -> Bytes:
    """Coded and decoded, colours at half the resolution (4:2:0), as cameras and web sites do."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(file).convert("RGB"))


def blurred(image: Bytes, sigma: float) -> Bytes:
    """Gaussian blur out to 3 sigma, edges continued."""
    taps = np.arange(-int(3 * sigma + 0.5), int(3 * sigma + 0.5) + 1)
    kernel = np.exp(-(taps**2) / (2 * sigma**2))
    result = image.astype(np.float32)
    for axis in (0, 1):
        reach = [(0, 0)] * 3
        reach[axis] = (len(taps) // 2, len(taps) // 2)
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(result, reach, "edge"), len(taps), axis=axis)
        result = windows @ (kernel / kernel.sum()).astype(np.float32)
    return np.clip(result + 0.5, 0, 255).astype(np.uint8)


def noisy(image: Bytes, sigma: float, draw: np.random.Generator, shot: bool = False) -> Bytes:
    """Gaussian noise, each channel its own; as shot noise its variance grows with the light, `sigma` at middle grey."""
    spread = sigma * np.sqrt(image / 128) if shot else np.full(image.shape, sigma)
    return np.clip(image + spread * draw.standard_normal(image.shape) + 0.5, 0, 255).astype(np.uint8)


def sharpened(image: Bytes) -> Bytes:
    """Unsharp mask of radius 1, in full, as phones do."""
    return np.asarray(Image.fromarray(image).filter(ImageFilter.UnsharpMask(radius=1, percent=100, threshold=0)))


def camera(photo: Bytes, scale: int, draw: np.random.Generator) -> Bytes:
    """Out of focus by a sigma of 1.2 of the photo's pixels, noise of 5 levels, JPEG 80."""
    return jpeg(noisy(resample.downscale(blurred(photo, 1.2), scale), 5, draw), 80)


KINDS: dict[str, Callable[[Bytes, Bytes, int, np.random.Generator], Bytes]] = {
    "bicubic": lambda small, photo, scale, draw: small,
    "jpeg75": lambda small, photo, scale, draw: jpeg(small, 75),
    "jpeg50": lambda small, photo, scale, draw: jpeg(small, 50),
    "camera": lambda small, photo, scale, draw: camera(photo, scale, draw),
    "noise": lambda small, photo, scale, draw: noisy(small, 10, draw, shot=True),
    "phone": lambda small, photo, scale, draw: jpeg(sharpened(small), 85),
}
"""By name, of a clean photo shrunk by bicubic, the photo itself, the scale and what to draw with: a low resolution."""
CLEAN = "bicubic"
REAL = "real"


def degrade(photo: Bytes, name: str, scale: int) -> dict[str, Bytes]:
    """Every kind's low resolution of a whole photo."""
    small = resample.downscale(photo, scale)
    return {
        kind: make(small, photo, scale, np.random.default_rng(zlib.crc32(f"{kind}/{name}".encode())))
        for kind, make in KINDS.items()
    }


def middle(length: int, crop: int) -> slice:
    """A stretch of `crop` in the middle, all of it where there is less, beginning on JPEG's grid."""
    start = max(0, length - crop) // 2 // GRID * GRID
    return slice(start, start + crop)


def make_sets(photos: Path, folder: Path, scale: int, crop: int) -> Sets:
    """The sets of a folder of clean photos, also written as `folder/KIND/hr/NAME.png` and `folder/KIND/lr_xS/NAME.png`.

    A whole photo is degraded, then its middle of `crop` x `crop` pixels cut out (0: all of it). What is written can
    be a recipe's `data.valid` and the folder that `peers.py` takes.

    Raises:
        UsageError: no photo in the folder, or two of one name.
        SrganEdgeError: a photo cannot be read, or is too small to be measured.
    """
    sets = Sets({}, {kind: {} for kind in KINDS})
    for path in _photos(photos):
        photo = images.read(path).rgb
        height, width = (side // scale for side in photo.shape[:2])
        if min(height, width) * scale < 32:
            raise SrganEdgeError(f"{path}: {photo.shape[1]}x{photo.shape[0]} pixels are too few to measure")
        rows, columns = (middle(side, crop // scale or side) for side in (height, width))
        high = photo[: height * scale, : width * scale].reshape(height, scale, width, scale, 3)[rows, :, columns]
        sets.truths[path.stem] = high.reshape(high.shape[0] * scale, -1, 3)
        for kind, low in degrade(photo, path.stem, scale).items():
            sets.lows[kind][path.stem] = low[rows, columns]
    for kind, lows in sets.lows.items():
        for name, low in lows.items():
            save(sets.truths[name], folder / kind / "hr" / f"{name}.png")
            save(low, folder / kind / f"lr_x{scale}" / f"{name}.png")
    return sets


def real_set(folder: Path) -> dict[str, Bytes]:
    """Pictures with faults of their own and without a truth, as they are.

    Raises:
        UsageError: no picture in the folder, or two of one name.
        SrganEdgeError: a picture cannot be read.
    """
    return {path.stem: images.read(path).rgb for path in _photos(folder)}


def save(picture: Bytes, path: Path) -> None:
    """Write a PNG quickly, complete or not at all."""
    with atomic_path(path) as temporary:
        Image.fromarray(picture).save(temporary, compress_level=1)


def _photos(folder: Path) -> list[Path]:
    found = folders.find(folder)
    if not found:
        raise UsageError(f"{folder}: no image in this folder")
    seen: dict[str, Path] = {}
    for path in found:
        if path.stem in seen:
            raise UsageError(f"{path} and {seen[path.stem].name} have one name: results could not be told apart")
        seen[path.stem] = path
    return found
