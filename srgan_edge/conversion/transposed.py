"""DEPTH_TO_SPACE written as TRANSPOSE_CONV, for compilers of NPUs that lack it (MediaTek's, Samsung's, Coral's).

A kernel as wide as its stride that is 1 where a channel goes to its place in the block and 0 elsewhere moves values as
DEPTH_TO_SPACE does: each result is one value times 1, in INT8 as in floating point.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srgan_edge.runtime.flatbuffer import add_constant, operator_code, operator_index, packed, unpacked

# 1 as an INT8 weight: a power of two, so that times its scale it is 1 exactly in every runtime's arithmetic.
_ONE = 64


def transposed(content: bytes) -> bytes:
    """A .tflite file's bytes with each DEPTH_TO_SPACE as a TRANSPOSE_CONV; the results are the same to the bit.

    The model has a fixed tile.
    """
    schema, model = unpacked(content)
    builtins, graph = schema.BuiltinOperator, model.subgraphs[0]
    for op in [op for op in graph.operators if operator_code(model, op) == builtins.DEPTH_TO_SPACE]:
        image, result = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
        block, integers = op.builtinOptions.blockSize, image.type == schema.TensorType.INT8
        kernel = one_hot(int(result.shape[3]), block)
        weights: Any = schema.TensorT()
        weights.name, weights.shape = image.name + b"/places", np.array(kernel.shape, np.int32)
        weights.type = image.type
        if integers:
            weights.quantization = schema.QuantizationParametersT()
            weights.quantization.scale = np.full(kernel.shape[0], 1 / _ONE, np.float32)
            weights.quantization.zeroPoint = np.zeros(kernel.shape[0], np.int64)
        shape: Any = schema.TensorT()
        shape.name, shape.type = image.name + b"/size", schema.TensorType.INT32
        shape.shape = np.array([4], np.int32)
        values = (kernel * _ONE).astype(np.int8) if integers else kernel
        kernel_index = add_constant(model, schema, weights, values)
        size_index = add_constant(model, schema, shape, np.asarray(result.shape, np.int32))
        op.inputs = np.array([size_index, kernel_index, op.inputs[0]], np.int32)
        options: Any = schema.TransposeConvOptionsT()
        options.padding, options.strideH, options.strideW = schema.Padding.VALID, block, block
        op.builtinOptions, op.builtinOptionsType = options, schema.BuiltinOptions.TransposeConvOptions
        op.opcodeIndex = operator_index(model, schema, builtins.TRANSPOSE_CONV, 2 if integers else 1)
    return packed(model)


def one_hot(channels: int, block: int) -> np.ndarray:
    """The kernel [channels, block, block, channels block^2]: channel `(by block + bx) channels + c` to (by, bx)."""
    places = np.eye(block * block * channels, dtype=np.float32)
    return np.ascontiguousarray(places.reshape(block, block, channels, -1).transpose(2, 0, 1, 3))
