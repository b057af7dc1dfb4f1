"""What a .tflite model is made of: its tensors and operators, their cost, and how far its output looks."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
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
# No network shrinks or enlarges more often than this; a damaged file's may.
_MOST_TIMES = 2**16


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
    align_corners: bool
    """A resize whose steps depend on how large the image is."""


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
        pixels, total = self._pixels(), Fraction(0)
        for op in self.operators:
            if op.op in CONVOLUTIONS:
                tensor = op.inputs[2] if op.op == "TRANSPOSE_CONV" else op.outputs[0]
                if pixels is None or id(tensor) not in pixels:
                    return 0
                total += math.prod(op.inputs[1].shape) / pixels[id(tensor)] ** 2
        return round(total)

    def summary(self) -> dict[str, Any]:
        """All of it, as `srgan-edge inspect --json` prints it."""
        counts = Counter((op.op, tuple(sorted({t.dtype for t in op.outputs}))) for op in self.operators)
        return {
            "inputs": [asdict(t) for t in self.inputs],
            "outputs": [asdict(t) for t in self.outputs],
            "ops": [{"op": op, "count": n, "dtypes": list(dtypes)} for (op, dtypes), n in counts.items()],
            "float_ops": self.float_ops,
            "float_islands": self.float_islands(),
            "receptive_field": self.receptive_field(),
            "stride": self.stride,
            "tensors": [asdict(t) for op in self.operators for t in op.outputs],
            "runtime": ".".join(str(n) for n in self.runtime) or None,
            "parameters": self.parameters,
            "macs": self.macs,
            "macs_per_pixel": self.macs_per_pixel,
            "size_bytes": self.size_bytes,
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
        """Input pixels on every side of a part of the output that it depends on; None if an operator looks farther.

        The part begins and ends on multiples of `stride`. The largest sum of kernel radii over the graph's paths, each
        in units of its tensor's own resolution: from the output back, with what is seen in part counted as a whole.
        """
        pixels = self._pixels()
        if pixels is None or id(self.outputs[0]) not in pixels:
            return None
        reach = {id(self.outputs[0]): Fraction(0)}
        for op in reversed(self.operators):
            seen = [reach[id(t)] for t in op.outputs if id(t) in reach]
            for tensor in op.inputs if seen else ():
                if (pixel := pixels.get(id(tensor))) is not None:
                    radius = (math.ceil(max(seen) / pixel) + _radius(op)) * pixel
                    reach[id(tensor)] = max(radius, reach.get(id(tensor), radius))
        return max(math.ceil(reach.get(id(t), 0)) for t in self.inputs)

    @property
    def stride(self) -> int:
        """Of how many input pixels the places where tiles may begin are multiples: there all tensors' pixels begin."""
        return math.lcm(*(pixel.numerator for pixel in (self._pixels() or {}).values()))

    def _pixels(self) -> dict[int, Fraction] | None:
        """By tensor: how many input pixels one of its pixels is wide; None if that is not known of one."""
        pixels = {id(t): Fraction(1) for t in self.inputs}
        for op in self.operators:
            parents = [pixels[id(t)] for t in op.inputs if id(t) in pixels]
            if not parents:
                continue
            pixel = min(parents)
            if op.op in ("CONV_2D", "DEPTHWISE_CONV_2D"):
                pixel *= op.stride
            elif op.op == "SPACE_TO_DEPTH":
                pixel *= op.block
            elif op.op == "DEPTH_TO_SPACE":
                pixel /= op.block
            elif op.op == "TRANSPOSE_CONV":
                pixel /= op.stride
            elif op.op in ("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"):
                before, after = op.inputs[0].shape[1], op.outputs[0].shape[1]
                if min(before, after) < 1 or op.align_corners:
                    return None
                pixel *= Fraction(before, after)
            elif op.op not in _POINTWISE:
                return None
            if not 0 < pixel.numerator <= _MOST_TIMES >= pixel.denominator:
                return None
            pixels |= {id(tensor): pixel for tensor in op.outputs}
        return pixels


def _radius(op: Operator) -> int:
    """How many pixels of its input an operator looks past those in whose place a result stands."""
    if op.op in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return max(op.inputs[1].shape[1:3]) // 2 * op.dilation  # an even kernel looks farther to one side
    if op.op == "TRANSPOSE_CONV":
        side, stride = max(op.inputs[1].shape[1:3]), op.stride
        padding = max(side - stride, 0) // 2
        return max((stride - 1 + padding) // stride, (side - 1 - padding) // stride)
    return 1 if op.op == "RESIZE_BILINEAR" else 0
