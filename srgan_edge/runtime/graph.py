"""What is inside a .tflite file, read from its flatbuffer."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from srgan_edge.errors import SrganEdgeError
from srgan_edge.models import Model, ModelCard
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
# Operators that look at one position alone.
_POINTWISE = frozenset(
    (
        "ADD CONCATENATION DEQUANTIZE DIV ELU EXP HARD_SWISH LEAKY_RELU LOGISTIC MAXIMUM MINIMUM MUL NEG PRELU "
        "QUANTIZE RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 SQRT SQUARE SUB TANH"
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
        """Multiply-accumulates of the convolutions for one run."""
        return sum(op.macs for op in self.operators)

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
        reach: dict[int, tuple[float, float]] = {id(t): (0.0, 1.0) for t in self.inputs}
        for op in self.operators:
            parents = [reach[id(t)] for t in op.inputs if id(t) in reach]
            if not parents:
                continue
            radius, pixel = max(r for r, _ in parents), min(p for _, p in parents)
            if op.op in ("CONV_2D", "DEPTHWISE_CONV_2D"):
                radius += (max(op.inputs[1].shape[1:3]) - 1) / 2 * op.dilation * pixel
                pixel *= op.stride
            elif op.op in ("DEPTH_TO_SPACE", "RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR", "TRANSPOSE_CONV"):
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
        found = reach.get(id(self.outputs[0]))
        return None if found is None else math.ceil(found[0])

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
        SrganEdgeError: it is not a TFLite model.
    """
    try:
        return read_graph(model.path.read_bytes(), str(model.path))
    except OSError as error:
        raise SrganEdgeError(f"{model.path}: cannot be read: {error.strerror}") from error


def xnnpack_partitions(content: bytes) -> int:
    """The pieces that XNNPACK computes of a model on this machine; 0 = TFLite's own kernels, many times slower, do all.

    One is best: each operator that XNNPACK lacks ends a piece and is left to TFLite.

    Raises:
        SrganEdgeError: no runtime is installed, or it cannot load the model.
    """
    try:
        with captured_output():
            interpreter = interpreter_package().interpreter(model_content=content)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise SrganEdgeError(f"the model cannot be loaded: {error}") from error
    nodes = interpreter._get_ops_details()
    return sum(node["op_name"] == "DELEGATE" for node in nodes)


def read_graph(content: bytes, origin: str) -> Graph:
    """The main graph of a .tflite file's bytes; `origin` names it in errors."""
    from ai_edge_litert import schema_py_generated as schema

    if content[4:8] != b"TFL3":
        raise SrganEdgeError(f"{origin}: not a TFLite model")
    try:
        model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        graph = model.subgraphs[0]
        types = {value: name.lower() for name, value in vars(schema.TensorType).items() if name.isupper()}
        builtins = {v: name for name, v in vars(schema.BuiltinOperator).items() if name.isupper()}
        tensors = [_tensor(t, types) for t in graph.tensors]
        operators = [_operator(op, model, tensors, builtins) for op in graph.operators]
    except Exception as error:  # the flatbuffer reader raises whatever its wrong offsets run into
        raise SrganEdgeError(f"{origin}: a damaged TFLite model ({type(error).__name__})") from error
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
        len(content),
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
    return Operator(name, code.version, inputs, outputs, _macs(name, inputs, outputs), stride, dilation)


def _macs(name: str, inputs: list[Tensor], outputs: list[Tensor]) -> int:
    if name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        positions, kernel = outputs[0].shape[1:3], math.prod(inputs[1].shape)
    elif name == "TRANSPOSE_CONV":
        positions, kernel = inputs[2].shape[1:3], math.prod(inputs[1].shape)
    else:
        return 0
    return math.prod(positions) * kernel if min(positions) > 0 else 0


def _gpu_refusal(op: Operator) -> str:
    if op.op not in GPU_OPERATORS:
        return "the delegate has no such operator"
    if any(-1 in t.shape for t in op.outputs):
        return "a tensor of dynamic shape"
    if any(len(t.shape) > 4 for t in op.inputs + op.outputs):
        return "a tensor of more than 4 dimensions"
    return ""
