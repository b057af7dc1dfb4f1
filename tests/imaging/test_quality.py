from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import photo
from numpy.typing import NDArray
from scipy.signal import convolve2d
from skimage.color import rgb2ycbcr

from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import Bytes, metrics, quality
from srgan_edge.imaging.quality import Grain


def grey(plane: NDArray[np.integer]) -> Bytes:
    return np.repeat(plane.astype(np.uint8)[..., None], 3, axis=2)


def test_gmsd_by_hand() -> None:
    # Halved, the last of four columns is 30 levels brighter: gradients are 0 and 30 * 219 / 255.
    columns = np.array([50, 50, 50, 50, 50, 50, 80, 80])
    result, truth = grey(np.tile(columns, (8, 1))), grey(np.full((8, 8), 50))
    edge = 30 * 219 / 255
    expected = (1 - 170 / (edge**2 + 170)) / 2  # the deviation of one 1 and one lower value
    assert quality.gmsd(result, truth) == pytest.approx(expected)
    assert quality.gmsd(result.transpose(1, 0, 2), truth) == pytest.approx(expected)
    assert quality.gmsd(result, result) == 0


def test_gmsd_against_convolutions() -> None:
    truth = photo(40, 52)
    result = np.clip(truth + np.random.default_rng(1).normal(0, 12, truth.shape), 0, 255).astype(np.uint8)
    prewitt = np.array([[1, 0, -1]] * 3) / 3
    magnitudes = []
    for picture in (result, truth):
        halved = convolve2d(rgb2ycbcr(picture)[..., 0], np.full((2, 2), 0.25), "valid")[::2, ::2]
        magnitudes.append(np.hypot(convolve2d(halved, prewitt, "valid"), convolve2d(halved, prewitt.T, "valid")))
    one, two = magnitudes
    expected = ((2 * one * two + 170) / (one**2 + two**2 + 170)).std()
    assert quality.gmsd(result, truth) == pytest.approx(expected, abs=1e-9)


def test_grain_is_measured_where_the_truth_is_flat() -> None:
    truth = np.full((16, 48), 100)
    truth[:, 32:] += np.arange(16)  # deviates by 4.6 levels of grey, 4.0 of luma: not flat
    result = truth.copy()
    result[::2, 16:] += 10  # in the second block, flat, and in the third
    found = quality.grain(grey(result), grey(truth))
    assert found == (pytest.approx((5 * 219 / 255) ** 2), 2)
    assert quality.deviation([found, Grain(0.0, 2)]) == pytest.approx(5 * 219 / 255 / 2)
    assert quality.grain(grey(truth), grey(truth)) == (pytest.approx(0, abs=1e-9), 2)


def test_a_block_is_flat_below_a_deviation_of_one_and_a_half() -> None:
    for brighter, deviation, blocks in ((59, 1.447, 1), (73, 1.551, 0)):
        plane = np.full(256, 100)
        plane[:brighter] += 4
        picture = grey(plane.reshape(16, 16))
        assert metrics.luma(picture).std() == pytest.approx(deviation, abs=1e-3)
        assert quality.grain(picture, picture).blocks == blocks


def test_no_flat_block_has_no_grain() -> None:
    assert math.isnan(quality.deviation([Grain(0.0, 0)]))


def test_colour_error_by_hand() -> None:
    truth = photo(20, 30).clip(0, 200)
    redder = truth + np.array([10, 0, 0], np.uint8)
    expected = 10 / 255 * math.sqrt((37.797**2 + 112**2) / 2)
    assert quality.colour_error(redder, truth) == pytest.approx(expected)
    assert quality.colour_error(truth + np.uint8(10), truth) == pytest.approx(0, abs=1e-9)  # light is no colour


def test_colour_error_against_scikit_image() -> None:
    one, two = photo(20, 30, 1), photo(20, 30, 2)
    difference = (rgb2ycbcr(one) - rgb2ycbcr(two))[..., 1:]
    assert quality.colour_error(one, two) == pytest.approx(np.sqrt((difference**2).mean()))


@pytest.mark.parametrize("figure", [quality.gmsd, quality.grain, quality.colour_error])
def test_another_size_is_refused(figure: object) -> None:
    assert callable(figure)
    with pytest.raises(SrganEdgeError, match="30x20 and the truth 20x30"):
        figure(photo(20, 30), photo(30, 20))


def test_too_few_pixels_for_gradients() -> None:
    with pytest.raises(SrganEdgeError, match="6x6"):
        quality.gmsd(photo(5, 9), photo(5, 9))
