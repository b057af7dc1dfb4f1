"""Locally discriminative learning: artifacts of a GAN are punished, details are not."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from srgan_edge.training.losses.float32 import in_float32

_WINDOW = 7
_ROOT = 5


@in_float32
def ldl_weight(truth: Any, result: Any, average_result: Any) -> Any:
    """How much of an artifact each pixel is: `[N, H, W, 1]`, without gradient.

    Liang, Zeng and Zhang 2022, "Details or Artifacts", eq. 3-6: the variance of the residual, summed over the channels,
    within 7x7 pixels, times the fifth root of its variance over the image; 0 where the generator errs less than its
    running average, whose result is `average_result`. Images `[N, H, W, 3]` in [0, 1], at least 4 pixels a side.
    """
    residual, average_residual = (
        tf.reduce_sum(tf.abs(truth - image), -1, keepdims=True) for image in (result, average_result)
    )
    margin, count = _WINDOW // 2, _WINDOW**2
    padded = tf.pad(residual, ((0, 0), (margin, margin), (margin, margin), (0, 0)), "REFLECT")
    mean, square = (tf.nn.avg_pool2d(x, _WINDOW, 1, "VALID") for x in (padded, padded * padded))
    local = tf.maximum(square - mean * mean, 0.0) * (count / (count - 1))
    pixels = tf.cast(tf.size(residual[0]), tf.float32)
    whole = tf.math.reduce_variance(residual, (1, 2, 3), keepdims=True) * (pixels / (pixels - 1))
    weight = tf.where(residual < average_residual, 0.0, whole ** (1 / _ROOT) * local)
    return tf.stop_gradient(weight)


@in_float32
def ldl_loss(truth: Any, result: Any, average_result: Any) -> Any:
    """Mean absolute error, each pixel weighed by `ldl_weight` (Liang et al. 2022, section 3.3)."""
    return tf.reduce_mean(ldl_weight(truth, result, average_result) * tf.abs(result - truth))
