"""Photos to batches of (LR, HR) crops, decided by seed and step alone, so that a resumed run sees the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from srgan_edge import images
from srgan_edge.errors import UnreadableImageError, UsageError
from srgan_edge.resample import downscale

Bytes = NDArray[np.uint8]

# The colour photographs among the pictures that scikit-image's wheel carries; the last two validate.
SAMPLE_PHOTOS = (
    "astronaut.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
    "chelsea.png",
    "coffee.png",
)


class Pair(NamedTuple):
    """A photo and its degradation."""

    name: str
    lr: Bytes
    """`(h, w, 3)`"""
    hr: Bytes
    """`(s h, s w, 3)`"""


class Photos(NamedTuple):
    """What a data source holds."""

    train: list[Path]
    valid: list[Path]
    description: str
    """One sentence for the log."""


def sample_photos() -> list[Path]:
    """The photos that scikit-image ships, on disk."""
    import skimage

    return [Path(skimage.__file__).parent / "data" / name for name in SAMPLE_PHOTOS]


def photos(source: str, valid: str) -> Photos:
    """The files of a recipe's `data.source` and `data.valid`.

    Without a `valid` folder, one photo in ten of the source is held out (at least 1, at most 8).

    Raises:
        UsageError: a folder is missing or holds no image.
    """
    if source == "sample":
        files, what = sample_photos(), "the sample photos of scikit-image"
    else:
        files, what = _folder(source), source
    if valid:
        held_out = _folder(valid)
        return Photos(files, held_out, f"{len(files)} photos from {what}, {len(held_out)} to validate from {valid}")
    if len(files) < 2:
        raise UsageError(f"{source}: one photo is too few to hold one out; name a folder to validate on (data.valid)")
    count = 2 if source == "sample" else min(8, max(1, len(files) // 10))
    held_out = files[-count:] if source == "sample" else files[:: len(files) // count][:count]
    return Photos(
        [f for f in files if f not in held_out],
        held_out,
        f"{len(files) - count} photos from {what}, {count} more held out to validate",
    )


def load_pairs(files: list[Path], scale: int, smallest: int, warn: Callable[[str], None]) -> list[Pair]:
    """Decode and degrade photos in parallel; those unreadable or with an LR side under `smallest` are named to `warn`.

    Raises:
        UsageError: no photo is left.
    """

    def load(path: Path) -> Pair | str:
        try:
            hr = images.read(path).rgb
        except UnreadableImageError as error:
            return f"skipped: {error}"
        lr = downscale(hr, scale)
        if min(lr.shape[:2]) < smallest:
            size = f"{hr.shape[1]}x{hr.shape[0]}"
            return f"skipped: {path}: {size} is too small for crops of {smallest * scale} pixels"
        return Pair(path.stem, lr, hr[: lr.shape[0] * scale, : lr.shape[1] * scale])

    pairs: list[Pair] = []
    with ThreadPoolExecutor() as pool:
        for loaded in pool.map(load, files):
            if isinstance(loaded, str):
                warn(loaded)
            else:
                pairs.append(loaded)
    if not pairs:
        raise UsageError(f"none of the {len(files)} photos can be used")
    return pairs


class CropSampler:
    """Draws the batch of any step: photos in proportion to their area, places and orientations uniformly."""

    def __init__(self, pairs: list[Pair], scale: int, crop: int, batch: int, flips: bool, seed: int) -> None:
        self.pairs, self.scale, self.crop, self.batch, self.flips, self.seed = (
            pairs,
            scale,
            crop,
            batch,
            flips,
            seed,
        )
        areas = np.array([p.lr.shape[0] * p.lr.shape[1] for p in pairs], np.float64)
        self.shares = np.cumsum(areas / areas.sum())

    def __call__(self, step: int) -> tuple[Bytes, Bytes]:
        """The bytes of step `step`: LR `(batch, crop, crop, 3)` and HR `(batch, s crop, s crop, 3)`."""
        random = np.random.default_rng((self.seed, step))
        low, high = zip(*(self._crop(random) for _ in range(self.batch)), strict=True)
        return np.stack(low), np.stack(high)

    def _crop(self, random: np.random.Generator) -> tuple[Bytes, Bytes]:
        index = min(int(np.searchsorted(self.shares, random.random())), len(self.pairs) - 1)
        pair, side, scale = self.pairs[index], self.crop, self.scale
        y = int(random.integers(pair.lr.shape[0] - side + 1))
        x = int(random.integers(pair.lr.shape[1] - side + 1))
        turn = int(random.integers(8)) if self.flips else 0
        low = pair.lr[y : y + side, x : x + side]
        high = pair.hr[y * scale : (y + side) * scale, x * scale : (x + side) * scale]
        return _turned(low, turn), _turned(high, turn)


def batches(sampler: CropSampler, first: int, last: int) -> Iterator[tuple[Any, Any]]:
    """The batches of steps `first` to `last - 1` as tensors, made ahead in other threads."""
    side, count, scale = sampler.crop, sampler.batch, sampler.scale

    def draw(step: Any) -> tuple[Any, Any]:
        low, high = tf.numpy_function(lambda s: sampler(int(s)), [step], (tf.uint8, tf.uint8), stateful=False)
        return (
            tf.ensure_shape(low, (count, side, side, 3)),
            tf.ensure_shape(high, (count, side * scale, side * scale, 3)),
        )

    dataset = tf.data.Dataset.range(first, last).map(draw, num_parallel_calls=2, deterministic=True)
    return iter(dataset.prefetch(4))


def _turned(crop: Bytes, turn: int) -> Bytes:
    crop = np.rot90(crop, turn % 4)
    return crop[:, ::-1] if turn >= 4 else crop


def _folder(folder: str) -> list[Path]:
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise UsageError(f"{folder}: no such folder of photos")
    files = images.find(path, recursive=True)
    if not files:
        raise UsageError(f"{folder}: holds no image file")
    return files
