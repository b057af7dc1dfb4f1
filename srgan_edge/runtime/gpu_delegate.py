"""Which operators the mobile GPU delegate takes, by its published list: on a desktop there is none to ask."""

from __future__ import annotations

from typing import Any

from srgan_edge.runtime.graph import Graph, Operator

# Builtin operators that the mobile GPU delegate (TFLite 2.16) lowers, of those a super-resolution net may have.
OPERATORS = frozenset(
    (
        "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D CUMSUM DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV ELU EXP "
        "FULLY_CONNECTED HARD_SWISH LEAKY_RELU LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG PAD "
        "PADV2 PRELU QUANTIZE RELU RELU6 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SLICE "
        "SOFTMAX SPACE_TO_DEPTH SPLIT SQRT SQUARE STRIDED_SLICE SUB TANH TRANSPOSE TRANSPOSE_CONV"
    ).split()
)


def gpu_verdict(graph: Graph) -> dict[str, Any]:
    """Whether the delegate takes the whole graph, and what it refuses: `{"ok", "refused": [{"op", "reason"}]}`."""
    refused = []
    for op in graph.operators:
        if reason := _refusal(op):
            entry = {"op": op.op, "reason": reason}
            if entry not in refused:
                refused.append(entry)
    return {"ok": not refused, "refused": refused}


def _refusal(op: Operator) -> str:
    if op.op not in OPERATORS:
        return "the delegate has no such operator"
    if any(-1 in t.shape for t in op.outputs):
        return "a tensor of dynamic shape"
    if any(len(t.shape) > 4 for t in op.inputs + op.outputs):
        return "a tensor of more than 4 dimensions"
    return ""
