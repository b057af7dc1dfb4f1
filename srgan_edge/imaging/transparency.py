"""Colours under transparency: what a file holds there is mostly black, which enlarging would draw into the edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srgan_edge.imaging import Bytes

# Rows and columns of the blocks that an image is gone through in.
_BLOCK = 64
Floats = NDArray[np.float32]


def bleed(pixels: Bytes) -> None:
    """Give the wholly transparent pixels of `(H, W, 2 or 4)` bytes the colours of the visible ones around them.

    Means of 2x2 pixels are made, of those in turn, and so on; a hole takes the finest mean that there is. Beyond
    blocks of 64x64 pixels the means are of the whole image, below they are made block row by block row.
    """
    bands = [slice(top, top + _BLOCK) for top in range(0, pixels.shape[0], _BLOCK)]
    holes = [bool((pixels[band, :, -1] == 0).any()) for band in bands]
    if not any(holes):
        return
    sums = [_pyramid(pixels[band])[-1] for band in bands]
    levels = [(np.concatenate([s[0] for s in sums]), np.concatenate([s[1] for s in sums]))]
    if not levels[0][1].any():
        return  # nothing is visible
    while max(levels[-1][1].shape) > 1:
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    blocks = _filled(levels, levels[-1][0] / levels[-1][1][..., None])
    for row, band in enumerate(bands):
        if holes[row]:
            part = pixels[band]
            filled = _filled(_pyramid(part)[:-1], blocks[row : row + 1])[: len(part), : part.shape[1]]
            hidden = part[..., -1] == 0
            part[..., :-1][hidden] = np.rint(filled[hidden]).astype(np.uint8)


def _pyramid(part: Bytes) -> list[tuple[Floats, Floats]]:
    """Sums of visible colours and their numbers, for pixels, 2x2 pixels, ... up to one block row."""
    height, width = part.shape[:2]
    visible = np.pad(part[..., -1] > 0, ((0, -height % _BLOCK), (0, -width % _BLOCK))).astype(np.float32)
    colours = np.pad(part[..., :-1], ((0, -height % _BLOCK), (0, -width % _BLOCK), (0, 0))).astype(np.float32)
    levels = [(colours * visible[..., None], visible)]
    while levels[-1][1].shape[0] > 1:
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    return levels


def _filled(levels: list[tuple[Floats, Floats]], coarse: Floats) -> Floats:
    """The finest level's means, with those of the next coarser one where there is none."""
    for colours, weight in reversed(levels):
        if coarse.shape[0] < weight.shape[0] or coarse.shape[1] < weight.shape[1]:
            coarse = coarse.repeat(2, axis=0).repeat(2, axis=1)[: weight.shape[0], : weight.shape[1]]
        coarse = np.where(weight[..., None] > 0, colours / np.maximum(weight, 1e-9)[..., None], coarse)
    return coarse


def _halved(values: Floats) -> Floats:
    """Sums of 2x2 positions."""
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), *((0, 0) for _ in values.shape[2:])))
    return even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
