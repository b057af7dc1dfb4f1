from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import photo

from srgan_edge.errors import UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.runtime import tiling


@pytest.mark.parametrize("length", [1, 2, 3, 7, 100])
def test_reflection_is_numpys(length: int) -> None:
    padded = np.pad(np.arange(length), 23, mode="reflect")
    np.testing.assert_array_equal(tiling.reflected(-23, length + 46, length), padded)


def blur_and_enlarge(tile: Bytes) -> Bytes:
    """A "model" of scale 2 that sees 2 pixels around; its own edges are darkened, as by zero padding."""
    padded = np.pad(tile.astype(int), ((2, 2), (2, 2), (0, 0)))
    total = sum(padded[y : y + tile.shape[0], x : x + tile.shape[1]] for y in range(5) for x in range(5))
    return (np.asarray(total) // 25).astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (16, 16), (17, 15), (45, 61)])
@pytest.mark.parametrize("tile", [5, 8, 16, 32, (5, 17), (32, 8)])
def test_tiled_equals_untiled(size: tuple[int, int], tile: int | tuple[int, int]) -> None:
    image = photo(*size)
    whole = blur_and_enlarge(np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="reflect"))[4:-4, 4:-4]
    plan = tiling.plan(*size, tile=tile, overlap=2)
    strips = list(tiling.strips(image, plan, 2, tiling.copying(blur_and_enlarge)))
    np.testing.assert_array_equal(np.concatenate(strips), whole)
    assert len(strips) == len(plan.rows)
    out = np.zeros_like(whole)
    with ThreadPoolExecutor(3) as pool:
        list(tiling.strips(image, plan, 2, tiling.copying(blur_and_enlarge), pool, out))
    np.testing.assert_array_equal(out, whole)


@pytest.mark.parametrize("channels", [1, 2, 4])
@pytest.mark.parametrize("rows", [1, 13, 45])
def test_an_image_that_comes_as_strips(channels: int, rows: int) -> None:
    """Any number of channels; of the rows that went by only some are kept."""
    image = np.dstack([photo(45, 61), photo(45, 61)])[..., :channels]
    plan = tiling.plan(45, 61, tile=8, overlap=2)
    run = tiling.copying(blur_and_enlarge)
    whole = np.concatenate(list(tiling.strips(image, plan, 2, run)))
    window = tiling.Window((45, 61, channels), (image[row : row + rows] for row in range(0, 45, rows)), 16)
    parts: list[Bytes] = []
    for strip in tiling.strips(window, plan, 2, run):
        parts.append(strip)
        assert len(window._rows) <= 16 + rows
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.shape == (90, 122, channels)


def test_too_little_overlap_shows() -> None:
    # The test above could not fail if the edges of tiles did not matter.
    image = photo(45, 61)
    whole = blur_and_enlarge(np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="reflect"))[4:-4, 4:-4]
    plan = tiling.plan(45, 61, tile=16, overlap=1)
    assert not np.array_equal(
        np.concatenate(list(tiling.strips(image, plan, 2, tiling.copying(blur_and_enlarge)))), whole
    )


def test_plan_counts_what_is_run() -> None:
    calls: list[tuple[int, ...]] = []

    def run(tile: Bytes) -> Bytes:
        calls.append(tile.shape)
        return tile

    plan = tiling.plan(45, 61, tile=16, overlap=2)
    list(tiling.strips(photo(45, 61), plan, 1, tiling.copying(run)))
    assert calls == [(16, 16, 3)] * plan.tiles
    with pytest.raises(UsageError, match="tiles of 16 pixels have nothing left"):
        tiling.plan(45, 61, tile=16, overlap=8)
