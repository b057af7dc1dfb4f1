"""How far a generator looks: the overlap that makes tiling exact."""

from __future__ import annotations

import math
from typing import Any

import tf_keras as keras

from srgan_edge.errors import SrganEdgeError
from srgan_edge.training.generators.layers import CollapsibleConv2D, PixelShuffle


def overlap(model: Any) -> int:
    """Input pixels on every side of a position that its output depends on, rounded up.

    The largest sum of kernel radii over the paths of a flat functional model, each in units of its
    layer's own resolution.

    Raises:
        SrganEdgeError: a layer whose radius is not known.
    """
    radius: dict[str, float] = {}
    pixel: dict[str, float] = {}  # the size of one sample of a layer's output, in input pixels
    for layer in model.layers:
        parents = _parents(layer)
        reach = max((radius[p] for p in parents), default=0.0)
        size = min((pixel[p] for p in parents), default=1.0)
        if isinstance(layer, keras.layers.Conv2D) and layer.strides == (1, 1):
            # An even kernel looks farther to one side.
            reach += max(k // 2 * rate for k, rate in zip(layer.kernel_size, layer.dilation_rate, strict=True)) * size
        elif isinstance(layer, CollapsibleConv2D):
            reach += size
        elif isinstance(layer, PixelShuffle):
            size /= layer.scale
        elif isinstance(layer, keras.layers.UpSampling2D) and layer.interpolation == "nearest":
            size /= layer.size[0]
        elif not isinstance(
            layer,
            (
                keras.layers.InputLayer,
                keras.layers.Add,
                keras.layers.Concatenate,
                keras.layers.Activation,
                keras.layers.BatchNormalization,
                keras.layers.PReLU,
                keras.layers.ReLU,
                keras.layers.LeakyReLU,
            ),
        ):
            raise SrganEdgeError(f"the receptive field of layer {layer.name} ({type(layer).__name__}) is not known")
        radius[layer.name], pixel[layer.name] = reach, size
    return math.ceil(radius[model.layers[-1].name])


def _parents(layer: Any) -> list[str]:
    return [parent.name for node in layer.inbound_nodes for parent in _as_list(node.inbound_layers)]


def _as_list(layers: Any) -> list[Any]:
    return layers if isinstance(layers, list) else [layers]
