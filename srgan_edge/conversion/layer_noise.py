"""Which layer's rounding hurts: the signal-to-quantization-noise ratio of each layer of an INT8 export."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tf_keras as keras

from srgan_edge.conversion.fold import clone, rebuild
from srgan_edge.imaging import Bytes
from srgan_edge.runtime.ranges import Numbers, ToNumbers


class LayerNoise(NamedTuple):
    """A layer's output in int8 against the same in float, both fed by their own layers before."""

    layer: str
    decibels: float
    """10 log10 of the float output's power over the difference's."""


def without_rounding(quantized: Any, network: Any) -> Any:
    """The float network with the weights of its fake-quantized twin."""
    twin = rebuild(network, clone)
    for layer in twin.layers:
        if layer.weights:
            trained = {w.name.split("/")[-1]: w for w in quantized.get_layer(f"quant_{layer.name}").weights}
            layer.set_weights([trained[w.name.split("/")[-1]].numpy() for w in layer.weights])
    return twin


def layer_noise(content: bytes, twin: Any, tile: Bytes) -> list[LayerNoise]:
    """Run an INT8 export and its float twin, in [0, 1], on `(h, w, 3)` bytes; layers in the export's order.

    Layers that the converter merged into others have no output of their own and are left out.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter: Any = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    (given,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(given["index"], (1, *tile.shape))
    interpreter.allocate_tensors()
    pixels = ToNumbers(Numbers(np.dtype(given["dtype"])), (0.0, 255.0))(tile)
    interpreter.set_tensor(given["index"], pixels.astype(given["dtype"])[None])
    interpreter.invoke()
    names = [layer.name for layer in twin.layers[1:]]
    outputs = keras.Model(twin.input, [layer.output for layer in twin.layers[1:]])(tile[None] / np.float32(255))
    floats = dict(zip(names, outputs if isinstance(outputs, list) else [outputs], strict=True))
    # With float32 input and output the network counts in 0..255.
    unit = 255.0 if given["dtype"] == np.float32 else 1.0
    found = {}
    for tensor in interpreter.get_tensor_details():
        parts = {part.split("/")[1] for part in tensor["name"].split(";") if part.count("/") > 1}
        layers = [name for name in names if f"quant_{name}" in parts]
        scale, zero = tensor["quantization"]
        if len(layers) != 1 or tensor["dtype"] != np.int8 or scale == 0:
            continue
        wanted = floats[layers[0]].numpy()
        if tuple(tensor["shape"]) == wanted.shape:
            try:
                values = interpreter.get_tensor(tensor["index"])
            except ValueError:  # a name that the converter left behind, of no operator's output
                continue
            result = (values.astype(np.float32) - zero) * scale / unit
            noise = float(np.mean((result - wanted) ** 2))
            power = float(np.mean(wanted**2))
            found[layers[0]] = 10 * float(np.log10(max(power, 1e-12) / max(noise, 1e-12)))
    return [LayerNoise(name, found[name]) for name in names if name in found]
