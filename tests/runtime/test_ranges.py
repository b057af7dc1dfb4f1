from __future__ import annotations

import numpy as np
import pytest

from srgan_edge.errors import UsageError
from srgan_edge.runtime.ranges import UNSAID, Numbers, Ranges, ToNumbers, ToPixels, checked, read_ranges, resolve

U8, I8, I16, F32 = (np.dtype(name) for name in ("uint8", "int8", "int16", "float32"))
EVERY = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
FLOAT = Numbers(F32)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (FLOAT, (0, 255)),
        (Numbers(U8), (0, 255)),
        (Numbers(U8, 1 / 255, 0), (0, 1)),
        (Numbers(U8, 1.0, 0), (0, 255)),
        (Numbers(I8, 1 / 255, -128), (0, 1)),
        (Numbers(U8, 2 / 255, 128), (-1, 1)),
        (Numbers(U8, 0.96 / 255, 0), (0, 1)),  # no calibration photo had white
        (Numbers(I16, 1 / 32767, 0), (-1, 1)),
        (Numbers(U8, 0.5, 0), None),
    ],
)
def test_the_files_own_convention(numbers: Numbers, expected: tuple[float, float] | None) -> None:
    found = resolve(UNSAID, numbers, numbers)
    assert found == (None if expected is None else (expected, expected))


def test_what_is_said_of_a_model() -> None:
    assert read_ranges(None, None) == UNSAID
    assert read_ranges((0, 1), None) == Ranges((0, 1), None)
    assert read_ranges(None, [-1, 1]) == Ranges(None, (-1, 1))
    assert read_ranges([0, 1], (-1, 1)) == Ranges((0, 1), (-1, 1))


def test_an_output_that_overshoots_has_its_inputs_range() -> None:
    assert resolve(UNSAID, Numbers(U8, 1 / 255, 0), Numbers(U8, 0.008, 44)) == ((0, 1), (0, 1))
    assert resolve(UNSAID, Numbers(U8, 1 / 255, 0), Numbers(U8, 2 / 255, 128)) == ((0, 1), (-1, 1))
    assert resolve(Ranges((0, 1), None), FLOAT, FLOAT) == ((0, 1), (0, 1))
    assert resolve(Ranges((0, 1), (-1, 1)), FLOAT, FLOAT) == ((0, 1), (-1, 1))
    assert resolve(Ranges(None, (-1, 1)), FLOAT, FLOAT) == ((0, 255), (-1, 1))


@pytest.mark.parametrize(
    ("numbers", "values"),
    [
        (FLOAT, (0, 255)),
        (FLOAT, (0, 1)),
        (FLOAT, (-1, 1)),
        (Numbers(U8), (0, 255)),
        (Numbers(I8), (0, 255)),
        (Numbers(U8, 1 / 255, 0), (0, 1)),
        (Numbers(I8, 1 / 255, -128), (0, 1)),
        (Numbers(U8, 2 / 255, 128), (-1, 1)),
        (Numbers(U8, 2 / 255, 127), (-1, 1)),
        (Numbers(I16, 1 / 32767, 0), (-1, 1)),
    ],
)
def test_what_goes_in_comes_out(numbers: Numbers, values: tuple[float, float]) -> None:
    given = ToNumbers(numbers, values)(EVERY)
    assert np.array_equal(ToPixels(numbers, values)(given.astype(numbers.dtype)), EVERY)


def test_pixels_by_hand() -> None:
    assert ToNumbers(Numbers(U8, 0.02, 100), (-1, 1))(np.array([0, 255], np.uint8)).tolist() == [50, 150]
    # (180 - 44) * .008 = 1.088 is beyond white; (107 - 44) * .008 * 255 = 128.5
    made = ToPixels(Numbers(U8, 0.008, 44), (0, 1))(np.array([[[0, 44, 107, 180]]], np.uint8))
    assert made.tolist() == [[[0, 0, 129, 255]]]
    signed = ToPixels(Numbers(I8, 0.008, -84), (0, 1))(np.array([[[-128, -84, -21, 52]]], np.int8))
    assert signed.tolist() == [[[0, 0, 129, 255]]]
    tanh = ToPixels(FLOAT, (-1, 1))(np.array([[[-1.2, -1, 0.1, 1]]], np.float32))
    assert tanh.tolist() == [[[0, 0, 140, 255]]]


def test_a_margin_and_a_place() -> None:
    out = np.zeros((2, 3, 3), np.uint8)
    ToPixels(FLOAT, (0, 1))(EVERY.astype(np.float32) / 255, out, margin=4)
    assert np.array_equal(out, EVERY[4:6, 4:7])


@pytest.mark.parametrize("values", [(1.0, 0.0), (0.0, 0.0), (0.0, float("nan")), (float("-inf"), 1.0)])
def test_refused_ranges(values: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match=r"--input-range .* black comes first, then white, both finite"):
        checked(values, "--input-range")
