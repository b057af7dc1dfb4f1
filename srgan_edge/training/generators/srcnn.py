"""SRCNN (Dong et al. 2014), a baseline."""

from __future__ import annotations

from typing import Any

import tf_keras as keras

from srgan_edge.training.generators.layers import bicubic_enlargement


def srcnn(scale: int = 4) -> Any:
    """The 9-1-5 network on the bicubic-enlarged image, on RGB as in the paper's section 4.5, values in [0, 1]."""
    inputs = keras.Input((None, None, 3), name="image")
    x = bicubic_enlargement(inputs, scale)
    x = keras.layers.Conv2D(64, 9, padding="same", activation="relu", name="patches")(x)
    x = keras.layers.Conv2D(32, 1, activation="relu", name="mapping")(x)
    outputs = keras.layers.Conv2D(3, 5, padding="same", name="reconstruction")(x)
    return keras.Model(inputs, outputs, name=f"srcnn-x{scale}")
