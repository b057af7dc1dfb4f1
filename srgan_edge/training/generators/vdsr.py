"""VDSR (Kim et al. 2016), a baseline."""

from __future__ import annotations

from typing import Any

import tf_keras as keras

from srgan_edge.training.generators.layers import bicubic_enlargement


def vdsr(scale: int = 4) -> Any:
    """20 layers of 3x3 convolutions that predict what bicubic enlargement misses, on RGB, values in [0, 1]."""
    inputs = keras.Input((None, None, 3), name="image")
    x = enlarged = bicubic_enlargement(inputs, scale)
    for index in range(1, 20):
        x = keras.layers.Conv2D(
            64, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=f"conv{index}"
        )(x)
    # Near zero at first, so that training starts at bicubic.
    tail = keras.initializers.RandomNormal(stddev=1e-3)
    x = keras.layers.Conv2D(3, 3, padding="same", kernel_initializer=tail, name="tail")(x)
    outputs = keras.layers.Add(name="residual")([enlarged, x])
    return keras.Model(inputs, outputs, name=f"vdsr-x{scale}")
