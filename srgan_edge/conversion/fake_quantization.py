"""Quantization-aware training through TensorFlow Model Optimization, with a scheme of our own.

Its default scheme refuses PReLU and layers it does not know, starts every range at +-6, and leaves
the output unquantized. This one knows the generators' layers, takes its ranges from photos before
the first step, and fixes input and output to [0, 1], so that an int8 value is the pixel minus 128.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras

from srgan_edge.errors import SrganEdgeError
from srgan_edge.training.generators.layers import PixelShuffle

# The public names do not reach the input's quantizer and the layout transformer.
Internals: Any = importlib.import_module("tensorflow_model_optimization.python.core.quantization.keras")
Quantize: Any = tfmot.quantization.keras

Batches = Iterable[tuple[Any, Any]]

_MOVES_VALUES = (PixelShuffle, keras.layers.Concatenate)
_COMPUTES = (
    keras.layers.Conv2D,
    keras.layers.Add,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
)


class RangeQuantizer(Quantize.quantizers.Quantizer):
    """Fake-quantizes to 8 bits between two variables, set by calibration and then left alone."""

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Make the variables."""
        return {
            "low": layer.add_weight(f"{name}_low", initializer="zeros", trainable=False),
            "high": layer.add_weight(f"{name}_high", initializer="ones", trainable=False),
        }

    def __call__(self, inputs: Any, training: Any, weights: dict[str, Any], **kwargs: Any) -> Any:
        """Fake-quantize."""
        return tf.quantization.fake_quant_with_min_max_vars(inputs, weights["low"], weights["high"])

    def get_config(self) -> dict[str, Any]:
        """The quantizer has no arguments."""
        return {}


class PixelQuantizer(Quantize.quantizers.Quantizer):
    """Fake-quantizes to 8 bits between black, 0, and white, which also clips."""

    def __init__(self, white: float = 1.0) -> None:
        self.white = white

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """There is nothing to make."""
        return {}

    def __call__(self, inputs: Any, training: Any, weights: dict[str, Any], **kwargs: Any) -> Any:
        """Fake-quantize."""
        return tf.quantization.fake_quant_with_min_max_args(inputs, 0.0, self.white)

    def get_config(self) -> dict[str, Any]:
        """The quantizer's argument."""
        return {"white": self.white}


class LayerQuantizeConfig(Quantize.QuantizeConfig):
    """What is quantized of a layer: the kernel per channel, and the output by `output`."""

    def __init__(self, kernel: bool, output: Any) -> None:
        self.kernel, self.output = kernel, output

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """The kernel; a bias has 32 bits."""
        quantizer = Internals.default_8bit.default_8bit_quantizers.Default8BitConvWeightsQuantizer()
        return [(layer.kernel, quantizer)] if self.kernel else []

    def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
        """None: outputs are quantized, after the activation."""
        return []

    def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
        """Put the fake-quantized kernel into the layer."""
        if self.kernel:
            (layer.kernel,) = quantize_weights

    @tf.autograph.experimental.do_not_convert  # it cannot compile a body of a docstring alone
    def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
        """Nothing to set."""

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """The output's quantizer."""
        return [self.output] if self.output else []

    def get_config(self) -> dict[str, Any]:
        """The configuration's arguments."""
        return {"kernel": self.kernel, "output": self.output}


class _Registry(Internals.quantize_registry.QuantizeRegistry):
    """Says how each layer is quantized; the layer named `last` ends the graph in pixels."""

    def __init__(self, last: str, white: float) -> None:
        self.last, self.white = last, white

    def supports(self, layer: Any) -> bool:
        return isinstance(layer, (*_MOVES_VALUES, *_COMPUTES)) or layer.name == self.last

    def get_quantize_config(self, layer: Any) -> Any:
        output: Any = RangeQuantizer()
        if layer.name == self.last:
            output = PixelQuantizer(self.white)
        elif isinstance(layer, _MOVES_VALUES):
            output = None
        return LayerQuantizeConfig(isinstance(layer, keras.layers.Conv2D), output)


class _PixelInput(Internals.default_8bit.default_8bit_transforms.InputLayerQuantize):
    """Quantizes the input, pixels too."""

    def __init__(self, white: float) -> None:
        super().__init__()
        self.white = white

    def replacement(self, match_layer: Any) -> Any:
        node = super().replacement(match_layer)
        node.layer["config"]["quantizer"] = keras.utils.legacy.serialize_keras_object(PixelQuantizer(self.white))
        return node


class _Layout(Internals.quantize_layout_transform.QuantizeLayoutTransform):
    def __init__(self, white: float) -> None:
        self.white = white

    def apply(self, model: Any, layer_quantize_map: Any) -> Any:
        names = set(layer_quantize_map)
        transformer = Internals.graph_transformations.model_transformer.ModelTransformer
        return transformer(model, [_PixelInput(self.white)], names, layer_quantize_map).transform()


class _Scheme(Internals.quantize_scheme.QuantizeScheme):
    def __init__(self, last: str, white: float) -> None:
        self.last, self.white = last, white

    def get_layout_transformer(self) -> Any:
        return _Layout(self.white)

    def get_quantize_registry(self) -> Any:
        return _Registry(self.last, self.white)


def fake_quantize(model: Any, batches: Batches, clip_ratio: float = 1.0) -> Any:
    """The fake-quantized twin of a batch-norm-free network in [0, 1], its ranges taken from `batches`.

    Each range is the mean over the batches of the smallest and the largest value; of one that begins at 0, as a ReLU's,
    the share `clip_ratio` is kept.

    Raises:
        SrganEdgeError: a layer that the scheme does not know.
    """
    quantized = _apply(model, 1.0)
    found = calibrate(model, batches).items()
    ranges = {name: (low, high * clip_ratio if low == 0 else high) for name, (low, high) in found}
    for wrapper in quantized.layers:
        name = wrapper.name.removeprefix("quant_")
        for weight in wrapper.weights:
            for end, value in zip(("low", "high"), ranges.get(name, ()), strict=False):
                if weight.name.endswith(f"output_{end}:0"):
                    weight.assign(value)
    # TFMOT takes the kernels' ranges in training only: without this, calibrated networks have theirs at +-6.
    quantized(tf.zeros((1, 16, 16, 3)), training=True)
    return quantized


def in_bytes(quantized: Any, model: Any) -> Any:
    """What `fake_quantize` made of `model`, as a network from [0, 255] to [0, 255].

    Convolutions, (leaky) ReLU, sums and rearrangements are homogeneous, so that every bias and every range is scaled.
    """
    made = _apply(model, 255.0)
    for target, source in zip(made.weights, quantized.weights, strict=True):
        scaled = source.name.split("/")[-1] in ("bias:0", "output_low:0", "output_high:0")
        target.assign(source * 255 if scaled else source)
    return made


def _apply(model: Any, white: float) -> Any:
    """The model's layers wrapped by the scheme, their ranges not yet those of photos."""
    last = model.layers[-1]
    while isinstance(last, _MOVES_VALUES):
        last = last.inbound_nodes[0].inbound_layers
    registry = _Registry(last.name, white)
    for layer in model.layers[1:]:
        if not registry.supports(layer):
            raise SrganEdgeError(f"{model.name}: no way to quantize layer {layer.name} ({type(layer).__name__})")
    own = {
        c.__name__: c
        for c in (RangeQuantizer, PixelQuantizer, LayerQuantizeConfig, Internals.quantize_layer.QuantizeLayer)
    }
    with Quantize.quantize_scope(own):
        return Quantize.quantize_apply(Quantize.quantize_annotate_model(model), scheme=_Scheme(last.name, white))


def calibrate(model: Any, batches: Batches) -> dict[str, tuple[float, float]]:
    """Each layer's mean smallest and mean largest output over batches of LR bytes."""
    layers = [layer for layer in model.layers if isinstance(layer, _COMPUTES)]
    probe = keras.Model(model.input, [layer.output for layer in layers])

    @tf.function(autograph=False)
    def extremes(low: Any) -> Any:
        outputs = probe(tf.cast(low, tf.float32) / 255, training=False)
        return tf.stack([[tf.reduce_min(y), tf.reduce_max(y)] for y in outputs])

    means = np.mean([extremes(low).numpy() for low, _ in batches], axis=0)
    # Zero must be within a range for it to be exact, as the padding needs.
    return {layer.name: (min(0.0, float(a)), max(float(b), 1e-6)) for layer, (a, b) in zip(layers, means, strict=True)}
