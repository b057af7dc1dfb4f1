"""Rewriting a trained generator for export, its function unchanged.

Batch normalisation and value ranges go into the convolutions; PReLU of one slope becomes LeakyReLU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tf_keras as keras

from srgan_edge.errors import SrganEdgeError

# XNNPACK's int8 LeakyReLU takes no slope next to zero.
_SMALLEST_SLOPE = 0.01


def rebuild(model: Any, replace: Callable[[Any], Any]) -> Any:
    """A flat functional model like `model`, each layer replaced by what `replace(layer)` says.

    `replace` returns a new layer or another function of the layer's inputs, or None to leave the layer out and pass
    its input on. The new layers' weights are not set.
    """
    tensors: dict[str, Any] = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            tensors[layer.name] = keras.Input(layer.input_shape[0][1:], name=layer.name)
            continue
        if len(layer.inbound_nodes) != 1:
            raise SrganEdgeError(f"layer {layer.name} is used more than once; only flat models can be converted")
        parents = layer.inbound_nodes[0].inbound_layers
        single = not isinstance(parents, list)
        inputs = tensors[parents.name] if single else [tensors[p.name] for p in parents]
        new = replace(layer)
        tensors[layer.name] = inputs if new is None else new(inputs)
    (outputs,) = (tensors[t.node.layer.name] for t in model.outputs)
    return keras.Model(tensors[model.layers[0].name], outputs, name=model.name)


def clone(layer: Any, **changes: Any) -> Any:
    """A new layer of the same configuration, but for `changes`."""
    return type(layer).from_config({**layer.get_config(), **changes})


def copy(model: Any) -> Any:
    """A flat functional model of its own with the same layers and weights."""
    made = rebuild(model, clone)
    made.set_weights(model.get_weights())
    return made


def folded(model: Any, value_range: tuple[float, float]) -> Any:
    """A generator without batch normalisation, black and white as 0 and 1; its PReLUs' slopes are weights still.

    Raises:
        SrganEdgeError: as `fold_batch_norm` and `unit_range`.
    """
    return unit_range(fold_batch_norm(model), value_range)


def fold_batch_norm(model: Any) -> Any:
    """Fold every BatchNormalization into the convolution before it (Jacob et al. 2018, section 3.2).

    Raises:
        SrganEdgeError: a normalisation does not follow a convolution that feeds it alone.
    """
    norms = {}  # convolution's name -> its BatchNormalization
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            source = layer.inbound_nodes[0].inbound_layers
            if not isinstance(source, keras.layers.Conv2D) or len(source.outbound_nodes) != 1:
                raise SrganEdgeError(f"{layer.name} does not follow a convolution that feeds it alone")
            norms[source.name] = layer

    def replace(layer: Any) -> Any:
        if isinstance(layer, keras.layers.BatchNormalization):
            return None
        return clone(layer, use_bias=True) if layer.name in norms else clone(layer)

    folded = rebuild(model, replace)
    for layer in folded.layers:
        source = model.get_layer(layer.name)
        if layer.name not in norms:
            layer.set_weights(source.get_weights())
            continue
        kernel, bias = _kernel_and_bias(source)
        norm = norms[layer.name]
        scale = norm.gamma.numpy() / np.sqrt(norm.moving_variance.numpy() + norm.epsilon)
        layer.set_weights([kernel * scale, (bias - norm.moving_mean.numpy()) * scale + norm.beta.numpy()])
    return folded


def unit_range(model: Any, value_range: tuple[float, float]) -> Any:
    """The same network with black and white as 0 and 1 at its input and output.

    A network in [low, high] must begin with convolutions and end in one, which take the ranges on. Its zero padding
    then means another value, which shows only within the receptive field of an edge.

    Raises:
        SrganEdgeError: another range than [0, 1] without such convolutions.
    """
    if value_range == (0.0, 1.0):
        return model
    low, high = value_range
    heads = [node.layer for node in model.layers[0].outbound_nodes]
    tail = model.layers[-1]
    if not all(isinstance(layer, keras.layers.Conv2D) for layer in (*heads, tail)):
        raise SrganEdgeError(f"{model.name}: a network in {value_range} must go from convolutions to a convolution")
    unit = copy(model)
    for head in heads:
        kernel, bias = head.get_weights()
        unit.get_layer(head.name).set_weights([kernel * (high - low), bias + low * kernel.sum(axis=(0, 1, 2))])
    kernel, bias = tail.get_weights()
    unit.get_layer(tail.name).set_weights([kernel / (high - low), (bias - low) / (high - low)])
    return unit


def leaky_relu(model: Any) -> Any:
    """The network with each PReLU, of one slope for all channels, as the LeakyReLU that it is once trained.

    XNNPACK has no int8 PReLU: it would be cut in pieces there.
    """
    if not any(isinstance(layer, keras.layers.PReLU) for layer in model.layers):
        return model

    def replace(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.PReLU):
            return clone(layer)
        slope = layer.get_weights()[0].item()
        return keras.layers.LeakyReLU(np.copysign(max(abs(slope), _SMALLEST_SLOPE), slope), name=layer.name)

    leaky = rebuild(model, replace)
    _copy_weights(model, leaky)
    return leaky


def sums_apart(model: Any) -> Any:
    """The network with the sum of its residual blocks' branches kept apart from what they are added to.

    In a chain x1 = x0 + f1, x2 = x1 + f2, ... int8 rounds every sum in steps as coarse as the whole signal's range, and
    the errors add up. Here s1 = f1, s2 = s1 + f2, ... and xk = x0 + sk: the sums that last have the branches' own,
    smaller range, and the rounding of each xk reaches only the block it enters.
    """
    chains: dict[str, tuple[Any, Any]] = {}  # a sum's name -> what its chain began with, the branches' sum

    def replace(layer: Any) -> Any:
        parents = layer.inbound_nodes[0].inbound_layers
        if not isinstance(layer, keras.layers.Add) or len(parents) != 2:
            return clone(layer)
        # A block's input feeds the block as well; a block's end feeds the sum alone.
        stream, branch = sorted((0, 1), key=lambda index: -len(parents[index].outbound_nodes))

        def add(inputs: list[Any]) -> Any:
            base, total = chains.get(parents[stream].name, (inputs[stream], None))
            if total is None:
                total = inputs[branch]
            else:
                total = keras.layers.Add(name=f"{layer.name}_branches")([total, inputs[branch]])
            chains[layer.name] = base, total
            return clone(layer)([base, total])

        return add

    apart = rebuild(model, replace)
    _copy_weights(model, apart)
    return apart


def byte_range(model: Any) -> Any:
    """A network in [0, 1] made one in [0, 255].

    Convolutions, (leaky) ReLU, sums and rearrangements are homogeneous: scaling the input by 255 scales
    the output by 255 when every bias is scaled too.
    """
    scaled = rebuild(model, clone)
    for layer in scaled.layers:
        weights = model.get_layer(layer.name).get_weights()
        if isinstance(layer, keras.layers.Conv2D) and layer.use_bias:
            weights[1] = weights[1] * 255
        layer.set_weights(weights)
    return scaled


def _copy_weights(model: Any, rebuilt: Any) -> None:
    """To each layer of `rebuilt` that has weights, those of its namesake."""
    for layer in rebuilt.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())


def _kernel_and_bias(convolution: Any) -> tuple[np.ndarray, np.ndarray]:
    weights = convolution.get_weights()
    return weights[0], weights[1] if convolution.use_bias else np.zeros(convolution.filters, np.float32)
