"""NIQE (Mittal et al. 2013): how natural pictures look without a truth. It takes noise for texture: never a gate."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d
from scipy.special import gamma, gammaln

from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import Bytes, resample
from srgan_edge.imaging.metrics import luma

Plane = NDArray[np.float64]

BLOCK = 96
_SHAPES = np.arange(0.2, 10, 0.001)
_RATIOS = np.exp(2 * gammaln(2 / _SHAPES) - gammaln(1 / _SHAPES) - gammaln(3 / _SHAPES))


class Natural(NamedTuple):
    """What NIQE compares with: mean and covariance of 36 features of good photos."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> Natural:
        """From `basicsr/metrics/niqe_pris_params.npz` of XPixelGroup/BasicSR, which has its authors' constants.

        Raises:
            SrganEdgeError: another file.
        """
        try:
            with np.load(path) as file:
                return cls(file["mu_pris_param"].ravel(), file["cov_pris_param"])
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise SrganEdgeError(f"{path}: not NIQE's constants, niqe_pris_params.npz: {error}") from error

    def distance(self, features: NDArray[np.float64]) -> float:
        """NIQE of the blocks `[N, 36]` of one picture or of many: lower is more natural."""
        gap = np.nanmean(features, axis=0) - self.mean
        spread = np.cov(features[~np.isnan(features).any(axis=1)], rowvar=False)
        return float(np.sqrt(gap @ np.linalg.pinv((self.covariance + spread) / 2) @ gap))


def niqe_features(picture: Bytes) -> NDArray[np.float64]:
    """The 36 features of each whole block of 96x96 pixels, `[N, 36]`; none in a smaller picture."""
    rows, columns = (side // BLOCK * BLOCK for side in picture.shape[:2])
    plane = np.round(luma(picture))[:rows, :columns]
    if not plane.size:
        return np.empty((0, 36))
    # The bytes of `resample` suffice, though NIQE's own halving rounds nothing.
    small = resample.resize(plane[..., None].repeat(3, 2).astype(np.uint8), rows // 2, columns // 2)[..., 0]
    scales = ((plane, BLOCK), (small.astype(np.float64), BLOCK // 2))
    return np.hstack([_block_features(_normalised(p), side) for p, side in scales])


def _normalised(plane: Plane) -> Plane:
    """Less the local mean, over the local deviation."""
    kernel = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
    kernel /= kernel.sum()

    def smooth(values: Plane) -> Plane:
        return correlate1d(correlate1d(values, kernel, 0, mode="nearest"), kernel, 1, mode="nearest")

    mean = smooth(plane)
    return (plane - mean) / (np.sqrt(np.abs(smooth(plane**2) - mean**2)) + 1)


def _block_features(plane: Plane, side: int) -> NDArray[np.float64]:
    rows, columns = (length // side for length in plane.shape)
    blocks = plane.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)
    alpha, left, right, _ = _generalised(blocks)
    found = [alpha, (left + right) / 2]
    for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
        alpha, left, right, mean = _generalised(blocks * np.roll(blocks, shift, axis=(1, 2)))
        found += [alpha, mean, left, right]
    return np.stack(found, axis=1)


def _generalised(blocks: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Shape, left and right width, and mean of an asymmetric generalised Gaussian, for each block."""
    values = blocks.reshape(len(blocks), -1)
    with np.errstate(all="ignore"):
        left, right = (np.sqrt((values**2 * part).sum(axis=1) / part.sum(axis=1)) for part in (values < 0, values > 0))
        skew = left / right
        ratio = np.abs(values).mean(axis=1) ** 2 / (values**2).mean(axis=1)
        ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    index = np.clip(np.searchsorted(_RATIOS, ratio), 0, len(_SHAPES) - 1)
    shape = _SHAPES[index]
    one, two, three = (gamma(n / shape) for n in (1, 2, 3))
    width = np.sqrt(one / three)
    return shape, left * width, right * width, (right - left) * width * two / one
