"""Between bytes and the numbers that a network takes and gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import UsageError
from srgan_edge.imaging import Bytes

Range = tuple[float, float]
"""What black and white are to a network."""

BYTES: Range = (0.0, 255.0)
CONVENTIONS: tuple[Range, ...] = (BYTES, (0.0, 1.0), (-1.0, 1.0))
"""Those that networks are trained in."""
# How much of a convention's width the ends of a quantized tensor may be off: calibration sees neither black nor white.
_NEAR = 0.1
# Levels that a quantized end may be off for a value to be the pixel itself: its zero point was rounded to a whole one.
_ROUNDED = 0.501


class Ranges(NamedTuple):
    """What the user says of a model; None = what its own file says, and bytes where it says nothing."""

    input: Range | None = None
    output: Range | None = None


UNSAID = Ranges()


class Numbers(NamedTuple):
    """How an input or output tensor holds real numbers: `scale * (value - zero_point)` if it is quantized."""

    dtype: np.dtype[Any]
    scale: float = 0.0
    zero_point: int = 0

    @property
    def span(self) -> Range | None:
        """The smallest and largest real number that it holds; None if it is not quantized."""
        if not self.scale:
            return None
        limits = np.iinfo(self.dtype)
        return (limits.min - self.zero_point) * self.scale, (limits.max - self.zero_point) * self.scale


def checked(value_range: Range, name: str) -> Range:
    """A range that a user gave.

    Raises:
        UsageError: it is not two finite numbers, black's below white's.
    """
    low, high = value_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(f"{name} {low:g} {high:g}: black comes first, then white, both finite numbers")
    return float(low), float(high)


def read_ranges(start: Sequence[float] | None, end: Sequence[float] | None) -> Ranges:
    """Ranges as JSON holds them."""
    return Ranges((start[0], start[1]) if start else None, (end[0], end[1]) if end else None)


def resolve(given: Ranges, taken: Numbers, made: Numbers) -> tuple[Range, Range] | None:
    """What black and white are to a model's input and output, as the user or the quantization of its file says.

    A float model that nothing is said of takes bytes and gives what it takes. None: the input is quantized for
    numbers that no convention has.
    """
    start = given.input or _nearest(taken)
    if start is None:
        return None
    own = _nearest(made) if made.scale else None
    # A network's overshoot widens its output's span, as of one that gives (-0.35, 1.7) and means (0, 1).
    end = given.output or (own if own and not given.input else start)
    return start, end


def _nearest(numbers: Numbers) -> Range | None:
    span = numbers.span
    if span is None:
        return BYTES
    for low, high in CONVENTIONS:
        room = (high - low) * _NEAR
        if abs(span[0] - low) <= room and abs(span[1] - high) <= room:
            return low, high
    return None


class ToNumbers:
    """Turns pixels into a model's input."""

    def __init__(self, numbers: Numbers, value_range: Range) -> None:
        low, high = value_range
        table = np.arange(256) * ((high - low) / 255) + low
        self._table = _quantized(table, numbers) if numbers.dtype.kind in "iu" else table.astype(numbers.dtype)
        # Bytes are given as they are, also to float models: copying them there converts them.
        self._as_they_are = np.array_equal(self._table, np.arange(256))

    def __call__(self, pixels: Bytes) -> NDArray[Any]:
        """`(h, w, 3)` bytes -> numbers of the input's type, or the bytes where they are the numbers."""
        return pixels if self._as_they_are else self._table[pixels]


class ToPixels:
    """Makes pixels of a model's output."""

    def __init__(self, numbers: Numbers, value_range: Range) -> None:
        low, high = value_range
        self._factor, self._offset = 255 / (high - low), -low * 255 / (high - low)
        self._table: Bytes | None = None
        if numbers.dtype.kind in "iu":
            limits = np.iinfo(numbers.dtype)
            values = np.arange(limits.min, limits.max + 1)
            real = nearest = values - limits.min
            if numbers.scale:
                real = (values - numbers.zero_point) * numbers.scale * self._factor + self._offset
                if len(values) == 256 and np.abs(real - nearest).max() < _ROUNDED:
                    real = nearest
            table = np.clip(np.rint(real), 0, 255).astype(np.uint8)
            self._table = np.roll(table, limits.min)  # indexed by the value's bits
        self._rounded = np.empty(0, np.float32)

    def __call__(self, result: NDArray[Any], out: Bytes | None = None, margin: int = 0) -> Bytes:
        """The result from row and column `margin` on, as much as fits in `out`; in new memory without it."""
        into: Bytes = np.empty(result.shape, np.uint8) if out is None else out
        part = result[margin : margin + into.shape[0], margin : margin + into.shape[1]]
        if self._table is not None:
            index = part.view(f"u{part.itemsize}")
            into[...] = index if np.array_equal(self._table, np.arange(256)) else self._table[index]
            return into
        if self._rounded.shape != part.shape:  # kept: fresh memory costs more than the rounding
            self._rounded = np.empty(part.shape, np.float32)
        if (self._factor, self._offset) == (1.0, 0.0):
            np.rint(part, out=self._rounded)
        else:
            np.multiply(part, self._factor, out=self._rounded)
            np.add(self._rounded, self._offset, out=self._rounded)
            np.rint(self._rounded, out=self._rounded)
        np.copyto(into, np.clip(self._rounded, 0, 255, out=self._rounded), casting="unsafe")
        return into


def _quantized(real: NDArray[Any], numbers: Numbers) -> NDArray[Any]:
    limits = np.iinfo(numbers.dtype)
    pixels = np.arange(256) + limits.min
    if not numbers.scale:
        return pixels.astype(numbers.dtype)
    exact = real / numbers.scale + numbers.zero_point
    if numbers.dtype.itemsize == 1 and np.abs(exact - pixels).max() < _ROUNDED:
        return pixels.astype(numbers.dtype)
    return np.clip(np.rint(exact), limits.min, limits.max).astype(numbers.dtype)
