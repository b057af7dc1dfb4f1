from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import photo

from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import resample
from srgan_edge.training.data.crops import CropSampler, batches, mean_gradient
from srgan_edge.training.data.photos import Pair, PhotoFile


def pairs(*sizes: tuple[int, int]) -> list[Pair]:
    made = []
    for index, (height, width) in enumerate(sizes):
        hr = photo(height, width, index)
        made.append(Pair(str(index), resample.downscale(hr, 4), hr))
    return made


def test_crops_belong_together() -> None:
    (pair,) = made = pairs((96, 128))
    sampler = CropSampler(made, 4, 8, 6, flip_rotate=False, seed=3)
    low, high = sampler(5)
    assert (low.shape, high.shape) == ((6, 8, 8, 3), (6, 32, 32, 3))
    for one, other in zip(low, high, strict=True):
        places = [(y, x) for y in range(17) for x in range(25) if np.array_equal(pair.lr[y : y + 8, x : x + 8], one)]
        assert any(np.array_equal(pair.hr[4 * y : 4 * y + 32, 4 * x : 4 * x + 32], other) for y, x in places)


def test_every_place_of_a_photo_is_drawn() -> None:
    """One pixel more than a crop each way: four places; no more than a crop: one."""
    (pair,) = made = pairs((36, 36))
    low, _ = CropSampler(made, 4, 8, 100, flip_rotate=False, seed=0)(0)
    places = [
        [(y, x) for y in (0, 1) for x in (0, 1) if np.array_equal(pair.lr[y : y + 8, x : x + 8], one)] for one in low
    ]
    assert all(len(found) == 1 for found in places)
    counts = [places.count([(y, x)]) for y in (0, 1) for x in (0, 1)]
    assert min(counts) > 10
    (whole,) = exact = pairs((32, 32))
    np.testing.assert_array_equal(CropSampler(exact, 4, 8, 1, flip_rotate=False, seed=0)(0)[0][0], whole.lr)


def test_turned_crops_still_belong_together() -> None:
    low, high = CropSampler(pairs((160, 160)), 4, 24, 32, flip_rotate=True, seed=0)(0)
    for one, other in zip(low, high, strict=True):
        # A crop's own degradation differs from the photo's only near the crop's edges.
        inner = (slice(3, -3), slice(3, -3))
        assert np.abs(resample.downscale(other, 4)[inner].astype(int) - one[inner]).max() <= 1


def test_a_step_decides_its_batch() -> None:
    sampler = CropSampler(pairs((96, 128), (64, 64)), 4, 8, 4, True, seed=1)
    np.testing.assert_array_equal(sampler(7)[0], sampler(7)[0])
    assert not np.array_equal(sampler(7)[0], sampler(8)[0])
    tensors = [(low.numpy(), high.numpy()) for low, high in batches(sampler, 5, 8)]
    assert len(tensors) == 3
    for step, (low, high) in enumerate(tensors, 5):
        np.testing.assert_array_equal(low, sampler(step)[0])
        np.testing.assert_array_equal(high, sampler(step)[1])


def test_workers_and_devices_share_a_batch() -> None:
    """2 workers of 2 devices: their shares of each step, in order, are the whole batch."""
    sampler = CropSampler(pairs((96, 128)), 4, 8, 8, True, seed=1)
    workers = [[low.numpy() for low, _ in batches(sampler, 3, 5, (w, 2), devices=2)] for w in (0, 1)]
    for step in (0, 1):
        joined = np.concatenate([workers[w][2 * step + device] for w in (0, 1) for device in (0, 1)])
        np.testing.assert_array_equal(joined, sampler(3 + step)[0])


def test_photos_are_drawn_by_area() -> None:
    made = pairs((40, 40), (120, 120))
    made = [p._replace(lr=np.full_like(p.lr, i * 255), hr=np.full_like(p.hr, i * 255)) for i, p in enumerate(made)]
    sampler = CropSampler(made, 4, 8, 1000, True, seed=0)
    assert (sampler(0)[0][:, 0, 0, 0] == 255).mean() == pytest.approx(0.9, abs=0.03)


def test_smooth_crops_are_drawn_again() -> None:
    (pair,) = pairs((200, 200))
    pair.lr[:, 10:] = 77  # a strip of texture beside a wide plain
    plain = CropSampler([pair], 4, 8, 200, True, seed=0)(0)[0]
    rough = CropSampler([pair], 4, 8, 200, True, seed=0, min_gradient=1.0)(0)[0]

    def share(crops: np.ndarray) -> float:
        return float(np.mean([mean_gradient(c) < 1 for c in crops]))

    assert share(plain) > 0.6
    assert share(rough) < share(plain) ** 5


def test_mean_gradient_by_hand() -> None:
    crop = np.zeros((2, 2, 3), np.uint8)
    crop[0, 0] = 8
    assert mean_gradient(crop) == pytest.approx((8 / 2 + 8 / 2) / 2)


def test_a_damaged_file_is_named_once_and_another_drawn(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    good = next(photos.glob("*.png"))
    files = [PhotoFile(tmp_path / "broken.png", 4, (20, 20)), PhotoFile(good, 4, (20, 20))]
    said: list[str] = []
    sampler = CropSampler(files, 4, 8, 40, True, 0, warn=said.append)
    low, _ = sampler(0)
    assert len(low) == 40
    assert [("broken.png" in text) for text in said] == [True]
    with pytest.raises(SrganEdgeError, match=r"10 photos in a row are damaged, .*broken.png"):
        CropSampler(files[:1], 4, 8, 4, True, 0)(0)
