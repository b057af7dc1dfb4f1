"""How a result looks beside its truth, where PSNR and SSIM say little: edges, grain on flat places, colours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import Bytes
from srgan_edge.imaging.metrics import luma

Plane = NDArray[np.float64]

FLAT_BLOCK = 16
"""Side in pixels of the blocks that grain is measured in."""
FLAT = 1.5
"""A block of the truth whose luma deviates by less, in levels, is flat: sky, walls, skin out of focus."""

# BT.601 studio-range Cb and Cr of RGB, as MATLAB's rgb2ycbcr.
_CHROMA = np.array([[-37.797, 112.0], [-74.203, -93.786], [112.0, -18.214]]) / 255


def gmsd(result: Bytes, truth: Bytes) -> float:
    """Gradient magnitude similarity deviation of `(H, W, 3)` bytes (Xue et al. 2014, eq. 1-5); 0 for equal pictures.

    On BT.601 luma, halved by the mean of 2x2 pixels, with Prewitt's filter and c = 170; positions without all of
    their neighbours are left out.

    Raises:
        SrganEdgeError: the sizes differ, or are under 6x6 pixels.
    """
    _check(result, truth)
    if min(truth.shape[:2]) < 6:
        raise SrganEdgeError(f"GMSD needs at least 6x6 pixels, not {truth.shape[1]}x{truth.shape[0]}")
    one, two = (_gradient(_halved(luma(picture))) for picture in (result, truth))
    return float(((2 * one * two + 170) / (one**2 + two**2 + 170)).std())


class Grain(NamedTuple):
    """What a result deviates where its truth is flat: noise, ringing and JPEG blocks where nothing should be."""

    variance: float
    """Of the result's luma within each flat block, summed over the blocks; levels squared."""
    blocks: int
    """How many blocks of 16x16 pixels are flat in the truth."""


def grain(result: Bytes, truth: Bytes) -> Grain:
    """Grain of `(H, W, 3)` bytes: the variance of luma in those blocks of 16x16 that are flat in the truth.

    Raises:
        SrganEdgeError: the sizes differ.
    """
    _check(result, truth)
    variances, flat = _variances(luma(result)), _variances(luma(truth)) < FLAT**2
    return Grain(float(variances[flat].sum()), int(flat.sum()))


def deviation(grains: Iterable[Grain]) -> float:
    """Root of the mean variance over all flat blocks of many pictures, in levels; NaN where nothing is flat."""
    pairs = list(grains)
    blocks = sum(g.blocks for g in pairs)
    return (sum(g.variance for g in pairs) / blocks) ** 0.5 if blocks else float("nan")


def colour_error(result: Bytes, truth: Bytes) -> float:
    """Root of the mean squared difference of BT.601's Cb and Cr, in levels, of `(H, W, 3)` bytes; 0 for equal ones.

    Raises:
        SrganEdgeError: the sizes differ.
    """
    _check(result, truth)
    difference = (result.astype(np.float64) - truth) @ _CHROMA
    return float(np.sqrt((difference**2).mean()))


def _check(result: Bytes, truth: Bytes) -> None:
    if result.shape != truth.shape:
        raise SrganEdgeError(
            f"the result is {result.shape[1]}x{result.shape[0]} and the truth {truth.shape[1]}x{truth.shape[0]}"
        )


def _halved(plane: Plane) -> Plane:
    rows, columns = (side // 2 * 2 for side in plane.shape)
    return plane[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))


def _gradient(plane: Plane) -> Plane:
    down = plane[2:] - plane[:-2]
    across = plane[:, 2:] - plane[:, :-2]
    vertical = (down[:, 2:] + down[:, 1:-1] + down[:, :-2]) / 3
    horizontal = (across[2:] + across[1:-1] + across[:-2]) / 3
    return np.hypot(vertical, horizontal)


def _variances(plane: Plane) -> Plane:
    rows, columns = (side // FLAT_BLOCK for side in plane.shape)
    cut = plane[: rows * FLAT_BLOCK, : columns * FLAT_BLOCK]
    return cut.reshape(rows, FLAT_BLOCK, columns, FLAT_BLOCK).var(axis=(1, 3))
