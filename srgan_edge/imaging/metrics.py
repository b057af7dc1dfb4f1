"""PSNR and SSIM by the literature's protocol: BT.601 luma, a border of `scale` pixels left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError, UnknownNameError
from srgan_edge.imaging import Bytes

SSIM_WINDOW = 11
"""Side of the window that SSIM is measured in, in pixels."""
CHANNELS = ("y", "rgb", "grey")
"""What `score` measures on."""


class Score(NamedTuple):
    """One image's quality: PSNR in dB (infinite for equal images) and SSIM in [-1, 1]."""

    psnr: float
    ssim: float


def luma(rgb: Bytes) -> NDArray[np.float64]:
    """BT.601 studio-range luma (16..235) of `(H, W, 3)` bytes, as MATLAB's `rgb2ycbcr` before rounding."""
    return 16 + rgb.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255


def psnr(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Peak signal-to-noise ratio in dB of two arrays with a peak of 255."""
    error = float(np.mean((first - second) ** 2))
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))


def ssim(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Structural similarity of two `(H, W)` arrays with a peak of 255 (Wang et al. 2004).

    The reference MATLAB form: an 11x11 Gaussian window of sigma 1.5, valid positions only,
    population statistics, K1 = 0.01, K2 = 0.03.

    Raises:
        SrganEdgeError: an image is smaller than the window.
    """
    if min(first.shape) < SSIM_WINDOW:
        raise SrganEdgeError(f"SSIM needs at least 11x11 pixels, not {first.shape[1]}x{first.shape[0]}")
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean1, mean2 = _blur(first), _blur(second)
    variance1 = _blur(first * first) - mean1**2
    variance2 = _blur(second * second) - mean2**2
    covariance = _blur(first * second) - mean1 * mean2
    numerator = (2 * mean1 * mean2 + c1) * (2 * covariance + c2)
    denominator = (mean1**2 + mean2**2 + c1) * (variance1 + variance2 + c2)
    return float(np.mean(numerator / denominator))


def score(result: Bytes, truth: Bytes, crop: int, channel: str = "y") -> Score:
    """PSNR and SSIM of `(H, W, 3)` bytes against the truth, `crop` pixels of border left out.

    `channel` is "y" (BT.601 luma, what papers print), "rgb" (PSNR over all three planes, SSIM as
    their mean) or "grey" (the first plane as it is, the literature's way with a grey photo).

    Raises:
        UnknownNameError: there is no such channel.
        SrganEdgeError: the sizes differ, or nothing is left after the crop.
    """
    if channel not in CHANNELS:
        raise UnknownNameError("channel", channel, CHANNELS)
    if result.shape != truth.shape:
        raise SrganEdgeError(
            f"the result is {result.shape[1]}x{result.shape[0]} and the truth {truth.shape[1]}x{truth.shape[0]}"
        )
    height, width = (max(0, side - 2 * crop) for side in result.shape[:2])
    if min(height, width) < SSIM_WINDOW:
        raise SrganEdgeError(f"SSIM needs at least 11x11 pixels, not {width}x{height}")
    inner = (slice(crop, result.shape[0] - crop), slice(crop, result.shape[1] - crop))
    if channel in ("y", "grey"):
        one, two = (luma(i[inner]) if channel == "y" else i[inner][..., 0].astype(float) for i in (result, truth))
        return Score(psnr(one, two), ssim(one, two))
    one, two = result[inner].astype(np.float64), truth[inner].astype(np.float64)
    planes = [ssim(one[..., c], two[..., c]) for c in range(3)]
    return Score(psnr(one, two), float(np.mean(planes)))


def _blur(image: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    kernel /= kernel.sum()
    rows = image.shape[0] - 10
    image = sum((k * image[i : i + rows] for i, k in enumerate(kernel)), np.zeros(()))
    columns = image.shape[1] - 10
    return sum((k * image[:, i : i + columns] for i, k in enumerate(kernel)), np.zeros(()))
