"""Channels whose ReLU died, put to use again."""

from __future__ import annotations

from typing import Any

import numpy as np
import tf_keras as keras

from srgan_edge.training.generators.layers import conv_layers

DEAD = 1e-3
"""A channel that gives more than 0 at a smaller share of the pixels is dead."""


def dead_channels(model: Any, images: Any) -> list[np.ndarray]:
    """Which channels of a chain's convolutions but the last give nothing on `images [N, H, W, 3]` in its range."""
    hidden = conv_layers(model)[:-1]
    outputs = keras.Model(model.inputs, [layer.output for layer in hidden])(images, training=False)
    return [np.mean(output.numpy() > 0, (0, 1, 2)) < DEAD for output in outputs]


def revive(model: Any, dead: list[np.ndarray], seed: int) -> None:
    """Start the dead channels of `model` anew; what it gives stays the same, where they gave nothing.

    As in Sokar et al. 2023, "The Dormant Neuron Phenomenon", section 4: random kernels into a dead channel and zeros
    out of it. Besides, where the layer before is as wide, the kernel passes on its channel of the same number: the
    layers before one that is mostly dead reach those behind it again.
    """
    random = np.random.default_rng(seed)
    chain, before = conv_layers(model), np.zeros(3, bool)
    for layer, channels in zip(chain, [*dead, np.zeros(chain[-1].filters, bool)], strict=True):
        kernel, bias = layer.get_weights()
        kernel[:, :, before] = 0
        height, width, inputs, _ = kernel.shape
        fresh = random.normal(0, (0.5 / (height * width * inputs)) ** 0.5, kernel.shape)
        if inputs == layer.filters:
            fresh[height // 2, width // 2] += np.eye(inputs)
        kernel[..., channels] = fresh[..., channels]
        bias[channels] = 0
        layer.set_weights([kernel, bias])
        before = channels
