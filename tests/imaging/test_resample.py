from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, photo
from PIL import Image

from srgan_edge.imaging import images, resample


def test_weights_by_hand() -> None:
    # At x2 the first inner phase lies 1/4 before a sample; Keys' kernel at 1.75, 0.75, 0.25, 1.25 by hand.
    indices, weights = resample.contributions(8, 16)
    by_hand = {2: -0.0234375, 3: 0.2265625, 4: 0.8671875, 5: -0.0703125}
    got = {int(i): float(w) for i, w in zip(indices[:, 8], weights[:, 8], strict=True) if w}
    assert got == pytest.approx(by_hand)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_against_pillow(scale: int) -> None:
    # Pillow has the same kernel and antialiasing, other borders and fixed-point weights.
    image = photo(24 * scale, 36 * scale)
    ours = resample.downscale(image, scale)
    theirs = np.asarray(Image.fromarray(image).resize((36, 24), Image.Resampling.BICUBIC))
    inner = (slice(3, -3), slice(3, -3))
    assert np.abs(ours[inner].astype(int) - theirs[inner]).max() <= 1
    ours, theirs = resample.upscale(image, scale), Image.fromarray(image)
    theirs = np.asarray(theirs.resize((36 * scale * scale, 24 * scale * scale), Image.Resampling.BICUBIC))
    inner = (slice(3 * scale, -3 * scale), slice(3 * scale, -3 * scale))
    # The passes are rounded in another order, and the second one's weights exceed 1.
    assert np.abs(ours[inner].astype(int) - theirs[inner]).max() <= 2


@pytest.mark.parametrize("value", [0, 7, 255])
def test_flat_stays_flat(value: int) -> None:
    flat = np.full((17, 9, 3), value, np.uint8)
    assert (resample.upscale(flat, 3) == value).all()
    assert (resample.resize(flat, 5, 31) == value).all()


def test_one_pixel() -> None:
    pixel = np.array([[[3, 200, 90]]], np.uint8)
    assert (resample.upscale(pixel, 4) == pixel).all()


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("roman-colosseum", (slice(0, -2), slice(0, -2))),
        ("the-spices-of-life", (slice(2, -2), slice(2, -2))),
        ("william-bout-lighthouse", (slice(2, None), slice(2, None))),
    ],
)
def test_golden_pairs(name: str, known: tuple[slice, slice]) -> None:
    """To the bit, two edges of the photo among them; where a piece was cut its surroundings are missing."""
    high, low = (np.asarray(Image.open(DATA / "pairs" / f"{name}{x}.png")) for x in ("", "x4"))
    np.testing.assert_array_equal(resample.downscale(high, 4)[known], low[known])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(50, 75), (37, 200), (300, 20), (1, 1)])
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_lanczos_of_strips_is_that_of_the_whole(channels: int, size: tuple[int, int], rows: int) -> None:
    image = np.dstack([photo(64, 90), photo(64, 90, 1)])[..., [0, 1, 2, 5][:channels] if channels != 2 else [0, 5]]
    strips = (image[row : row + rows] for row in range(0, 64, rows))
    result = np.concatenate(list(resample.lanczos(strips, 64, 90, *size)))
    whole = images.image_of(image).resize((size[1], size[0]), Image.Resampling.LANCZOS)
    expected = np.asarray(whole).reshape(*size, channels)
    assert result.shape == expected.shape
    seen = expected[..., -1] > 128 if channels in (2, 4) else np.ones(size, bool)
    assert np.abs(result.astype(int) - expected)[seen].max(initial=0) <= (4 if channels in (2, 4) else 1)


@pytest.mark.parametrize("name", ["set5", "set14", "bsd100"])
def test_published_low_resolution_files(shared: Path, name: str) -> None:
    for path in sorted((shared / "bench" / name / "hr").iterdir())[:20]:
        truth = np.asarray(Image.open(path).convert("RGB"))
        published = np.asarray(Image.open(shared / "bench" / name / "lr_x4" / path.name).convert("RGB"))
        assert np.array_equal(resample.downscale(truth, 4), published), path.name
