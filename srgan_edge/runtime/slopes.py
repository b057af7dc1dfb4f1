"""Negative slopes of LeakyReLUs, as GANs learn them, written so that GPUs and NPUs compute them."""

from __future__ import annotations

from typing import Any

import numpy as np

from srgan_edge.runtime.flatbuffer import add_constant, operator_code, operator_index, packed, unpacked


def signed_slopes(content: bytes) -> bytes:
    """Write a model's LeakyReLUs of a negative slope as PReLUs of equal slopes: the same function.

    Of a LeakyReLU's slope Qualcomm's compiler makes an unsigned number, so that the NPU takes a negative one for 0, and
    LiteRT's GPU code goes wrong too (seen on an NVIDIA H200: srgan-x4-fp16 was 30 levels of 255 off, as PReLUs 1);
    nothing says so. A PReLU's slopes are a tensor with a sign.

    Raises:
        ValueError: it is no TFLite model.
    """
    if content[4:8] != b"TFL3":
        raise ValueError("not a TFLite model")
    schema, model = unpacked(content)
    graph = model.subgraphs[0]
    types = (schema.TensorType.INT8, schema.TensorType.FLOAT32)
    negative = [
        op
        for op in graph.operators
        if operator_code(model, op) == schema.BuiltinOperator.LEAKY_RELU
        and op.builtinOptions.alpha < 0
        and graph.tensors[op.inputs[0]].type in types
    ]
    if not negative:
        return content
    prelu = operator_index(model, schema, schema.BuiltinOperator.PRELU, 1)
    for op in negative:
        image, slope = graph.tensors[op.inputs[0]], op.builtinOptions.alpha
        slopes: Any = schema.TensorT()
        slopes.name, slopes.type = image.name + b"/slopes", image.type
        slopes.shape = np.array([1, 1, image.shape[3]], np.int32)
        if image.type == schema.TensorType.INT8:
            quantization: Any = schema.QuantizationParametersT()
            quantization.scale = np.array([-slope / 127], np.float32)
            quantization.zeroPoint = np.zeros(1, np.int64)
            slopes.quantization = quantization
            values = np.full(image.shape[3], -127, np.int8)
        else:
            values = np.full(image.shape[3], slope, np.float32)
        op.inputs = np.array([op.inputs[0], add_constant(model, schema, slopes, values)], np.int32)
        op.opcodeIndex, op.builtinOptions = prelu, None
        op.builtinOptionsType = schema.BuiltinOptions.NONE
    return packed(model)
