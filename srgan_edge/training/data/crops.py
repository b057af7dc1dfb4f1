"""Batches of (LR, HR) crops, decided by seed and step alone, so that a resumed run sees the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from srgan_edge.errors import SrganEdgeError, UnreadableImageError
from srgan_edge.imaging import Bytes
from srgan_edge.training.data.degradations.degrader import NEAREST, Degrader
from srgan_edge.training.data.opencv import opencv
from srgan_edge.training.data.photos import Photo

# Draws per crop until one is neither smooth nor of a damaged file.
_TRIES = 10

# The 7 ways to turn and mirror a square. OpenCV takes a fifth of Pillow's time, which the training would wait for.
_TURNS: tuple[Callable[[Any], Any], ...] = (
    lambda crop: opencv().flip(crop, 1),
    lambda crop: opencv().flip(crop, 0),
    lambda crop: opencv().rotate(crop, opencv().ROTATE_90_COUNTERCLOCKWISE),
    lambda crop: opencv().rotate(crop, opencv().ROTATE_180),
    lambda crop: opencv().rotate(crop, opencv().ROTATE_90_CLOCKWISE),
    lambda crop: opencv().transpose(crop),
    lambda crop: opencv().flip(opencv().transpose(crop), -1),
)


class CropSampler:
    """Draws the batch of any step: photos in proportion to their area, places and orientations uniformly."""

    def __init__(
        self,
        photos: Sequence[Photo],
        scale: int,
        crop: int,
        batch: int,
        flip_rotate: bool,
        seed: int,
        min_gradient: float = 0.0,
        degrader: Degrader | None = None,
        ramp_steps: int = 0,
        warn: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Prepare to draw.

        Args:
            photos: what crops are cut from.
            scale: of HR to LR.
            crop: side of the LR crop.
            batch: crops in a batch.
            flip_rotate: mirror and rotate each at random (8 ways).
            seed: of all that is drawn.
            min_gradient: an LR crop whose mean absolute gradient is below this (of 0..255) is drawn again, up to 10
                times; 0 = never.
            degrader: makes LR crops with faults; None = the photos' own low resolution alone.
            ramp_steps: over the first so many steps the share of crops with faults rises from 0.
            warn: told of each file that turns out damaged.
        """
        self.photos, self.scale, self.crop, self.batch = photos, scale, crop, batch
        self.flip_rotate, self.seed, self.min_gradient, self.warn = flip_rotate, seed, min_gradient, warn
        self.degrader, self.ramp_steps = degrader, ramp_steps
        areas = np.array([p.size[0] * p.size[1] for p in photos], np.float64)
        self.shares = np.cumsum(areas / areas.sum())
        self.failure: Exception | None = None
        """Why a batch of `dataset` could not be drawn: TensorFlow says it as an error of its own."""
        self._damaged: dict[str, str] = {}

    def __call__(self, step: int, first: int = 0, count: int | None = None) -> tuple[Bytes, Bytes]:
        """The bytes of step `step`: LR `(batch, crop, crop, 3)` and HR `(batch, s crop, s crop, 3)`.

        Of the batch, `count` crops from `first` on: each is drawn by itself, so that devices may share a batch.
        """
        indices = range(first, first + (self.batch if count is None else count))
        ramped = min(1.0, step / self.ramp_steps) if self.ramp_steps else 1.0
        crops = (self._draw(np.random.default_rng((self.seed, step, i)), ramped) for i in indices)
        low, high = zip(*crops, strict=True)
        return np.stack(low), np.stack(high)

    def _draw(self, random: np.random.Generator, ramped: float) -> tuple[Bytes, Bytes]:
        crops = None
        for _ in range(_TRIES):
            crops = self._cut(random, ramped) or crops
            if crops is not None and (self.min_gradient == 0 or mean_gradient(crops[0]) >= self.min_gradient):
                return crops
        if crops is None:
            raise SrganEdgeError(f"{_TRIES} photos in a row cannot be read, among them {min(self._damaged.values())}")
        return crops

    def _cut(self, random: np.random.Generator, ramped: float) -> tuple[Bytes, Bytes] | None:
        photo = self.photos[min(int(np.searchsorted(self.shares, random.random())), len(self.photos) - 1)]
        y, x = (int(random.integers(length - self.crop + 1)) for length in photo.size)
        turn = int(random.integers(8)) if self.flip_rotate else 0
        try:
            if self.degrader is None or photo.paired or self.degrader.is_clean(random, ramped):
                low, high = photo.cut(y, x, self.crop)
            else:
                low, high = self._degraded(photo, y, x, self.degrader, random)
        except UnreadableImageError as error:
            if photo.name not in self._damaged:
                self._damaged[photo.name] = str(error)
                self.warn(f"skipped: {error}")
            return None
        return _turned(low, turn), _turned(high, turn)

    def _degraded(
        self, photo: Photo, y: int, x: int, degrader: Degrader, random: np.random.Generator
    ) -> tuple[Bytes, Bytes]:
        """A crop of a part of the photo that reaches beyond it, as far as the photo goes."""
        side, s = self.crop, self.scale
        # Of 16 places, so that the grids of JPEG, 8 and 16 pixels wide, lie anywhere in the crop.
        before = random.integers(NEAREST, NEAREST + 16, 2)
        top, left = max(0, y - int(before[0])), max(0, x - int(before[1]))
        height, width = (
            min(n, start + side + NEAREST) - first
            for n, start, first in zip(photo.size, (y, x), (top, left), strict=True)
        )
        region = photo.region(top, left, height, width)
        low = degrader(region, random)
        y, x = y - top, x - left
        return low[y : y + side, x : x + side], region[y * s : (y + side) * s, x * s : (x + side) * s]


def mean_gradient(crop: Bytes) -> float:
    """Mean absolute difference of horizontally and vertically neighbouring pixels, of 0..255."""
    values = crop.astype(np.int16)
    return float(np.abs(np.diff(values, axis=0)).mean() + np.abs(np.diff(values, axis=1)).mean()) / 2


def batches(sampler: CropSampler, first: int, last: int) -> Iterator[Any]:
    """The batches of steps `first` to `last - 1`, on one device.

    Raises:
        SrganEdgeError: one cannot be drawn.
    """
    return drawn(sampler, dataset(sampler, first, last))


def drawn(sampler: CropSampler, made: Iterable[Any]) -> Iterator[Any]:
    """The batches of a `dataset` of the sampler's, as it is or distributed over devices; its errors are the sampler's.

    Raises:
        SrganEdgeError: one cannot be drawn.
    """
    try:
        yield from made
        return
    except tf.errors.OpError:
        if sampler.failure is None:
            raise
    # Without TensorFlow's error, whose traceback keeps its threads alive: an interpreter that ends waits for them.
    raise sampler.failure


def dataset(sampler: CropSampler, first: int, last: int, part: tuple[int, int] = (0, 1), devices: int = 1) -> Any:
    """The batches of steps `first` to `last - 1` as a tf.data.Dataset, made ahead in other threads.

    Args:
        sampler: draws them.
        first: the first step.
        last: the step after the last.
        part: of how many workers which this is, `(index, count)`: it yields its share of each batch.
        devices: of this worker; their shares of a batch come one after the other.
    """
    worker, workers = part
    side, scale = sampler.crop, sampler.scale
    count = sampler.batch // (workers * devices)

    def draw(index: Any) -> tuple[Any, Any]:
        def cut(i: Any) -> tuple[Bytes, Bytes]:
            step, device = divmod(int(i), devices)
            try:
                return sampler(step, (worker * devices + device) * count, count)
            except Exception as error:
                sampler.failure = error
                raise

        low, high = tf.numpy_function(cut, [index], (tf.uint8, tf.uint8), stateful=False)
        return (
            tf.ensure_shape(low, (count, side, side, 3)),
            tf.ensure_shape(high, (count, side * scale, side * scale, 3)),
        )

    options = tf.data.Options()
    options.threading.private_threadpool_size = 2  # those of the training step may all be busy
    indices = tf.data.Dataset.range(first * devices, last * devices).with_options(options)
    return indices.map(draw, num_parallel_calls=2 * devices, deterministic=True).prefetch(4 * devices)


def _turned(crop: Bytes, turn: int) -> Bytes:
    return _TURNS[turn - 1](crop) if turn else crop
