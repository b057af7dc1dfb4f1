"""Tiles with overlap: cut from an image continued by reflection, stitched without seams, row by row."""

from __future__ import annotations

import mmap
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import UsageError

Bytes = NDArray[np.uint8]
Run = Callable[[Bytes, Bytes, int], object]
"""`run(tile, out, margin)` writes a tile's result from row and column `margin` on to `out`, as much as fits."""


class Plan(NamedTuple):
    """How an image is covered: every output pixel comes from the inner part of exactly one tile."""

    height: int
    width: int
    tile: tuple[int, int]
    """Height and width of a tile, overlap included."""
    overlap: int
    """Pixels on each side of a tile whose result is thrown away."""

    @property
    def inner(self) -> tuple[int, int]:
        """Height and width of the part of a tile whose result is kept."""
        return self.tile[0] - 2 * self.overlap, self.tile[1] - 2 * self.overlap

    @property
    def rows(self) -> list[int]:
        """The first image row of each row of tiles' inner parts."""
        return list(range(0, self.height, self.inner[0]))

    @property
    def columns(self) -> list[int]:
        """The first image column of each column of tiles' inner parts."""
        return list(range(0, self.width, self.inner[1]))

    @property
    def tiles(self) -> int:
        """How many tiles are run."""
        return len(self.rows) * len(self.columns)


def plan(height: int, width: int, tile: int | tuple[int, int], overlap: int) -> Plan:
    """Plan the tiles of an image; `tile` is their side, or their height and width.

    Raises:
        UsageError: the overlap leaves nothing of a tile.
    """
    sides = (tile, tile) if isinstance(tile, int) else tile
    if min(sides) <= 2 * overlap:
        raise UsageError(f"tiles of {min(sides)} pixels have nothing left inside an overlap of {overlap} on each side")
    return Plan(height, width, sides, overlap)


def strips(
    image: Bytes, tiles: Plan, scale: int, run: Run, pool: Executor | None = None, out: Bytes | None = None
) -> Iterator[Bytes]:
    """Upscale `(H, W, 3)` bytes tile by tile; yield the result's rows from top to bottom, `(n, s W, 3)` each.

    Past its edges the image continues by reflection, which is also what stands in for pixels where
    it is smaller than a tile.

    Args:
        image: what is upscaled.
        tiles: how it is covered.
        scale: of `run`.
        run: computes a tile; from several threads at once if there is a `pool`.
        pool: its threads run the tiles, also those of the next strip while the caller has this one.
        out: `(s H, s W, 3)` bytes that the strips become parts of; without it each has memory of its own.
    """
    (inner_height, inner_width), (tile_height, tile_width) = tiles.inner, tiles.tile
    margin = tiles.overlap * scale
    columns = [_cut(x - tiles.overlap, tile_width, tiles.width) for x in tiles.columns]

    def begin(y: int) -> tuple[Bytes, list[Future[object]]]:
        band = image[_cut(y - tiles.overlap, tile_height, tiles.height)]
        height = min(inner_height, tiles.height - y) * scale
        strip = np.empty((height, tiles.width * scale, 3), np.uint8) if out is None else out[y * scale :][:height]
        if pool is not None:
            strip.reshape(-1)[:: mmap.PAGESIZE] = 0  # the first touch of memory is slow: not by those who compute
        running = []
        for x, column in zip(tiles.columns, columns, strict=True):
            part = strip[:, x * scale : (x + inner_width) * scale]
            if pool is None:
                run(band[:, column], part, margin)
            else:
                running.append(pool.submit(lambda c=column, p=part: run(band[:, c], p, margin)))
        return strip, running

    ahead: deque[tuple[Bytes, list[Future[object]]]] = deque()
    rows = tiles.rows
    for index in range(len(rows)):
        # One strip more than is waited for, so that no thread of the pool is idle at its end.
        while len(ahead) < (1 if pool is None else 2) and index + len(ahead) < len(rows):
            ahead.append(begin(rows[index + len(ahead)]))
        strip, running = ahead.popleft()
        for tile in running:
            tile.result()
        yield strip


def writing(run: Callable[[Bytes], Bytes]) -> Run:
    """A `Run` of a function that returns its result."""

    def write(tile: Bytes, out: Bytes, margin: int) -> None:
        out[...] = run(tile)[margin : margin + out.shape[0], margin : margin + out.shape[1]]

    return write


def _cut(start: int, count: int, length: int) -> slice | NDArray[np.intp]:
    """What picks `count` positions from `start` on: a slice, which copies nothing, where none is past an edge."""
    if start >= 0 and start + count <= length:
        return slice(start, start + count)
    return reflected(start, count, length)


def reflected(start: int, count: int, length: int) -> NDArray[np.intp]:
    """Indices of `count` positions from `start` on, reflected at the edges of `length` samples.

    The edge sample is not repeated (NumPy's and TensorFlow's "reflect").
    """
    period = max(1, 2 * (length - 1))
    index = np.arange(start, start + count) % period
    return np.minimum(index, period - index) if length > 1 else np.zeros(count, np.intp)
