"""A larger edge generator that begins as a smaller one: trained steps are not lost when the network grows."""

from __future__ import annotations

from typing import Any

from srgan_edge.training.generators.layers import conv_layers


def can_grow(model: Any, smaller: Any) -> bool:
    """Whether `model` is an edge generator with all layers of `smaller`, one of the same scale, and none narrower."""
    old, new = _kernels(smaller), _kernels(model)
    return (
        all(name.startswith("edge-") for name in (model.name, smaller.name))
        and old.keys() <= new.keys()
        and all(a <= b for name in old for a, b in zip(old[name], new[name], strict=True))
        and old["tail"][3] == new["tail"][3]
    )


def grow(model: Any, smaller: Any) -> None:
    """Start `model` with the weights of `smaller`: it then gives the same picture.

    As in Chen et al. 2016, "Net2Net", but that new channels are random, where that copies old ones, and reach the old
    ones by kernels of zeros, as the end of each new block.
    """
    old = {layer.name: layer.get_weights() for layer in conv_layers(smaller)}
    for layer in conv_layers(model):
        kernel, bias = layer.get_weights()
        if layer.name in old:
            old_kernel, old_bias = old[layer.name]
            inputs, outputs = old_kernel.shape[2:]
            kernel[:, :, :, :outputs] = 0
            kernel[:, :, :inputs, :outputs] = old_kernel
            bias[:outputs] = old_bias
        elif layer.name.endswith("conv2"):
            kernel[:] = 0
        layer.set_weights([kernel, bias])


def _kernels(model: Any) -> dict[str, tuple[int, ...]]:
    return {layer.name: tuple(layer.kernel.shape) for layer in conv_layers(model)}
