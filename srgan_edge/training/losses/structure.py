"""Structural similarity at several scales."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from srgan_edge.training.losses.float32 import in_float32
from srgan_edge.training.losses.gaussian import gaussian_blur

# Wang, Simoncelli and Bovik 2003, "Multiscale structural similarity", section 3.2: of scales 1 to 5, the finest first.
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# Wang et al. 2004, "Image quality assessment", section III-C: window, and the constants for values in [0, 1].
WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2
# A power below 1 has no slope at 0: less likeness than this, noise or an inverted picture, counts as this.
_LEAST = 0.01


@in_float32
def ms_ssim_loss(truth: Any, result: Any) -> Any:
    """1 - MS-SSIM (Wang et al. 2003, eq. 7) of each channel, mean over channels and batch.

    Images `[N, H, W, 3]` in [0, 1]. As many of the five scales as the window of 11 pixels fits into: all from a side of
    176 pixels on, 4 from 88, 3 from 44; the weights of fewer are scaled to add up to 1.

    Raises:
        ValueError: a side is shorter than the window, or unknown.
    """
    scales = _scales(min(side or 0 for side in truth.shape[1:3]))
    weights = [weight / sum(SCALE_WEIGHTS[:scales]) for weight in SCALE_WEIGHTS[:scales]]
    similarity = tf.constant(1.0)
    for scale, weight in enumerate(weights):
        luminance, contrast = _ssim_terms(truth, result)
        # The luminance of the coarsest scale alone; each scale's mean over its places before the power.
        term = luminance * contrast if scale == scales - 1 else contrast
        similarity *= tf.maximum(tf.reduce_mean(term, (1, 2)), _LEAST) ** weight
        truth, result = (tf.nn.avg_pool2d(image, 2, 2, "VALID") for image in (truth, result))
    return 1 - tf.reduce_mean(similarity)


def _scales(side: int) -> int:
    scales = sum(side >> scale >= WINDOW for scale in range(len(SCALE_WEIGHTS)))
    if not scales:
        raise ValueError(f"MS-SSIM needs images of at least {WINDOW} pixels a side, not {side}")
    return scales


def _ssim_terms(truth: Any, result: Any) -> tuple[Any, Any]:
    """Luminance, and contrast times structure, at each place (Wang et al. 2004, eq. 6, 9 and 10)."""
    stack = tf.concat([truth, result, truth * truth, result * result, truth * result], -1)
    one, two, one_one, two_two, one_two = tf.split(gaussian_blur(stack, WINDOW, _SIGMA), 5, -1)
    both, squares = one * two, one * one + two * two
    luminance = (2 * both + _C1) / (squares + _C1)
    contrast = (2 * (one_two - both) + _C2) / (one_one + two_two - squares + _C2)
    return luminance, contrast
