"""DISTS's form on maps of features: texture must be alike, but need not lie where the truth's does."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from srgan_edge.training.losses.float32 import in_float32

_SMALL = 0.05


def dists_loss(truth: list[Any], result: list[Any]) -> Any:
    """1 - likeness of texture (the channels' means) and structure (their variation), half and half; 0 for equal maps.

    Ding et al. 2020, "Image quality assessment: unifying structure and texture similarity", eq. 4-6, all weights equal,
    averaged over images, channels and maps `[N, rows, columns, channels]`. The constants of its ratios are 5 % of the
    mean variance of the truth's map, so that a channel in which an image has next to nothing says next to nothing.
    """
    distances = [_distance(*maps) for maps in zip(truth, result, strict=True)]
    return tf.add_n(distances) / len(distances)


@in_float32
def _distance(truth: Any, result: Any) -> Any:
    (one, one_variance), (two, two_variance) = (tf.nn.moments(maps, (1, 2), keepdims=True) for maps in (truth, result))
    covariance = tf.reduce_mean((truth - one) * (result - two), (1, 2), keepdims=True)
    small = _SMALL * tf.reduce_mean(one_variance) + 1e-6
    texture = (2 * one * two + small) / (one**2 + two**2 + small)
    structure = (2 * covariance + small) / (one_variance + two_variance + small)
    return 1 - tf.reduce_mean(texture + structure) / 2
