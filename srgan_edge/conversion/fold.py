"""Rewriting a trained generator for export: batch normalisation and value ranges go into the convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tf_keras as keras

from srgan_edge.errors import SrganEdgeError


def rebuild(model: Any, replace: Callable[[Any], Any]) -> Any:
    """A flat functional model like `model`, each layer replaced by what `replace(layer)` says.

    `replace` returns a new layer, or None to leave the layer out and pass its input on. The new
    layers' weights are not set.
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

    A network in [-1, 1] must begin with convolutions and end in a convolution and tanh, which become
    convolutions of 2 x - 1, and a sigmoid: (tanh(z) + 1) / 2 = sigmoid(2 z). Its zero padding then
    means black where it meant grey, which shows only within the receptive field of an edge.

    Raises:
        SrganEdgeError: another range or another end.
    """
    if value_range == (0.0, 1.0):
        return model
    tail = model.layers[-1]
    first = [node.layer for node in model.layers[0].outbound_nodes]
    if (
        value_range != (-1.0, 1.0)
        or not all(isinstance(layer, keras.layers.Conv2D) for layer in first)
        or not is_activation(tail, "tanh")
    ):
        raise SrganEdgeError(f"{model.name}: a network in {value_range} must go from convolutions to a tanh")
    last = tail.inbound_nodes[0].inbound_layers
    heads = [layer.name for layer in first]

    def replace(layer: Any) -> Any:
        return clone(layer, activation="sigmoid") if layer is tail else clone(layer)

    unit = rebuild(model, replace)
    for layer in unit.layers:
        weights = model.get_layer(layer.name).get_weights()
        if layer.name in heads:
            kernel, bias = weights
            weights = [2 * kernel, bias - kernel.sum(axis=(0, 1, 2))]
        elif layer.name == last.name:
            weights = [2 * weight for weight in weights]
        layer.set_weights(weights)
    return unit


def byte_range(model: Any) -> Any:
    """A network in [0, 1] made one in [0, 255].

    Convolutions, (P)ReLU, sums and rearrangements are homogeneous: scaling the input by 255 scales
    the output by 255 when every bias is scaled too. A sigmoid at the end is not: there the first
    convolutions' kernels are divided by 255 and the sigmoid is multiplied by it.
    """
    bounded = is_activation(model.layers[-1], "sigmoid")
    first = [node.layer.name for node in model.layers[0].outbound_nodes]
    scaled = rebuild(model, clone)
    for layer in scaled.layers:
        source = model.get_layer(layer.name)
        weights = source.get_weights()
        if isinstance(layer, keras.layers.Conv2D):
            if bounded and layer.name in first:
                weights[0] = weights[0] / 255
            elif not bounded and layer.use_bias:
                weights[1] = weights[1] * 255
        layer.set_weights(weights)
    if bounded:
        outputs = keras.layers.Rescaling(255.0, name="to_bytes")(scaled.output)
        scaled = keras.Model(scaled.input, outputs, name=model.name)
    return scaled


def _kernel_and_bias(convolution: Any) -> tuple[np.ndarray, np.ndarray]:
    weights = convolution.get_weights()
    return weights[0], weights[1] if convolution.use_bias else np.zeros(convolution.filters, np.float32)


def is_activation(layer: Any, name: str) -> bool:
    """Whether a layer is an activation of that name."""
    return isinstance(layer, keras.layers.Activation) and layer.get_config()["activation"] == name
