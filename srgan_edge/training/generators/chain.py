"""Chains of 3x3 convolutions and ReLU: for clean photos what edge's blocks give, in three quarters of their time."""

from __future__ import annotations

from typing import Any, NamedTuple

import tf_keras as keras

from srgan_edge.training.generators.layers import CollapsibleConv2D, anchored


class ChainSize(NamedTuple):
    """A size of the chain."""

    channels: int
    convolutions: int
    """Hidden 3x3 convolutions, the first from RGB."""
    full_depth: bool
    """One more hidden convolution, as deep as the output's 3 s^2 channels."""


# MACs at 1280x720 output, x4: s 1.09G of 1.2G, m 4.16G of 4.2G.
SIZES = {"s": ChainSize(16, 6, False), "m": ChainSize(32, 5, True)}


def chain(size: str, scale: int = 4, collapsible: bool = False) -> Any:
    """Plain convolutions whose output is added to the repeated input (the anchor), then pixel-shuffled.

    Values are in [0, 1]; the tail is linear.
    """
    channels, convolutions, full_depth = SIZES[size]
    depth = 3 * scale**2
    widths = [channels] * convolutions + [max(depth, channels)] * full_depth
    x = inputs = keras.Input((None, None, 3), name="image")
    for index, width in enumerate(widths):
        name = f"conv{index + 1}"
        if collapsible:
            x = CollapsibleConv2D(width, activation="relu", name=name)(x)
        else:
            x = keras.layers.Conv2D(
                width, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=name
            )(x)
    # Near zero at first, so that training starts at nearest-neighbour enlargement and not at noise.
    tail = keras.initializers.RandomNormal(stddev=1e-3)
    x = keras.layers.Conv2D(depth, 3, padding="same", kernel_initializer=tail, name="tail")(x)
    return keras.Model(inputs, anchored(x, inputs, scale), name=f"chain-{size}-x{scale}")
