"""The degradation of a recipe, applied to a part of a photo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srgan_edge.imaging import Bytes
from srgan_edge.training.data.degradations import faults
from srgan_edge.training.data.degradations.settings import Degradation, DegradationStage, Last

Random = np.random.Generator

NEAREST = 2
"""LR pixels by which a part reaches beyond the crop that is taken from it, at least, so that filters see them."""


class Degrader:
    """Makes the LR image of a part of a photo, with faults drawn at random."""

    def __init__(self, settings: Degradation, scale: int) -> None:
        self.settings, self.scale = settings, scale

    @property
    def is_bicubic(self) -> bool:
        """Whether MATLAB's bicubic is all that happens."""
        return self.settings.preset == "bicubic"

    def is_clean(self, random: Random, ramped: float = 1.0) -> bool:
        """Draw whether an image has no fault; of the others `ramped` have theirs already."""
        return self.is_bicubic or random.random() >= (1 - self.settings.clean) * ramped

    def __call__(self, high: Bytes, random: Random) -> Bytes:
        """`(s h, s w, 3)` bytes -> `(h, w, 3)` bytes."""
        target = high.shape[0] // self.scale, high.shape[1] // self.scale
        image = _stage(high, self.settings.first, high.shape[:2], random)
        image = _stage(image, self.settings.second, target, random)
        return _last(image, self.settings.last, target, random)


def _drawn(fault: Callable[..., Bytes], image: Bytes, settings: Any, random: Random) -> Bytes:
    """The image with a fault by the probability that its settings have."""
    return fault(image, settings, random) if random.random() < settings.probability else image


def _stage(image: Bytes, stage: DegradationStage, base: tuple[int, ...], random: Random) -> Bytes:
    if random.random() >= stage.probability:
        return image
    image = _drawn(faults.blur, image, stage.blur, random)
    if random.random() < stage.resize.probability:
        size = faults.factor(stage.resize, random)
        height, width = (max(1, round(side * size)) for side in base[:2])
        image = faults.resize(image, height, width, stage.resize.filters, random)
    image = _drawn(faults.sharpen, image, stage.sharpen, random)
    image = _drawn(faults.noise, image, stage.noise, random)
    return _drawn(faults.jpeg, image, stage.jpeg, random)


def _last(image: Bytes, last: Last, target: tuple[int, int], random: Random) -> Bytes:
    video = random.random() < last.h264.probability
    compressed = not video and random.random() < last.jpeg.probability
    early = compressed and random.random() < last.jpeg_first
    if early:
        image = faults.jpeg(image, last.jpeg, random)
    image = faults.resize(image, *target, last.filters, random)
    image = _drawn(faults.blur, image, last.blur, random)
    image = _drawn(faults.sharpen, image, last.sharpen, random)
    image = _drawn(faults.noise, image, last.noise, random)
    if video:
        from srgan_edge.training.data.degradations.h264 import h264

        image = h264(image, last.h264, random)
    elif compressed and not early:
        image = faults.jpeg(image, last.jpeg, random)
    return image
