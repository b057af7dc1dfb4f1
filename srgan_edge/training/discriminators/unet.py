"""The discriminator of Real-ESRGAN (Wang et al. 2021, section 3.3): a U-Net with spectral normalisation."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras

from srgan_edge.training.discriminators.spectral import SpectralConv2D


def unet_discriminator(width: int = 64) -> Any:
    """Three halvings to 8 `width` channels, three doublings back, skips added: every pixel is judged in its context.

    Takes `[N, H, W, 3]` in [-1, 1], of any size; yields logits `[N, H, W, 1]`. All but the first and the last
    convolution are divided by their spectral norm.
    """

    def conv(x: Any, filters: int, size: int, stride: int, name: str) -> Any:
        x = SpectralConv2D(filters, size, stride, name=name)(x)
        return keras.layers.LeakyReLU(0.2, name=f"{name}_lrelu")(x)

    inputs = keras.Input((None, None, 3), name="image")
    x = keras.layers.Conv2D(width, 3, padding="same", kernel_initializer="he_normal", name="conv0")(inputs)
    x = keras.layers.LeakyReLU(0.2, name="conv0_lrelu")(x)
    skips = []
    for index, factor in enumerate((2, 4, 8)):
        skips.append(x)
        x = conv(x, factor * width, 4, 2, f"conv{index + 1}")
    for index, factor in enumerate((4, 2, 1)):
        skip = skips.pop()
        x = conv(_Enlarge(name=f"enlarge{index + 1}")([x, skip]), factor * width, 3, 1, f"conv{index + 4}")
        x = keras.layers.Add(name=f"skip{index + 1}")([x, skip])
    for index in (7, 8):
        x = conv(x, width, 3, 1, f"conv{index}")
    # Logits in float32: the losses are computed from them, and half precision overflows there first.
    logits = keras.layers.Conv2D(1, 3, padding="same", dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="unet_discriminator")


class _Enlarge(keras.layers.Layer):
    """Bilinear, to the size of another map: twice it, or one less where an odd side was halved."""

    def call(self, inputs: Any) -> Any:
        """`[N, h, w, C]` and a map of the wanted size -> `[N, H, W, C]`."""
        image, like = inputs
        return tf.cast(tf.image.resize(image, tf.shape(like)[1:3], "bilinear"), image.dtype)
