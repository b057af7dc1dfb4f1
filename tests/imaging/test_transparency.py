from __future__ import annotations

import numpy as np
import pytest
from conftest import photo

from srgan_edge.imaging.transparency import bleed


def plainly(pixels: np.ndarray) -> np.ndarray:
    """The same by its definition: each hole the mean of the visible pixels of the smallest aligned square with any."""
    out = pixels.copy()
    if not pixels[..., -1].any():
        return out
    for y, x in np.argwhere(pixels[..., -1] == 0):
        for size in (2**n for n in range(1, 12)):
            part = pixels[y // size * size :, x // size * size :][:size, :size]
            seen = part[part[..., -1] > 0]
            if len(seen):
                out[y, x, :-1] = np.rint(seen[:, :-1].astype(np.float64).mean(axis=0))
                break
    return out


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("size", [(1, 1), (3, 70), (64, 64), (65, 130), (150, 90)])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.99])
def test_holes_take_the_finest_mean(size: tuple[int, int], channels: int, share: float) -> None:
    random = np.random.default_rng(1)
    pixels = photo(*size)[..., [0, 0, 1, 2][:channels]].copy()
    pixels[..., -1] = np.where(random.random(size) < share, random.integers(1, 256, size), 0)
    expected = plainly(pixels)
    visible = pixels[pixels[..., -1] > 0].copy()
    bleed(pixels)
    assert np.abs(pixels.astype(int) - expected).max() <= 1
    np.testing.assert_array_equal(pixels[pixels[..., -1] > 0], visible)


def test_what_is_visible_all_over_is_left_alone() -> None:
    pixels = np.dstack([photo(30, 30), np.full((30, 30), 7, np.uint8)])
    before = pixels.copy()
    bleed(pixels)
    np.testing.assert_array_equal(pixels, before)
