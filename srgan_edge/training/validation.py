"""Quality of a generator on held-out photos, and pictures to look at."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from srgan_edge.imaging import Bytes, resample
from srgan_edge.imaging.metrics import score
from srgan_edge.imaging.quality import Grain, colour_error, deviation, grain
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.generators.receptive_field import overlap
from srgan_edge.training.perceptual.distances import Maps, dists, lite1_features, lpips

JUDGED_PHOTOS, JUDGED_SIDE = 8, 384
"""Distances in features cost the most: they are of the first photos of a set, and of their middles."""


class Quality(NamedTuple):
    """Of the results for a set of photos; NaN where nothing in the photos is flat, for `grain`."""

    psnr: float
    """dB, mean over the photos, by the literature's protocol."""
    ssim: float
    dists: float
    """DISTS's form in EfficientNet-Lite1's features; 0 for the truth."""
    lpips: float
    """LPIPS's form, likewise."""
    grain: float
    """What luma deviates where the truth is flat, in levels."""
    colour: float
    """Root of the mean squared error of Cb and Cr, in levels."""

    def figures(self) -> dict[str, float]:
        """Those that are numbers, by name."""
        return {name: value for name, value in self._asdict().items() if not math.isnan(value)}


class Inference:
    """A float generator as the runtime would run it: bytes in, bytes out, edges continued by reflection."""

    def __init__(self, model: Any, scale: int, value_range: tuple[float, float]) -> None:
        self.scale, self.margin = scale, overlap(model)
        low, high = value_range

        @tf.function(autograph=False, input_signature=[tf.TensorSpec((1, None, None, 3), tf.uint8)])
        def run(image: Any) -> Any:
            x = tf.cast(image, tf.float32) * ((high - low) / 255) + low
            y = (tf.cast(model(x, training=False), tf.float32) - low) * (255 / (high - low))
            return tf.cast(tf.clip_by_value(tf.round(y), 0, 255), tf.uint8)

        self._run = run

    def __call__(self, lr: Bytes) -> Bytes:
        """`(h, w, 3)` bytes -> `(s h, s w, 3)` bytes."""
        m, s = self.margin, self.scale
        padded = np.pad(lr, ((m, m), (m, m), (0, 0)), mode="reflect")
        result = self._run(padded[None]).numpy()[0]
        return result[m * s : m * s + lr.shape[0] * s, m * s : m * s + lr.shape[1] * s]


class Validation:
    """Measures what a generator makes of the sets of photos held out."""

    def __init__(self, sets: dict[str, list[Pair]], scale: int) -> None:
        self.sets, self.scale = sets, scale
        self._truths: dict[bytes, Maps] = {}  # by the crop's bytes: sets of several faults share their photos

    def measure(self, upscale: Callable[[Bytes], Bytes]) -> dict[str, Quality]:
        """The quality of results by the name of the set."""
        return {name: self._quality(upscale, pairs) for name, pairs in self.sets.items()}

    def bicubic(self) -> dict[str, Quality]:
        """The same of bicubic enlargement, which a generator must beat."""
        return self.measure(partial(resample.upscale, scale=self.scale))

    def _quality(self, upscale: Callable[[Bytes], Bytes], pairs: list[Pair]) -> Quality:
        scores, colours, distances = [], [], []
        grains: list[Grain] = []
        for index, pair in enumerate(pairs):
            result = upscale(pair.lr)
            scores.append(score(result, pair.hr, self.scale))
            grains.append(grain(result, pair.hr))
            colours.append(colour_error(result, pair.hr))
            if index < JUDGED_PHOTOS:
                truth, maps = self._truth(middle(pair.hr)), lite1_features()(middle(result))
                distances.append((dists(truth, maps).mean(), lpips(truth, maps).mean()))
        (psnr, ssim), (textures, places) = np.mean(scores, axis=0).tolist(), np.mean(distances, axis=0).tolist()
        return Quality(psnr, ssim, textures, places, deviation(grains), float(np.mean(colours)))

    def _truth(self, crop: Bytes) -> Maps:
        key = hashlib.sha256(repr(crop.shape).encode() + crop.tobytes()).digest()
        if key not in self._truths:
            self._truths[key] = lite1_features()(crop)
        return self._truths[key]


def middle(picture: Bytes, side: int = JUDGED_SIDE) -> Bytes:
    """The middle `side` x `side` pixels, all of a side that is shorter."""
    y, x = (max(0, length - side) // 2 for length in picture.shape[:2])
    return np.ascontiguousarray(picture[y : y + side, x : x + side])


def mean(qualities: dict[str, Quality]) -> Quality:
    """The mean over the sets; of the grain over those that have something flat."""
    rows = np.array(list(qualities.values()), np.float64)
    counts = (~np.isnan(rows)).sum(axis=0)
    return Quality(*(np.nansum(rows, axis=0) / np.where(counts, counts, np.nan)).tolist())


def sample(inference: Inference, sets: dict[str, list[Pair]], rows: int = 4, side: int = 48) -> Bytes | None:
    """A picture of rows LR (enlarged by repetition) | bicubic | SR | HR, from the centres of photos.

    The sets' first photos, then their second ones, until there are `rows`, at least one a set.
    """
    turns = range(max(len(pairs) for pairs in sets.values()))
    pairs = [pairs[turn] for turn in turns for pairs in sets.values() if turn < len(pairs)]
    found = [_row(inference, pair, side) for pair in pairs[: max(rows, len(sets))] if min(pair.lr.shape[:2]) >= side]
    return np.concatenate(found) if found else None


def _row(inference: Inference, pair: Pair, side: int) -> Bytes:
    s = inference.scale
    y, x = ((length - side) // 2 for length in pair.lr.shape[:2])
    lr = pair.lr[y : y + side, x : x + side]
    hr = pair.hr[y * s : (y + side) * s, x * s : (x + side) * s]
    nearest = lr.repeat(s, axis=0).repeat(s, axis=1)
    return np.concatenate([nearest, resample.upscale(lr, s), inference(lr), hr], axis=1)
