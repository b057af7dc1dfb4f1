"""What an enlargement must leave as it is: light and colour over more than a few pixels."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from srgan_edge.training.losses.float32 import in_float32
from srgan_edge.training.losses.gaussian import gaussian_blur

# BT.601's luma, Cb and Cr, all of full range: (B - Y) / 1.772 and (R - Y) / 1.402.
_YCBCR = (
    (0.299, -0.299 / 1.772, 0.701 / 1.402),
    (0.587, -0.587 / 1.772, -0.587 / 1.402),
    (0.114, 0.886 / 1.772, -0.114 / 1.402),
)
# Chroma errs by half of what luma does or less, and the pixel losses weigh it least.
_WEIGHTS = (1.0, 2.0, 2.0)
_SIZE, _SIGMA = 21, 3.0


@in_float32
def colour_consistency_loss(truth: Any, result: Any) -> Any:
    """Mean absolute difference of blurred luma, plus twice that of blurred Cb and of blurred Cr.

    Images `[N, H, W, 3]` in [0, 1]. The idea is neosr's `consistency_loss`, and so is the Gaussian of 3 pixels over 21:
    detail is free, its local mean is not.
    In BT.601's Y, Cb, Cr in place of CIE L* and Oklab: linear, so that colour noise around the right mean costs nothing
    once blurred, and the slope is as steep in shadows, where a cube root's has no end; and the colour error that
    validation prints is measured there.

    Raises:
        ValueError: a side is shorter than 11 pixels, or unknown.
    """
    margin = _SIZE // 2
    if min(side or 0 for side in truth.shape[1:3]) <= margin:
        raise ValueError(f"colour consistency needs images of at least {margin + 1} pixels a side")
    difference = tf.tensordot(result - truth, tf.constant(_YCBCR), 1)
    padded = tf.pad(difference, ((0, 0), (margin, margin), (margin, margin), (0, 0)), "REFLECT")
    blurred = gaussian_blur(padded, _SIZE, _SIGMA)
    return tf.reduce_sum(tf.reduce_mean(tf.abs(blurred), (0, 1, 2)) * tf.constant(_WEIGHTS))
