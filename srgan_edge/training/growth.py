"""An edge generator that begins as a smaller one, or as one of a larger scale: trained steps are not lost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from srgan_edge.training.generators.layers import conv_layers


def can_grow(model: Any, smaller: Any) -> bool:
    """Whether `model` is an edge generator with all layers of `smaller`, none of them narrower.

    `smaller` is of the same scale or of a multiple of it.
    """
    old, new = _kernels(smaller), _kernels(model)
    return (
        all(name.startswith("edge-") for name in (model.name, smaller.name))
        and old.keys() <= new.keys()
        and all(a <= b for name in old.keys() - {"tail"} for a, b in zip(old[name], new[name], strict=True))
        and old["tail"][2] <= new["tail"][2]
        and _scale(old["tail"]) % _scale(new["tail"]) == 0
    )


def grow(model: Any, smaller: Any) -> None:
    """Start `model` with the weights of `smaller`: it then gives the same picture, or the means of that one's pixels.

    As in Chen et al. 2016, "Net2Net", but that new channels are random, where that copies old ones, and reach the old
    ones by kernels of zeros, as the end of each new block.
    """
    old = {layer.name: layer.get_weights() for layer in conv_layers(smaller)}
    for layer in conv_layers(model):
        kernel, bias = layer.get_weights()
        if layer.name in old:
            old_kernel, old_bias = old[layer.name]
            if layer.name == "tail":
                scales = _scale(old_kernel.shape), _scale(kernel.shape)
                old_kernel, old_bias = (_averaged(weights, *scales) for weights in (old_kernel, old_bias))
            inputs, outputs = old_kernel.shape[2:]
            kernel[:, :, :, :outputs] = 0
            kernel[:, :, :inputs, :outputs] = old_kernel
            bias[:outputs] = old_bias
        elif layer.name.endswith("conv2"):
            kernel[:] = 0
        layer.set_weights([kernel, bias])


def _kernels(model: Any) -> dict[str, tuple[int, ...]]:
    return {layer.name: tuple(layer.kernel.shape) for layer in conv_layers(model)}


def _scale(tail: tuple[int, ...]) -> int:
    return round((tail[3] / 3) ** 0.5)


def _averaged(weights: NDArray[np.float32], scale: int, smaller: int) -> NDArray[np.float32]:
    """A tail's `[..., 3 scale^2]` weights -> `[..., 3 smaller^2]`: the means of the pixels that become one."""
    each = scale // smaller
    pixels = weights.reshape(*weights.shape[:-1], smaller, each, smaller, each, 3)
    return pixels.mean(axis=(-4, -2)).reshape(*weights.shape[:-1], 3 * smaller**2)
