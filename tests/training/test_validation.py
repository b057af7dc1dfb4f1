from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import photo
from numpy.typing import NDArray

from srgan_edge.imaging import Bytes, metrics, quality, resample
from srgan_edge.training import validation
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.perceptual.distances import dists, lite1_features, lpips
from srgan_edge.training.validation import Quality, Validation

pytestmark = pytest.mark.tensorflow


def pair(height: int, width: int, seed: int, noise: float = 0) -> Pair:
    hr = photo(4 * height, 4 * width, seed)
    hr[:32, :32] = 90  # something flat
    lr = resample.downscale(hr, 4)
    noisy = lr + noise * np.random.default_rng(seed).standard_normal(lr.shape)
    return Pair(f"{seed}", np.clip(noisy, 0, 255).astype(np.uint8), hr)


def test_quality_of_each_set() -> None:
    sets = {"clean": [pair(20, 24, 1), pair(24, 20, 2)], "noise": [pair(20, 24, 1, 9)]}
    found = Validation(sets, 4).bicubic()
    assert list(found) == ["clean", "noise"]
    for name, pairs in sets.items():
        results = [resample.upscale(p.lr, 4) for p in pairs]
        scores = [metrics.score(r, p.hr, 4) for r, p in zip(results, pairs, strict=True)]
        maps = [(lite1_features()(p.hr), lite1_features()(r)) for r, p in zip(results, pairs, strict=True)]
        expected = Quality(
            float(np.mean([s.psnr for s in scores])),
            float(np.mean([s.ssim for s in scores])),
            float(np.mean([dists(t, r).mean() for t, r in maps])),
            float(np.mean([lpips(t, r).mean() for t, r in maps])),
            quality.deviation(quality.grain(r, p.hr) for r, p in zip(results, pairs, strict=True)),
            float(np.mean([quality.colour_error(r, p.hr) for r, p in zip(results, pairs, strict=True)])),
        )
        assert found[name] == pytest.approx(expected, rel=1e-5)
    assert found["noise"].grain > found["clean"].grain


def test_features_are_of_few_photos_and_their_middles(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []

    def features(picture: Bytes) -> list[NDArray[np.float32]]:
        seen.append(picture.shape)
        return [np.full((1, 1, 1), picture.mean(), np.float32)]

    monkeypatch.setattr(validation, "lite1_features", lambda: features)
    pairs = [pair(110, 30, seed) for seed in range(10)]
    judge = Validation({"one": pairs, "two": pairs}, 4)
    judge.bicubic()
    assert set(seen) == {(384, 120, 3)}
    # Eight results in each set, and their truths once.
    assert len(seen) == 8 + 8 + 8
    seen.clear()
    judge.bicubic()
    assert len(seen) == 8 + 8


def test_the_middle() -> None:
    picture = np.arange(7 * 4 * 3, dtype=np.uint8).reshape(7, 4, 3)
    np.testing.assert_array_equal(validation.middle(picture, 3), picture[2:5, 0:3])
    np.testing.assert_array_equal(validation.middle(picture, 9), picture)


def test_mean_over_sets_by_hand() -> None:
    nan = float("nan")
    found = validation.mean({"a": Quality(20, 0.5, 0.4, 1, nan, 3), "b": Quality(30, 0.7, 0.2, 2, 1.5, 5)})
    assert found == pytest.approx(Quality(25, 0.6, 0.3, 1.5, 1.5, 4))
    nothing_flat = validation.mean({"a": Quality(20, 0.5, 0.4, 1, nan, 3)})
    assert math.isnan(nothing_flat.grain)
    assert set(nothing_flat.figures()) == {"psnr", "ssim", "dists", "lpips", "colour"}


def test_a_sample_shows_every_set() -> None:
    class Fake:
        scale = 4

        def __call__(self, lr: Bytes) -> Bytes:
            return resample.upscale(lr, 4)

    sets = {name: [pair(50, 60, seed) for seed in (i, i + 10)] for i, name in enumerate("abcde")}
    page = validation.sample(Fake(), sets)  # pyright: ignore[reportArgumentType]
    assert page is not None
    assert page.shape == (5 * 192, 4 * 192, 3)
    for row, pairs in enumerate(sets.values()):
        np.testing.assert_array_equal(page[row * 192 : (row + 1) * 192, 576:], pairs[0].hr[4:196, 24:216])
    page = validation.sample(Fake(), {"a": sets["a"], "b": sets["b"][:1]})  # pyright: ignore[reportArgumentType]
    assert page is not None
    assert page.shape[0] == 3 * 192
    assert validation.sample(Fake(), {"a": [pair(20, 20, 1)]}) is None  # pyright: ignore[reportArgumentType]
