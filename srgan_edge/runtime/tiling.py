"""Tiles with overlap: cut from an image continued by reflection, stitched without seams, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import UsageError

Bytes = NDArray[np.uint8]
Run = Callable[[Bytes], Bytes]


class Plan(NamedTuple):
    """How an image is covered: every output pixel comes from the inner part of exactly one tile."""

    height: int
    width: int
    tile: int
    """Side of a tile, overlap included."""
    overlap: int
    """Pixels on each side of a tile whose result is thrown away."""

    @property
    def rows(self) -> list[int]:
        """The first image row of each row of tiles' inner parts."""
        return list(range(0, self.height, self.tile - 2 * self.overlap))

    @property
    def columns(self) -> list[int]:
        """The first image column of each column of tiles' inner parts."""
        return list(range(0, self.width, self.tile - 2 * self.overlap))

    @property
    def tiles(self) -> int:
        """How many tiles are run."""
        return len(self.rows) * len(self.columns)


def plan(height: int, width: int, tile: int, overlap: int) -> Plan:
    """Plan the tiles of an image.

    Raises:
        UsageError: the overlap leaves nothing of a tile.
    """
    if tile <= 2 * overlap:
        raise UsageError(f"tiles of {tile} pixels have nothing left inside an overlap of {overlap} on each side")
    return Plan(height, width, tile, overlap)


def strips(image: Bytes, tiles: Plan, scale: int, run: Run) -> Iterator[Bytes]:
    """Upscale `(H, W, 3)` bytes tile by tile; yield the result's rows from top to bottom, `(n, s W, 3)` each.

    Past its edges the image continues by reflection, which is also what stands in for pixels where
    it is smaller than a tile.
    """
    inner = tiles.tile - 2 * tiles.overlap
    margin = tiles.overlap * scale
    columns = [reflected(x - tiles.overlap, tiles.tile, tiles.width) for x in tiles.columns]
    for y in tiles.rows:
        band = image[reflected(y - tiles.overlap, tiles.tile, tiles.height)]
        height = min(inner, tiles.height - y) * scale
        strip = np.empty((height, tiles.width * scale, 3), np.uint8)
        for x, index in zip(tiles.columns, columns, strict=True):
            width = min(inner, tiles.width - x) * scale
            result = run(band[:, index])
            strip[:, x * scale : x * scale + width] = result[margin : margin + height, margin : margin + width]
        yield strip


def reflected(start: int, count: int, length: int) -> NDArray[np.intp]:
    """Indices of `count` positions from `start` on, reflected at the edges of `length` samples.

    The edge sample is not repeated (NumPy's and TensorFlow's "reflect").
    """
    period = max(1, 2 * (length - 1))
    index = np.arange(start, start + count) % period
    return np.minimum(index, period - index) if length > 1 else np.zeros(count, np.intp)
