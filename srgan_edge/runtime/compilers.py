"""What the compilers of chips that are not here take, as their sources and manuals list it.

MediaTek and Intel: `kSupportedOps` of litert/vendors/*/compiler in LiteRT's sources; Samsung: the builders there;
Coral: the Edge TPU compiler's manual, "Supported operations". Qualcomm's is here: convert --npu asks it itself.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from srgan_edge.errors import UnknownNameError
from srgan_edge.runtime.graph import Graph


class Compiler(NamedTuple):
    """A compiler's operators, of those that a super-resolution network may have."""

    operators: frozenset[str]
    integers: bool = False
    """It takes INT8 networks alone."""


def _listed(names: str, integers: bool = False) -> Compiler:
    return Compiler(frozenset(names.split()), integers)


COMPILERS = {
    "mediatek": _listed(
        "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEQUANTIZE DIV FULLY_CONNECTED GELU HARD_SWISH "
        "LEAKY_RELU LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL PAD PADV2 PRELU QUANTIZE RELU RESHAPE "
        "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT SLICE SOFTMAX SPLIT SQRT SQUARED_DIFFERENCE STRIDED_SLICE SUB "
        "SUM TANH TILE TRANSPOSE TRANSPOSE_CONV"
    ),
    "samsung": _listed(
        "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEQUANTIZE DIV FULLY_CONNECTED GELU HARD_SWISH "
        "LEAKY_RELU LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL PAD QUANTIZE RELU RELU6 RELU_N1_TO_1 RESHAPE "
        "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SLICE SOFTMAX SPACE_TO_DEPTH SPLIT STRIDED_SLICE SUB TANH TRANSPOSE "
        "TRANSPOSE_CONV"
    ),
    "intel": _listed(
        "ABS ADD AVERAGE_POOL_2D CONCATENATION CONV_2D CUMSUM DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV EXP "
        "EXPAND_DIMS FULLY_CONNECTED GELU HARD_SWISH LEAKY_RELU LOG LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM "
        "MIRROR_PAD MUL PACK PAD PADV2 POW PRELU QUANTIZE RELU RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT "
        "SLICE SOFTMAX SPLIT SQRT SQUARED_DIFFERENCE STRIDED_SLICE SUB SUM TANH TRANSPOSE TRANSPOSE_CONV"
    ),
    "coral": _listed(
        "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D EXPAND_DIMS FULLY_CONNECTED L2_NORMALIZATION "
        "LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL PACK PAD PRELU QUANTIZE RELU RELU6 RELU_N1_TO_1 RESHAPE "
        "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT SLICE SOFTMAX SPACE_TO_DEPTH SPLIT SQUARED_DIFFERENCE SQUEEZE "
        "STRIDED_SLICE SUB SUM TANH TRANSPOSE TRANSPOSE_CONV",
        integers=True,
    ),
}


def lacking(graph: Graph, target: str) -> dict[str, Any]:
    """What a compiler would leave to the CPU: `{"ok", "lacking": [{"op", "count", "reason"}]}`.

    Raises:
        UnknownNameError: no such compiler is known.
    """
    if target not in COMPILERS:
        raise UnknownNameError("target", target, COMPILERS)
    compiler = COMPILERS[target]
    found: Counter[tuple[str, str]] = Counter()
    for op in graph.operators:
        if op.op not in compiler.operators:
            reason = "the compiler has no such operator"
            if op.op == "DEPTH_TO_SPACE" and "TRANSPOSE_CONV" in compiler.operators:
                reason += "; convert --transpose-conv writes it as one that it has"
            found[op.op, reason] += 1
        elif compiler.integers and any(t.dtype.startswith("float") for t in op.inputs + op.outputs):
            found[op.op, "the compiler takes integers alone"] += 1
    entries = [{"op": op, "count": count, "reason": reason} for (op, reason), count in found.items()]
    return {"ok": not entries, "lacking": entries}
