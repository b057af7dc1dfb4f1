"""From a Keras network to the bytes of a .tflite file."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def export_int8(quantized: Any, tile: int, io: str = "uint8") -> bytes:
    """INT8 with input and output of type `io`, from a fake-quantized network in [0, 1].

    With io "float32" numbers are what they are in the network: see `fake_quantization.in_bytes`.
    """
    converter = _converter(quantized, tile)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = getattr(tf, io)
    return converter.convert()


def export_float(network: Any, tile: int, weights: str) -> bytes:
    """Float32 input and output, from a float network in [0, 255].

    `weights` are "float32", "fp16", or "dynamic": 8 bits a weight, and activations quantized while it runs.
    """
    converter = _converter(network, tile)
    if weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if weights == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def _converter(network: Any, tile: int) -> Any:
    side = tile or None
    spec = tf.TensorSpec((1, side, side, 3), tf.float32, name="image")
    function = tf.function(lambda image: network(image, training=False), input_signature=[spec], autograph=False)
    return tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], network)
