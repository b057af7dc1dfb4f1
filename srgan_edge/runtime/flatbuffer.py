"""Reading and writing .tflite files, flatbuffers of the schema that ai-edge-litert brings; no interpreter is needed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError
from srgan_edge.models import Model, content
from srgan_edge.runtime.flatbuffer_size import OverfullError, check_size
from srgan_edge.runtime.graph import CONVOLUTIONS, Graph, Operator, Tensor

# Operators whose constant inputs are what a model has learnt; fp16 files hold them behind a DEQUANTIZE.
_WITH_WEIGHTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "PRELU", "DEQUANTIZE")
# Kernels of TFLite have tensors of 8 dimensions at most.
_MOST_DIMENSIONS = 8


def graph_of(model: Model) -> Graph:
    """The main graph of a model's file.

    Raises:
        SrganEdgeError: it is not a TFLite model, or ai-edge-litert, which knows the format, is not installed.
    """
    try:
        return read_graph(content(model), str(model.path))
    except ImportError as error:
        raise SrganEdgeError(f"{model.path}: reading a model's graph needs the package ai-edge-litert") from error


def unpacked(data: bytes) -> tuple[Any, Any]:
    """The schema's module, and a file's bytes as its `ModelT`: plain objects with every field.

    Raises:
        OverfullError: they would take far more memory than the file.
    """
    from ai_edge_litert import schema_py_generated as schema

    check_size(schema, data)
    return schema, schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))


def packed(model: Any) -> bytes:
    """The bytes of a file with an unpacked model in it."""
    import flatbuffers

    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def builtin(code: Any) -> int:
    """The builtin operator of an entry of `operatorCodes`; older files hold it in a byte-sized field."""
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def operator_code(model: Any, op: Any) -> int:
    """Which builtin operator one of an unpacked model is."""
    return builtin(model.operatorCodes[op.opcodeIndex])


def operator_index(model: Any, schema: Any, operator: int, version: int) -> int:
    """Where `operatorCodes` of an unpacked model has a builtin operator, which is put there if need be."""
    for index, code in enumerate(model.operatorCodes):
        if builtin(code) == operator and code.version == version:
            return index
    code: Any = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = operator
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def add_constant(model: Any, schema: Any, tensor: Any, values: NDArray[Any]) -> int:
    """Put a tensor that holds `values` into the first graph of an unpacked model; its index there."""
    buffer: Any = schema.BufferT()
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    tensor.buffer = len(model.buffers)
    model.buffers.append(buffer)
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1


def read_graph(data: bytes, origin: str) -> Graph:
    """The main graph of a .tflite file's bytes; `origin` names it in errors.

    Raises:
        SrganEdgeError: it is not a TFLite model, or a damaged one.
    """
    if data[4:8] != b"TFL3":
        raise SrganEdgeError(f"{origin}: not a TFLite model")
    try:
        graph = _graph(data)
        graph.summary()  # which looks at all that anybody asks for
    except OverfullError as error:
        raise SrganEdgeError(f"{origin}: a damaged TFLite model: {error}") from error
    except Exception as error:  # the flatbuffer reader raises whatever its wrong offsets run into
        raise SrganEdgeError(f"{origin}: a damaged TFLite model ({type(error).__name__})") from error
    return graph


def _graph(data: bytes) -> Graph:
    schema, model = unpacked(data)
    graph = model.subgraphs[0]
    types = {value: name.lower() for name, value in vars(schema.TensorType).items() if name.isupper()}
    builtins = {v: name for name, v in vars(schema.BuiltinOperator).items() if name.isupper()}
    tensors = [_tensor(t, types) for t in graph.tensors]
    kinds = [_kind(code, builtins) for code in model.operatorCodes]
    operators = [_operator(op, model, kinds, tensors) for op in graph.operators]
    results = [int(i) for op in graph.operators for i in op.outputs]
    if sum(_numbers(tensors[i]) for i in (*results, *graph.inputs, *graph.outputs)) > len(data):
        raise OverfullError  # a summary has them all, and one tensor may be named many times
    computed, given = set(results), set(graph.inputs.tolist())
    constants = [
        tensors[i]
        for op in graph.operators
        if kinds[op.opcodeIndex] in _WITH_WEIGHTS
        for i in op.inputs
        if i >= 0 and i not in computed and i not in given and tensors[i].shape
    ]
    return Graph(
        [tensors[i] for i in graph.inputs],
        [tensors[i] for i in graph.outputs],
        operators,
        sum(math.prod(t.shape) for t in {id(t): t for t in constants}.values()),
        len(data),
        _runtime(model),
    )


def _runtime(model: Any) -> tuple[int, ...]:
    for entry in model.metadata or ():
        if entry.name == b"min_runtime_version":
            text = bytes(model.buffers[entry.buffer].data).rstrip(b"\0").decode()
            return tuple(int(n) for n in text.split(".")) if text.replace(".", "").isdigit() else ()
    return ()


def _tensor(tensor: Any, types: dict[int, str]) -> Tensor:
    signature = tensor.shapeSignature if tensor.shapeSignature is not None else tensor.shape
    shape = [int(n) for n in signature] if signature is not None else []
    if len(shape) > _MOST_DIMENSIONS:
        raise ValueError("a tensor of too many dimensions")
    quantization = tensor.quantization
    scale = quantization.scale if quantization is not None and quantization.scale is not None else []
    zero = quantization.zeroPoint if quantization is not None and quantization.zeroPoint is not None else []
    return Tensor(tensor.name.decode(), shape, types[tensor.type], [float(s) for s in scale], [int(z) for z in zero])


def _numbers(tensor: Tensor) -> int:
    return len(tensor.shape) + len(tensor.scale) + len(tensor.zero_point)


def _kind(code: Any, builtins: dict[int, str]) -> str:
    name = builtins[builtin(code)]
    return f"CUSTOM {code.customCode.decode()}" if name == "CUSTOM" else name


def _operator(op: Any, model: Any, kinds: list[str], tensors: list[Tensor]) -> Operator:
    name, version = kinds[op.opcodeIndex], model.operatorCodes[op.opcodeIndex].version
    inputs = [tensors[i] for i in op.inputs if i >= 0]
    outputs = [tensors[i] for i in op.outputs]
    stride = max(getattr(op.builtinOptions, "strideH", 1), getattr(op.builtinOptions, "strideW", 1))
    dilation = max(getattr(op.builtinOptions, "dilationHFactor", 1), getattr(op.builtinOptions, "dilationWFactor", 1))
    block = getattr(op.builtinOptions, "blockSize", 1) if name in ("DEPTH_TO_SPACE", "SPACE_TO_DEPTH") else 1
    anchored = bool(getattr(op.builtinOptions, "alignCorners", False))
    return Operator(name, version, inputs, outputs, _macs(name, inputs, outputs), stride, dilation, block, anchored)


def _macs(name: str, inputs: list[Tensor], outputs: list[Tensor]) -> int:
    if name not in CONVOLUTIONS:
        return 0
    positions = (inputs[2] if name == "TRANSPOSE_CONV" else outputs[0]).shape[1:3]
    kernel = math.prod(inputs[1].shape)
    return math.prod(positions) * kernel if min(positions) > 0 else 0


def convolutions(data: bytes) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernel `(h, w, in, out)` and bias of each CONV_2D of a float model, in the graph's order, as float32."""
    schema, model = unpacked(data)
    graph, builtins = model.subgraphs[0], schema.BuiltinOperator
    # An FP16 file holds weights behind a DEQUANTIZE.
    origin = {op.outputs[0]: op.inputs[0] for op in graph.operators if operator_code(model, op) == builtins.DEQUANTIZE}
    types = {schema.TensorType.FLOAT16: np.float16, schema.TensorType.FLOAT32: np.float32}

    def constant(index: int) -> np.ndarray:
        tensor = graph.tensors[origin.get(index, index)]
        numbers = bytes(model.buffers[tensor.buffer].data)
        return np.frombuffer(numbers, types[tensor.type]).reshape(tensor.shape).astype(np.float32)

    return [
        (constant(op.inputs[1]).transpose(1, 2, 3, 0), constant(op.inputs[2]))
        for op in graph.operators
        if operator_code(model, op) == builtins.CONV_2D
    ]
