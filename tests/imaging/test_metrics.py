from __future__ import annotations

import json

import numpy as np
import pytest
import skimage  # its parts are imported when they are used: metrics takes seconds
from conftest import DATA, photo
from PIL import Image
from skimage.color import rgb2ycbcr

from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import metrics


def noisy(image: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def test_luma_against_scikit_image() -> None:
    image = photo(20, 30)
    np.testing.assert_allclose(metrics.luma(image), rgb2ycbcr(image)[..., 0], atol=1e-9)


@pytest.mark.parametrize("sigma", [1, 10, 60])
def test_score_against_scikit_image(sigma: float) -> None:
    truth = photo(60, 80)
    result = noisy(truth, sigma)
    one, two = (rgb2ycbcr(i)[4:-4, 4:-4, 0] for i in (result, truth))
    expected_psnr = skimage.metrics.peak_signal_noise_ratio(two, one, data_range=255)
    expected_ssim = skimage.metrics.structural_similarity(
        two, one, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    got = metrics.score(result, truth, 4)
    assert got.psnr == pytest.approx(expected_psnr, abs=1e-9)
    assert got.ssim == pytest.approx(expected_ssim, abs=1e-7)


def test_rgb_against_scikit_image() -> None:
    truth = photo(60, 80)
    result = noisy(truth, 5)
    inner = (slice(3, -3), slice(3, -3))
    expected = skimage.metrics.structural_similarity(
        truth[inner],
        result[inner],
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        channel_axis=2,
    )
    got = metrics.score(result, truth, 3, "rgb")
    assert got.psnr == pytest.approx(skimage.metrics.peak_signal_noise_ratio(truth[inner], result[inner]), abs=1e-9)
    assert got.ssim == pytest.approx(expected, abs=1e-7)


def test_grey_is_used_as_it_is() -> None:
    plane = photo(40, 40)[..., 0]
    truth = np.repeat(plane[..., None], 3, axis=2)
    result = noisy(truth[..., :1], 8).repeat(3, axis=2)
    got = metrics.score(result, truth, 4, "grey")
    expected = skimage.metrics.peak_signal_noise_ratio(truth[4:-4, 4:-4, 0], result[4:-4, 4:-4, 0], data_range=255)
    assert got.psnr == pytest.approx(expected)


def test_equal_images() -> None:
    image = photo(30, 30)
    assert metrics.score(image, image, 4) == (float("inf"), pytest.approx(1.0))


def test_refusals() -> None:
    with pytest.raises(SrganEdgeError, match="30x30 and the truth 31x30"):
        metrics.score(photo(30, 30), photo(30, 31), 4)
    with pytest.raises(SrganEdgeError, match="at least 11x11"):
        metrics.score(photo(16, 16), photo(16, 16), 4)


@pytest.mark.parametrize("name", ["roman-colosseum", "the-spices-of-life", "william-bout-lighthouse"])
def test_golden_figures(name: str) -> None:
    expected = json.loads((DATA / "pairs" / "figures.json").read_text())[name]
    with Image.open(DATA / "pairs" / f"{name}x4.png") as low, Image.open(DATA / "pairs" / f"{name}.png") as high:
        enlarged = np.asarray(low.resize(high.size, Image.Resampling.BICUBIC))
        found = metrics.score(enlarged, np.asarray(high), 4)
    assert found.psnr == pytest.approx(expected["psnr"], abs=1e-3)
    assert found.ssim == pytest.approx(expected["ssim"], abs=1e-4)
