"""From a Keras network to the bytes of a .tflite file."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def export_int8(quantized: Any, tile: int) -> bytes:
    """INT8 with uint8 input and output, from a fake-quantized network in [0, 1]."""
    converter = _converter(quantized, tile)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    return converter.convert()


def export_fp16(network: Any, tile: int) -> bytes:
    """FP16 weights with float32 input and output, from a float network in [0, 255]."""
    converter = _converter(network, tile)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def _converter(network: Any, tile: int) -> Any:
    side = tile or None
    spec = tf.TensorSpec((1, side, side, 3), tf.float32, name="image")
    function = tf.function(lambda image: network(image, training=False), input_signature=[spec], autograph=False)
    return tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], network)
