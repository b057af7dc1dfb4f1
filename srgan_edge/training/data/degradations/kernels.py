"""Blur kernels of Real-ESRGAN (Wang et al. 2021, "Real-ESRGAN", sections 3.1 and 3.2), each summing to 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import j1

Kernel = NDArray[np.float32]

LARGEST_RADIUS = 10
DEVIATIONS = 3
"""How far kernels reach, as OpenCV's own of bytes. Its filter2D takes five times as long beyond 11x11."""


def gaussian(sigma: tuple[float, float], angle: float, exponent: float = 1.0) -> Kernel:
    """A generalised Gaussian, `exp(-d^(2 exponent) / 2)`, d the distance in deviations; Gaussian for exponent 1.

    `sigma` holds the deviations in pixels along `angle` (radians) and across it.
    """
    kernel = np.exp(-0.5 * _distance(sigma, angle) ** exponent)
    return _normalised(kernel)


def plateau(sigma: tuple[float, float], angle: float, exponent: float) -> Kernel:
    """`1 / (1 + d^(2 exponent))`: flat in the middle."""
    return _normalised(1 / (1 + _distance(sigma, angle) ** exponent))


def sinc(cutoff: float) -> Kernel:
    """The circular low-pass with its ringing: `cutoff` in radians a pixel, pi lets everything on an axis through.

    `J1(cutoff r) cutoff / (2 pi r)` (section 3.2, eq. 6).
    """
    side = np.arange(-LARGEST_RADIUS, LARGEST_RADIUS + 1)
    radius = np.hypot(*np.meshgrid(side, side))
    centre = radius == 0
    radius[centre] = 1
    kernel = cutoff * j1(cutoff * radius) / (2 * np.pi * radius)
    kernel[centre] = cutoff**2 / (4 * np.pi)
    return _normalised(kernel)


def _distance(sigma: tuple[float, float], angle: float) -> NDArray[np.float64]:
    """Squared, in deviations."""
    radius = min(LARGEST_RADIUS, max(1, int(np.ceil(DEVIATIONS * max(sigma)))))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return (along / sigma[0]) ** 2 + (across / sigma[1]) ** 2


def _normalised(kernel: NDArray[np.floating]) -> Kernel:
    return (kernel / kernel.sum()).astype(np.float32)
