"""Gaussian windows over images, for the losses that compare neighbourhoods."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf


def gaussian_blur(image: Any, size: int, sigma: float) -> Any:
    """Gaussian means over the windows of `size` x `size` pixels that lie within an image.

    float32 `[N, H, W, C]` -> `[N, H - size + 1, W - size + 1, C]`; `size` is odd, `sigma` in pixels.
    """
    offsets = np.arange(size) - size // 2
    window = np.exp(-(offsets**2) / (2 * sigma**2))
    window = (window / window.sum()).astype(np.float32)
    for shape in ((size, 1), (1, size)):
        kernel = np.tile(window.reshape(*shape, 1, 1), (1, 1, image.shape[-1], 1))
        image = tf.nn.depthwise_conv2d(image, kernel, (1, 1, 1, 1), "VALID")
    return image
