from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from conftest import photo
from degraded_sets import KINDS, blurred, degrade, jpeg, make_sets, middle, noisy, real_set, sharpened
from PIL import Image, ImageFilter
from scipy.ndimage import gaussian_filter

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.imaging.resample import downscale


def grey(level: int) -> Bytes:
    return np.full((200, 200, 3), level, np.uint8)


def deviation(image: Bytes) -> float:
    return float(image.astype(float).std())


def test_the_same_bytes_for_the_same_name() -> None:
    image = photo(96, 128)
    one, again, two = (degrade(image, name, 4) for name in ("one", "one", "two"))
    assert list(one) == ["bicubic", "jpeg75", "jpeg50", "camera", "noise", "phone"]
    for kind in KINDS:
        np.testing.assert_array_equal(one[kind], again[kind])
        assert (one[kind] == two[kind]).all() == (kind not in ("camera", "noise")), kind


def test_each_kind_by_other_means() -> None:
    image = photo(96, 128)
    small = downscale(image, 4)

    def coded(picture: Bytes, quality: int) -> Bytes:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=2)
        return np.asarray(Image.open(file).convert("RGB"))

    sharp = np.asarray(Image.fromarray(small).filter(ImageFilter.UnsharpMask(1, 100, 0)))
    found = degrade(image, "one", 4)
    expected = {"bicubic": small, "jpeg75": coded(small, 75), "jpeg50": coded(small, 50), "phone": coded(sharp, 85)}
    for kind, picture in expected.items():
        np.testing.assert_array_equal(found[kind], picture, err_msg=kind)


def test_noise_grows_with_the_light() -> None:
    for level, expected in ((128, 10.0), (32, 5.0)):
        low = degrade(np.full((800, 800, 3), level, np.uint8), "flat", 4)["noise"]
        assert deviation(low) == pytest.approx(expected, rel=0.03), level
        assert abs(np.corrcoef(low[..., 0].ravel(), low[..., 1].ravel())[0, 1]) < 0.02  # each channel its own
    assert deviation(noisy(grey(32), 5, np.random.default_rng(0))) == pytest.approx(5, rel=0.03)


def test_camera_is_out_of_focus_and_noisy() -> None:
    flat = degrade(np.full((800, 800, 3), 128, np.uint8), "flat", 4)["camera"]
    luma = flat @ np.array([0.299, 0.587, 0.114])
    # Of 5 levels a channel, luma has 3.3, of which JPEG 80 leaves most.
    assert 2 < luma.std() < 3.5
    edge = np.zeros((160, 160, 3), np.uint8)
    edge[:, 80:] = 200
    soft, hard = (degrade(edge, "edge", 4)[kind].astype(float).mean(axis=(0, 2)) for kind in ("camera", "bicubic"))
    assert np.abs(np.diff(soft)).max() < np.abs(np.diff(hard)).max() - 5


def test_blur_against_scipy() -> None:
    image = photo(40, 50)
    expected = np.stack(
        [gaussian_filter(image[..., c].astype(float), 1.2, mode="nearest", radius=4) for c in range(3)], -1
    )
    assert np.abs(blurred(image, 1.2) - expected).max() <= 0.51


def test_sharpening_overshoots() -> None:
    edge = np.full((20, 20, 3), 100, np.uint8)
    edge[:, 10:] = 150
    found = sharpened(edge)
    assert found.min() < 95 and found.max() > 155


def test_jpeg_loses_more_at_a_lower_quality() -> None:
    image = photo(64, 64)
    losses = [np.abs(jpeg(image, quality).astype(float) - image).mean() for quality in (90, 75, 50)]
    assert losses == sorted(losses)


@pytest.mark.parametrize(
    ("length", "crop", "expected"),
    [(100, 96, slice(0, 96)), (133, 96, slice(16, 112)), (60, 96, slice(0, 96)), (510, 96, slice(192, 288))],
)
def test_the_middle_begins_on_the_grid_of_jpeg(length: int, crop: int, expected: slice) -> None:
    assert middle(length, crop) == expected


def test_sets_are_written_as_pairs(tmp_path: Path) -> None:
    image = photo(403, 610)
    (tmp_path / "photos").mkdir()
    Image.fromarray(image).save(tmp_path / "photos" / "one.png")
    sets = make_sets(tmp_path / "photos", tmp_path / "sets", 4, 256)
    # 100x152 of low resolution, of which 64x64 from 16, 32.
    np.testing.assert_array_equal(sets.truths["one"], image[64:320, 128:384])
    np.testing.assert_array_equal(sets.lows["bicubic"]["one"], downscale(image, 4)[16:80, 32:96])
    for kind in KINDS:
        np.testing.assert_array_equal(Image.open(tmp_path / "sets" / kind / "hr" / "one.png"), sets.truths["one"])
        np.testing.assert_array_equal(
            Image.open(tmp_path / "sets" / kind / "lr_x4" / "one.png"), sets.lows[kind]["one"]
        )
    whole = make_sets(tmp_path / "photos", tmp_path / "whole", 4, 0)
    assert whole.truths["one"].shape == (400, 608, 3)


def test_what_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no image"):
        real_set(tmp_path)
    Image.fromarray(photo(40, 40)).save(tmp_path / "one.png")
    Image.fromarray(photo(40, 40)).save(tmp_path / "one.bmp")
    with pytest.raises(UsageError, match=r"one\.png and one\.bmp have one name"):
        make_sets(tmp_path, tmp_path / "sets", 4, 384)
    (tmp_path / "one.bmp").unlink()
    Image.fromarray(photo(40, 30)).save(tmp_path / "two.png")
    with pytest.raises(SrganEdgeError, match=r"two\.png: 30x40 pixels are too few"):
        make_sets(tmp_path, tmp_path / "sets", 4, 384)
