"""What phones cannot run well in int8, replaced by what they can: a little training then makes up for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import tf_keras as keras

from srgan_edge.conversion.fold import clone, is_activation, rebuild

# XNNPACK's int8 LeakyReLU takes no slope next to zero.
_SMALLEST_SLOPE = 0.01


def leaky(model: Any) -> Any:
    """The network with each PReLU made a LeakyReLU of the mean of its slopes.

    PReLU is one int8 operator for TFLite but none for XNNPACK, which is cut in pieces by it.
    """

    def replace(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.PReLU):
            return clone(layer)
        slope = float(np.mean(layer.get_weights()[0]))
        return keras.layers.LeakyReLU(np.copysign(max(abs(slope), _SMALLEST_SLOPE), slope), name=layer.name)

    return _with_weights(rebuild(model, replace), model)


def linear_tail(model: Any) -> Any:
    """The network without its last sigmoid, whose tangent at 1/2 goes into the convolution before it.

    Int8 has a sigmoid in steps of 1/256, which are then rounded again to pixels of 1/255.
    """
    tail = model.layers[-1]
    if not is_activation(tail, "sigmoid"):
        return model
    last = tail.inbound_nodes[0].inbound_layers.name
    straight = _with_weights(rebuild(model, lambda layer: None if layer is tail else clone(layer)), model)
    kernel, bias = straight.get_layer(last).get_weights()
    straight.get_layer(last).set_weights([kernel / 4, bias / 4 + 0.5])
    return straight


def _with_weights(new: Any, old: Any) -> Any:
    for layer in new.layers:
        if layer.weights:
            layer.set_weights(old.get_layer(layer.name).get_weights())
    return new
