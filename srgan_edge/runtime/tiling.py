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
from srgan_edge.imaging import Bytes

Run = Callable[[Bytes, Bytes, int], object]
"""`run(tile, out, margin)` writes a tile's result from row and column `margin` on to `out`, as much as fits."""

# Tile for models that take any size: bounded memory, and little of it is overlap.
ANY_SIZE_TILE = 256
# Tiles in a row, of whose end little is felt.
_WIDE = 64


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


def multiple(pixels: int, stride: int) -> int:
    """The next multiple of a network's stride: an overlap or a side of tiles that are to begin where it does."""
    return -(-pixels // stride) * stride


class Window:
    """An image whose rows come as strips, from top to bottom: of those that went by, a few are kept.

    Stands for `(H, W, C)` bytes where `strips` takes them.
    """

    def __init__(self, shape: tuple[int, int, int], source: Iterator[Bytes], keep: int) -> None:
        """Give the image's shape, its strips, and how many rows above the last one asked for may be asked for again."""
        self.shape, self._source, self._keep = shape, source, keep
        self._rows, self._top = np.empty((0, *shape[1:]), np.uint8), 0

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> Bytes:
        end = rows.stop if isinstance(rows, slice) else int(rows.max()) + 1
        while self._top + len(self._rows) < end:
            old = max(0, min(len(self._rows), end - self._keep - self._top))
            self._rows = np.concatenate([self._rows[old:], next(self._source)])
            self._top += old
        return self._rows[
            slice(rows.start - self._top, rows.stop - self._top) if isinstance(rows, slice) else rows - self._top
        ]


def strips(
    image: Bytes | Window, tiles: Plan, scale: int, run: Run, pool: Executor | None = None, out: Bytes | None = None
) -> Iterator[Bytes]:
    """Upscale `(H, W, C)` bytes tile by tile; yield the result's rows from top to bottom, `(n, s W, C)` each.

    Past its edges the image continues by reflection, which is also what stands in for pixels where
    it is smaller than a tile.

    Args:
        image: what is upscaled.
        tiles: how it is covered.
        scale: of `run`.
        run: computes a tile; from several threads at once if there is a `pool`.
        pool: its threads run the tiles, also those of the next strip while the caller has this one.
        out: `(s H, s W, C)` bytes that the strips become parts of; without it each has memory of its own.
    """
    (inner_height, inner_width), (tile_height, tile_width) = tiles.inner, tiles.tile
    margin = tiles.overlap * scale
    columns = [_cut(x - tiles.overlap, tile_width, tiles.width) for x in tiles.columns]

    def begin(y: int) -> tuple[Bytes, list[Future[object]]]:
        band = image[_cut(y - tiles.overlap, tile_height, tiles.height)]
        height = min(inner_height, tiles.height - y) * scale
        shape = (height, tiles.width * scale, image.shape[2])
        strip = np.empty(shape, np.uint8) if out is None else out[y * scale :][:height]
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
    # One strip more than is waited for, so that no thread of the pool is idle at its end; wide ones take much memory.
    most = 1 if pool is None or len(columns) > _WIDE else 2
    for index in range(len(rows)):
        while len(ahead) < most and index + len(ahead) < len(rows):
            ahead.append(begin(rows[index + len(ahead)]))
        strip, running = ahead.popleft()
        for tile in running:
            tile.result()
        yield strip
        del strip  # before the next takes memory


def copying(run: Callable[[Bytes], Bytes]) -> Run:
    """A `Run` of a function that returns its result, which is copied into place."""

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
