"""What is inside a .tflite file, read from its flatbuffer."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srgan_edge.errors import SrganEdgeError
from srgan_edge.models import Model, ModelCard, content
from srgan_edge.runtime import isolated
from srgan_edge.runtime.captured import captured_output
from srgan_edge.runtime.interpreter import interpreter_package

# Builtin operators that the mobile GPU delegate (TFLite 2.16) lowers, of those a super-resolution net may have.
GPU_OPERATORS = frozenset(
    (
        "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D CUMSUM DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV ELU EXP "
        "FULLY_CONNECTED HARD_SWISH LEAKY_RELU LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG PAD "
        "PADV2 PRELU QUANTIZE RELU RELU6 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SLICE "
        "SOFTMAX SPACE_TO_DEPTH SPLIT SQRT SQUARE STRIDED_SLICE SUB TANH TRANSPOSE TRANSPOSE_CONV"
    ).split()
)
# Operators whose constant inputs are what a model has learnt; fp16 files hold them behind a DEQUANTIZE.
_WITH_WEIGHTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "PRELU", "DEQUANTIZE")
_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
# Operators that look at one position alone; padding moves positions, and what it makes up is at a tile's edges.
_POINTWISE = frozenset(
    (
        "ABS ADD CAST CONCATENATION DEQUANTIZE DIV ELU EXP FLOOR GELU HARD_SWISH LEAKY_RELU LOGISTIC MAXIMUM MINIMUM "
        "MIRROR_PAD MUL NEG PAD PADV2 POW PRELU QUANTIZE RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 ROUND RSQRT SQRT SQUARE "
        "SQUARED_DIFFERENCE SUB TANH"
    ).split()
)
# Operators that hold floating point in an integer model only because the file's own input or output is float.
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph."""

    name: str
    shape: list[int]
    dtype: str
    scale: list[float]
    """Quantization scales: none, one, or one a channel."""
    zero_point: list[int]


@dataclass(frozen=True)
class Operator:
    """An operator of the graph."""

    op: str
    version: int
    inputs: list[Tensor]
    outputs: list[Tensor]
    macs: int
    stride: int
    dilation: int
    block: int
    """Side of the square that DEPTH_TO_SPACE makes of a pixel, or SPACE_TO_DEPTH a pixel of; 1 of others."""


@dataclass(frozen=True)
class Graph:
    """A model file's main graph."""

    inputs: list[Tensor]
    outputs: list[Tensor]
    operators: list[Operator]
    parameters: int
    size_bytes: int
    runtime: tuple[int, ...]
    """The oldest TFLite that has all of its operators, as the converter noted; empty if it did not."""

    @property
    def float_ops(self) -> int:
        """Operators that compute in floating point; conversions of the graph's own input and output do not count."""
        return sum(
            op.op not in _CONVERSIONS and any(t.dtype.startswith("float") for t in op.inputs + op.outputs)
            for op in self.operators
        )

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the convolutions for one run; 0 if the model takes any size."""
        return sum(op.macs for op in self.operators)

    @property
    def macs_per_pixel(self) -> int:
        """The same for each pixel of the input; 0 if the graph of a model that takes any size does not say it."""
        height, width = self.inputs[0].shape[1:3]
        if min(height, width) > 0:
            return self.macs // (height * width)
        reach, total = self._reach(), 0.0
        for op in self.operators:
            if op.op in _CONVOLUTIONS:
                tensor = op.inputs[2] if op.op == "TRANSPOSE_CONV" else op.outputs[0]
                if reach is None or id(tensor) not in reach:
                    return 0
                total += math.prod(op.inputs[1].shape) / reach[id(tensor)][1] ** 2
        return round(total)

    def summary(self, card: ModelCard | None, partitions: int) -> dict[str, Any]:
        """What `srgan-edge inspect --json` prints."""
        counts = Counter((op.op, tuple(sorted({t.dtype for t in op.outputs}))) for op in self.operators)
        return {
            "inputs": [asdict(t) for t in self.inputs],
            "outputs": [asdict(t) for t in self.outputs],
            "ops": [{"op": op, "count": n, "dtypes": list(dtypes)} for (op, dtypes), n in counts.items()],
            "float_ops": self.float_ops,
            "float_islands": self.float_islands(),
            "receptive_field": self.receptive_field(),
            "tensors": [asdict(t) for op in self.operators for t in op.outputs],
            "runtime": ".".join(str(n) for n in self.runtime) or None,
            "parameters": self.parameters,
            "macs": self.macs,
            "macs_per_pixel": self.macs_per_pixel,
            "size_bytes": self.size_bytes,
            "xnnpack_partitions": partitions,
            "gpu": self.gpu_verdict(),
            "card": asdict(card) if card else None,
        }

    def float_islands(self) -> list[list[str]]:
        """The runs of operators that compute in floating point in an integer model, in order; none in a float one."""
        kinds = [any(t.dtype.startswith("float") for t in op.inputs + op.outputs) for op in self.operators]
        if all(kinds) or not any(t.dtype in ("int8", "uint8") for op in self.operators for t in op.outputs):
            return []
        islands: list[list[str]] = [[]]
        for op, floating in zip(self.operators, kinds, strict=True):
            if floating and op.op not in _CONVERSIONS:
                islands[-1].append(op.op)
            elif islands[-1]:
                islands.append([])
        return [island for island in islands if island]

    def receptive_field(self) -> int | None:
        """Input pixels on every side of a position that the output depends on; None if an operator looks farther.

        The largest sum of kernel radii over the graph's paths, each in units of its tensor's own resolution.
        """
        reach = self._reach()
        found = reach.get(id(self.outputs[0])) if reach is not None else None
        return None if found is None else math.ceil(found[0])

    def _reach(self) -> dict[int, tuple[float, float]] | None:
        """By tensor: how many input pixels it depends on around a position, and how many one of its pixels is wide."""
        reach: dict[int, tuple[float, float]] = {id(t): (0.0, 1.0) for t in self.inputs}
        for op in self.operators:
            parents = [reach[id(t)] for t in op.inputs if id(t) in reach]
            if not parents:
                continue
            radius, pixel = max(r for r, _ in parents), min(p for _, p in parents)
            if op.op in ("CONV_2D", "DEPTHWISE_CONV_2D"):
                radius += (max(op.inputs[1].shape[1:3]) - 1) / 2 * op.dilation * pixel
                pixel *= op.stride
            elif op.op == "DEPTH_TO_SPACE":
                pixel /= op.block
            elif op.op == "SPACE_TO_DEPTH":
                radius += (op.block - 1) * pixel
                pixel *= op.block
            elif op.op in ("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR", "TRANSPOSE_CONV"):
                image = op.inputs[2] if op.op == "TRANSPOSE_CONV" else op.inputs[0]
                if op.op == "TRANSPOSE_CONV":
                    radius += (max(op.inputs[1].shape[1:3]) - 1) / 2 * pixel
                elif op.op == "RESIZE_BILINEAR":
                    radius += pixel
                if min(image.shape[1], op.outputs[0].shape[1]) < 1:
                    return None
                pixel *= image.shape[1] / op.outputs[0].shape[1]
            elif op.op not in _POINTWISE:
                return None
            for tensor in op.outputs:
                reach[id(tensor)] = (radius, pixel)
        return reach

    def gpu_verdict(self) -> dict[str, Any]:
        """Whether the mobile GPU delegate takes the whole graph, and the operators it refuses with the reason."""
        refused = []
        for op in self.operators:
            if reason := _gpu_refusal(op):
                entry = {"op": op.op, "reason": reason}
                if entry not in refused:
                    refused.append(entry)
        return {"ok": not refused, "refused": refused}


def inspect(model: Model) -> Graph:
    """Read a model file.

    Raises:
        SrganEdgeError: it is not a TFLite model, or ai-edge-litert, which knows the format, is not installed.
    """
    try:
        return read_graph(content(model), str(model.path))
    except ImportError as error:
        raise SrganEdgeError(f"{model.path}: reading a model's graph needs the package ai-edge-litert") from error


def partitions_of(path: Path) -> int:
    """`xnnpack_partitions` of a file, in a process of its own: a damaged one may bring the runtime down.

    Raises:
        SrganEdgeError: as there, or the runtime crashes.
    """
    try:
        count, refused = isolated.call("srgan_edge.runtime.graph:_count_partitions", str(path.absolute()), limit=60.0)
    except (isolated.ChildError, TimeoutError) as error:
        raise SrganEdgeError(f"{path}: the runtime crashes on this file ({error})") from error
    if refused:
        raise SrganEdgeError(f"{path}: {refused}")
    return count


def _count_partitions(path: str) -> tuple[int, str]:
    try:
        return xnnpack_partitions(Path(path).read_bytes()), ""
    except SrganEdgeError as error:
        return 0, str(error)


def xnnpack_partitions(data: bytes) -> int:
    """The pieces that XNNPACK computes of a model on this machine; 0 = TFLite's own kernels, many times slower, do all.

    One is best: each operator that XNNPACK lacks ends a piece and is left to TFLite.

    Raises:
        SrganEdgeError: no runtime is installed, or it cannot load the model.
    """
    try:
        with captured_output():
            interpreter = interpreter_package().interpreter(model_content=data)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError, SystemError) as error:
        raise SrganEdgeError(f"cannot be loaded: {str(error).strip().splitlines()[0]}") from error
    nodes = interpreter._get_ops_details()
    return sum(node["op_name"] == "DELEGATE" for node in nodes)


def read_graph(data: bytes, origin: str) -> Graph:
    """The main graph of a .tflite file's bytes; `origin` names it in errors.

    Raises:
        SrganEdgeError: it is not a TFLite model, or a damaged one.
    """
    from ai_edge_litert import schema_py_generated as schema

    if data[4:8] != b"TFL3":
        raise SrganEdgeError(f"{origin}: not a TFLite model")
    try:
        graph = _graph(schema, data)
        graph.summary(None, 0)  # which looks at all that anybody asks for
    except Exception as error:  # the flatbuffer reader raises whatever its wrong offsets run into
        raise SrganEdgeError(f"{origin}: a damaged TFLite model ({type(error).__name__})") from error
    return graph


def _graph(schema: Any, data: bytes) -> Graph:
    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    graph = model.subgraphs[0]
    types = {value: name.lower() for name, value in vars(schema.TensorType).items() if name.isupper()}
    builtins = {v: name for name, v in vars(schema.BuiltinOperator).items() if name.isupper()}
    tensors = [_tensor(t, types) for t in graph.tensors]
    operators = [_operator(op, model, tensors, builtins) for op in graph.operators]
    computed = {t for op in graph.operators for t in op.outputs}
    constants = [
        tensors[i]
        for op in graph.operators
        if builtins[_code(model, op)] in _WITH_WEIGHTS
        for i in op.inputs
        if i >= 0 and i not in computed and i not in graph.inputs and tensors[i].shape
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
    quantization = tensor.quantization
    scale = quantization.scale if quantization is not None and quantization.scale is not None else []
    zero = quantization.zeroPoint if quantization is not None and quantization.zeroPoint is not None else []
    return Tensor(tensor.name.decode(), shape, types[tensor.type], [float(s) for s in scale], [int(z) for z in zero])


def _code(model: Any, op: Any) -> int:
    code = model.operatorCodes[op.opcodeIndex]
    # Older files hold the operator in a byte-sized field.
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def _operator(op: Any, model: Any, tensors: list[Tensor], builtins: dict[int, str]) -> Operator:
    code = model.operatorCodes[op.opcodeIndex]
    name = builtins[_code(model, op)]
    if name == "CUSTOM":
        name = f"CUSTOM {code.customCode.decode()}"
    inputs = [tensors[i] for i in op.inputs if i >= 0]
    outputs = [tensors[i] for i in op.outputs]
    stride = max(getattr(op.builtinOptions, "strideH", 1), getattr(op.builtinOptions, "strideW", 1))
    dilation = max(getattr(op.builtinOptions, "dilationHFactor", 1), getattr(op.builtinOptions, "dilationWFactor", 1))
    block = getattr(op.builtinOptions, "blockSize", 1) if name in ("DEPTH_TO_SPACE", "SPACE_TO_DEPTH") else 1
    return Operator(name, code.version, inputs, outputs, _macs(name, inputs, outputs), stride, dilation, block)


def _macs(name: str, inputs: list[Tensor], outputs: list[Tensor]) -> int:
    if name not in _CONVOLUTIONS:
        return 0
    positions = (inputs[2] if name == "TRANSPOSE_CONV" else outputs[0]).shape[1:3]
    kernel = math.prod(inputs[1].shape)
    return math.prod(positions) * kernel if min(positions) > 0 else 0


def _gpu_refusal(op: Operator) -> str:
    if op.op not in GPU_OPERATORS:
        return "the delegate has no such operator"
    if any(-1 in t.shape for t in op.outputs):
        return "a tensor of dynamic shape"
    if any(len(t.shape) > 4 for t in op.inputs + op.outputs):
        return "a tensor of more than 4 dimensions"
    return ""
