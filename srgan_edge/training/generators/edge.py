"""The edge generators: short residual blocks for phones, full int8 in one delegate partition."""

from __future__ import annotations

from typing import Any, NamedTuple

import tf_keras as keras

from srgan_edge.training.generators.layers import anchored


class EdgeSize(NamedTuple):
    """A size of the edge generator."""

    channels: int
    blocks: int
    """Residual blocks of two 3x3 convolutions."""


# MACs at 1280x720 output, x4: s 1.06G, m 4.22G, l 7.22G, xl 18.0G.
SIZES = {"s": EdgeSize(12, 5), "m": EdgeSize(24, 6), "l": EdgeSize(32, 6), "xl": EdgeSize(48, 7)}


def edge(size: str, scale: int = 4) -> Any:
    """A convolution, blocks `x + conv(relu(conv(x)))`, and a convolution whose output is added to the repeated input.

    The blocks are EDSR's (Lim et al. 2017, figure 2c). Values are in [0, 1]; the tail is linear.
    """
    channels, blocks = SIZES[size]

    def conv(x: Any, filters: int, name: str, activation: str | None = None, start: Any = "he_normal") -> Any:
        return keras.layers.Conv2D(
            filters, 3, padding="same", activation=activation, kernel_initializer=start, name=name
        )(x)

    def near_zero() -> Any:
        return keras.initializers.RandomNormal(stddev=1e-3)

    inputs = keras.Input((None, None, 3), name="image")
    x = conv(inputs, channels, "head")
    for index in range(1, blocks + 1):
        y = conv(x, channels, f"block{index}_conv1", "relu")
        # Each block starts as the identity, and training at nearest-neighbour enlargement.
        y = conv(y, channels, f"block{index}_conv2", start=near_zero())
        x = keras.layers.Add(name=f"block{index}_add")([x, y])
    x = conv(x, 3 * scale**2, "tail", start=near_zero())
    return keras.Model(inputs, anchored(x, inputs, scale), name=f"edge-{size}-x{scale}")
