from __future__ import annotations

import numpy as np
import pytest

from srgan_edge.training.data.degradations import kernels


def moments(kernel: np.ndarray) -> np.ndarray:
    """Mean of y, x, and the matrix of second moments, by the kernel as a distribution."""
    radius = kernel.shape[0] // 2
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    mean = np.array([(kernel * y).sum(), (kernel * x).sum()])
    second = np.array([[(kernel * y * y).sum(), (kernel * y * x).sum()], [0, (kernel * x * x).sum()]])
    second[1, 0] = second[0, 1]
    return np.concatenate([mean[None], second])


@pytest.mark.parametrize("sigma", [0.8, 1.5, 2.4])
def test_a_gaussian_has_its_deviation(sigma: float) -> None:
    kernel = kernels.gaussian((sigma, sigma), 0.3)
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(moments(kernel), [[0, 0], [sigma**2, 0], [0, sigma**2]], atol=0.02 * sigma**2)


def test_kernels_reach_three_deviations() -> None:
    sides = [kernels.gaussian((sigma, 0.1), 0.3).shape[0] for sigma in (0.1, 0.5, 0.9, 1.66, 1.7, 2.4, 9.0)]
    assert sides == [3, 5, 7, 11, 13, 17, 21]


@pytest.mark.parametrize("angle", [0.0, 0.7, np.pi / 2])
def test_an_anisotropic_gaussian_lies_along_its_angle(angle: float) -> None:
    along, across = 2.4, 0.9
    direction = np.array([np.sin(angle), np.cos(angle)])  # y, x
    expected = across**2 * np.eye(2) + (along**2 - across**2) * np.outer(direction, direction)
    np.testing.assert_allclose(moments(kernels.gaussian((along, across), angle))[1:], expected, atol=0.02 * along**2)


def test_generalised_gaussians_and_plateaus_by_hand() -> None:
    # Of the middle, d^2 = 4 in deviations of 0.5 at the neighbour.
    kernel = kernels.gaussian((0.5, 0.5), 0.0, exponent=0.5)
    assert kernel[2, 3] / kernel[2, 2] == pytest.approx(np.exp(-0.5 * 2))
    flat = kernels.plateau((0.5, 0.5), 0.0, exponent=2.0)
    assert flat[2, 3] / flat[2, 2] == pytest.approx(1 / (1 + 16))


def test_a_sinc_lets_low_frequencies_through_and_no_high_ones() -> None:
    spectrum = np.abs(np.fft.fft2(kernels.sinc(np.pi / 2), (64, 64)))
    frequency = np.abs(np.fft.fftfreq(64)) * 2 * np.pi
    radius = np.hypot(*np.meshgrid(frequency, frequency))
    np.testing.assert_allclose(spectrum[radius < np.pi / 3], 1, atol=0.16)
    np.testing.assert_allclose(spectrum[radius > 2.2], 0, atol=0.12)
    # With cutoff pi it is next to nothing but the middle.
    assert kernels.sinc(np.pi)[10, 10] == pytest.approx(np.pi / 4, abs=0.02)


def test_a_sinc_by_the_table_of_bessels_function() -> None:
    """Abramowitz and Stegun 1964, table 9.1: J1 at 1, 5 and 10. In the middle J1(x) / x is 1/2."""
    kernel = kernels.sinc(1.0)
    found = [kernel[10, 10 + x] / kernel[10, 10] for x in (1, 5, 10)]
    values = np.array([0.4400505857, -0.3275791376, 0.0434727462])
    np.testing.assert_allclose(found, 2 * values / [1, 5, 10], rtol=1e-5)
