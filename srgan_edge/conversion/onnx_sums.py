"""Sums of INT8 values that ONNX Runtime rounds as XNNPACK does.

XNNPACK adds in integers, ((a - za) ka + (b - zb) kb + half) >> shift, with factors of 21 bits (xnn_init_qs8_add_minmax
in its microparams-init.c). ONNX Runtime adds in float32, (a - za) sa/sc + (b - zb) sb/sc, to the nearest. Of the 65,536
pairs of two bytes a few are so near to a half that it rounds them to the other side. So the scales of a sum's inputs
are moved by a few millionths, into the middle of where every pair is rounded as by XNNPACK.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# How far a scale may be moved, of itself.
_MOST = 2e-6
_FACTOR_BITS = 20


class Sum(NamedTuple):
    """Scale and zero point of two addends and of their sum, all uint8."""

    scales: tuple[float, float, float]
    zeros: tuple[int, int, int]

    @property
    def factors(self) -> tuple[int, int, int]:
        """XNNPACK's two factors and their shift."""
        a, b, c = (np.float32(scale) for scale in self.scales)
        ratios = np.float64(a / c), np.float64(b / c)
        shift = _FACTOR_BITS - int(np.floor(np.log2(max(ratios))))
        one, two = (int(np.rint(ratio * 2.0**shift)) for ratio in ratios)
        return one, two, shift

    def table(self) -> NDArray[np.uint8]:
        """XNNPACK's result for each pair of bytes, [256, 256]."""
        one, two, shift = self.factors
        a, b = self._apart()
        whole = (one * a + two * b + (1 << (shift - 1))) >> shift
        return np.clip(whole + self.zeros[2], 0, 255).astype(np.uint8)

    def nudged(self) -> tuple[float, float]:
        """The addends' scales for float arithmetic: as far as can be from where a pair is rounded otherwise."""
        from scipy.optimize import linprog

        one, two, shift = self.factors
        a, b = self._apart()
        value = (one * a + two * b) / 2.0**shift
        result = self.table().astype(np.float64)
        low = np.where(result > 0, result - self.zeros[2] - 0.5, -np.inf)
        high = np.where(result < 255, result - self.zeros[2] + 0.5, np.inf)
        # Unknown: how far the two ratios move and the margin, all in millionths; the margin is to be the largest.
        rows, bounds = [], []
        for sign, room in ((-1, value - low), (1, high - value)):
            near = room < 1e-3
            rows.append(np.stack([sign * a[near], sign * b[near], np.ones(near.sum())], axis=1))
            bounds.append(room[near] * 1e6)
        ratios = one / 2.0**shift, two / 2.0**shift
        limits = [(-_MOST * 1e6 * ratio, _MOST * 1e6 * ratio) for ratio in ratios]
        found = linprog([0, 0, -1], np.concatenate(rows), np.concatenate(bounds), bounds=[*limits, (None, 1e3)])
        moves = found.x[:2] * 1e-6 if found.success else (0.0, 0.0)
        first, second = ((ratio + move) * self.scales[2] for ratio, move in zip(ratios, moves, strict=True))
        return float(first), float(second)

    def _apart(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        a, b = np.meshgrid(np.arange(256), np.arange(256), indexing="ij")
        return a - self.zeros[0], b - self.zeros[1]


def sums_of(graph: Any) -> list[tuple[Any, tuple[Any, Any], Sum]]:
    """Of an ONNX graph: each Add of quantized values, the nodes that dequantize its inputs, and its numbers."""
    from onnx import numpy_helper

    constants: dict[str, Any] = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
    makers: dict[str, Any] = {name: node for node in graph.node for name in node.output}
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    found: list[tuple[Any, tuple[Any, Any], Sum]] = []
    for node in (n for n in graph.node if n.op_type == "Add"):
        three = [n for n in (*map(makers.get, node.input), *readers.get(node.output[0], [])) if n is not None]
        if [n.op_type for n in three] != ["DequantizeLinear", "DequantizeLinear", "QuantizeLinear"]:
            continue
        if any(name not in constants for n in three for name in n.input[1:]):
            continue
        scales, zeros = ([constants[n.input[i]] for n in three] for i in (1, 2))
        if all(s.size == 1 for s in scales) and all(z.dtype == np.uint8 for z in zeros):
            (a, b, c), (i, j, k) = ([value.item() for value in values] for values in (scales, zeros))
            found.append((node, (three[0], three[1]), Sum((a, b, c), (i, j, k))))
    return found


def round_alike(graph: Any) -> None:
    """Give the sums of an ONNX graph the scales with which float arithmetic rounds as XNNPACK."""
    from onnx import helper, numpy_helper

    for index, (node, inputs, numbers) in enumerate(sums_of(graph)):
        for side, (source, scale) in enumerate(zip(inputs, numbers.nudged(), strict=True)):
            name = f"sum{index}_{side}"
            constant = numpy_helper.from_array(np.array(scale, np.float32), f"{name}_scale")
            graph.initializer.append(constant)
            made = helper.make_node("DequantizeLinear", [source.input[0], constant.name, source.input[2]], [name])
            graph.node.insert(list(graph.node).index(node), made)
            node.input[side] = name
