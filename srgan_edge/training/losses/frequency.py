"""The focal frequency loss: a distance of spectra."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from srgan_edge.training.losses.float32 import in_float32


@in_float32
def focal_frequency_loss(truth: Any, result: Any) -> Any:
    """Squared distance of the two spectra, each frequency weighed by how far off it is.

    Jiang et al. 2021, "Focal Frequency Loss for Image Reconstruction and Synthesis", sections 3.2 and 3.3, alpha = 1:
    orthonormal 2D Fourier transforms of each channel; the weight is the distance, by the largest of its channel,
    without gradient. Images `[N, H, W, 3]` in [0, 1].
    """
    planes = tf.transpose(result - truth, (0, 3, 1, 2))
    # One transform for both: it is linear.
    spectrum = tf.signal.fft2d(tf.cast(planes, tf.complex64))
    size = tf.cast(tf.size(planes[0, 0]), tf.float32)
    distance = (tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2) / size
    weight = tf.sqrt(tf.math.divide_no_nan(distance, tf.reduce_max(distance, (2, 3), keepdims=True)))
    return tf.reduce_mean(tf.stop_gradient(weight) * distance)
