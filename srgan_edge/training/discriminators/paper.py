"""The discriminator of SRGAN (Ledig et al. 2017, figure 4)."""

from __future__ import annotations

from typing import Any

import tf_keras as keras


def paper_discriminator(side: int | None, width: int = 64, pooled: bool = False) -> Any:
    """Eight 3x3 convolutions, `width` to 8 `width` channels, every second with stride 2; dense 1024, dense 1.

    Takes `[N, side, side, 3]` in [-1, 1]; yields logits `[N, 1]`. If `pooled`, the last map is averaged
    before the dense layers, so that they are small and `side` may be None: any size.
    """
    x = inputs = keras.Input((side, side, 3), name="image")
    for index, (filters, stride) in enumerate((f, s) for f in (width, 2 * width, 4 * width, 8 * width) for s in (1, 2)):
        name = f"conv{index + 1}"
        x = keras.layers.Conv2D(filters, 3, stride, padding="same", use_bias=index == 0, name=name)(x)
        if index:
            x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True, name=f"{name}_bn")(x)
        x = keras.layers.LeakyReLU(0.2, name=f"{name}_lrelu")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x) if pooled else keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(1024, name="dense1")(x)
    x = keras.layers.LeakyReLU(0.2, name="dense1_lrelu")(x)
    # Logits in float32: the losses are computed from them, and half precision overflows there first.
    logits = keras.layers.Dense(1, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="discriminator")
