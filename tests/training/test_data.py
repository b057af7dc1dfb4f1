from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import photo

from srgan_edge import resample
from srgan_edge.errors import UsageError
from srgan_edge.training import data


def pairs(*sizes: tuple[int, int]) -> list[data.Pair]:
    made = []
    for index, (height, width) in enumerate(sizes):
        hr = photo(height, width, index)
        made.append(data.Pair(str(index), resample.downscale(hr, 4), hr))
    return made


def test_crops_belong_together() -> None:
    (pair,) = made = pairs((96, 128))
    sampler = data.CropSampler(made, 4, 8, 6, flips=False, seed=3)
    low, high = sampler(5)
    assert (low.shape, high.shape) == ((6, 8, 8, 3), (6, 32, 32, 3))
    for one, other in zip(low, high, strict=True):
        places = [(y, x) for y in range(17) for x in range(25) if np.array_equal(pair.lr[y : y + 8, x : x + 8], one)]
        assert any(np.array_equal(pair.hr[4 * y : 4 * y + 32, 4 * x : 4 * x + 32], other) for y, x in places)


def test_turned_crops_still_belong_together() -> None:
    low, high = data.CropSampler(pairs((160, 160)), 4, 24, 32, flips=True, seed=0)(0)
    for one, other in zip(low, high, strict=True):
        # A crop's own degradation differs from the photo's only near the crop's edges.
        inner = (slice(3, -3), slice(3, -3))
        assert np.abs(resample.downscale(other, 4)[inner].astype(int) - one[inner]).max() <= 1


def test_a_step_decides_its_batch() -> None:
    sampler = data.CropSampler(pairs((96, 128), (64, 64)), 4, 8, 4, True, seed=1)
    np.testing.assert_array_equal(sampler(7)[0], sampler(7)[0])
    assert not np.array_equal(sampler(7)[0], sampler(8)[0])
    tensors = [(low.numpy(), high.numpy()) for low, high in data.batches(sampler, 5, 8)]
    assert len(tensors) == 3
    for step, (low, high) in enumerate(tensors, 5):
        np.testing.assert_array_equal(low, sampler(step)[0])
        np.testing.assert_array_equal(high, sampler(step)[1])


def test_photos_are_drawn_by_area() -> None:
    made = pairs((40, 40), (120, 120))
    made = [p._replace(lr=np.full_like(p.lr, i * 255), hr=np.full_like(p.hr, i * 255)) for i, p in enumerate(made)]
    sampler = data.CropSampler(made, 4, 8, 1000, True, seed=0)
    assert (sampler(0)[0][:, 0, 0, 0] == 255).mean() == pytest.approx(0.9, abs=0.03)


def test_bad_photos_are_named(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    data.images.write(data.images.Picture(photo(20, 300)), tmp_path / "narrow.png")
    said: list[str] = []
    loaded = data.load_pairs([*data.images.find(photos), *data.images.find(tmp_path)], 4, 24, said.append)
    assert len(loaded) == 5
    assert "broken.png" in said[0]
    assert "300x20 is too small for crops of 96 pixels" in said[1]
    with pytest.raises(UsageError, match="none of the 2 photos"):
        data.load_pairs(data.images.find(tmp_path), 4, 24, said.append)


def test_sources(photos: Path, tmp_path: Path) -> None:
    found = data.photos(str(photos), "")
    assert (len(found.train), len(found.valid)) == (4, 1)
    assert not set(found.train) & set(found.valid)
    assert len(data.photos("sample", "").train) == 6
    assert data.photos(str(photos), str(photos)).train == data.photos(str(photos), str(photos)).valid
    with pytest.raises(UsageError, match="no such folder"):
        data.photos(str(tmp_path / "none"), "")
    with pytest.raises(UsageError, match="holds no image"):
        data.photos(str(tmp_path), "")
