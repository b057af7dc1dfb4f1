"""Quality of a generator on held-out photos, and pictures to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from srgan_edge.imaging import resample
from srgan_edge.imaging.metrics import Score, score
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.generators.receptive_field import overlap

Bytes = NDArray[np.uint8]


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


def validate(inference: Inference, pairs: list[Pair]) -> Score:
    """Mean PSNR and SSIM over the pairs, by the literature's protocol."""
    return _mean([score(inference(p.lr), p.hr, inference.scale) for p in pairs])


def bicubic_score(pairs: list[Pair], scale: int) -> Score:
    """The same of bicubic enlargement, which a generator must beat."""
    return _mean([score(resample.upscale(p.lr, scale), p.hr, scale) for p in pairs])


def sample(inference: Inference, pairs: list[Pair], side: int = 48) -> Bytes | None:
    """A picture of rows LR (enlarged by repetition) | bicubic | SR | HR, one row a pair, from its centre."""
    rows, s = [], inference.scale
    for pair in pairs:
        y, x = (max(0, (n - side) // 2) for n in pair.lr.shape[:2])
        lr = pair.lr[y : y + side, x : x + side]
        hr = pair.hr[y * s : (y + side) * s, x * s : (x + side) * s]
        if lr.shape[:2] != (side, side):
            continue
        nearest = lr.repeat(s, axis=0).repeat(s, axis=1)
        rows.append(np.concatenate([nearest, resample.upscale(lr, s), inference(lr), hr], axis=1))
    return np.concatenate(rows) if rows else None


def _mean(scores: list[Score]) -> Score:
    return Score(float(np.mean([s.psnr for s in scores])), float(np.mean([s.ssim for s in scores])))
