from __future__ import annotations

import numpy as np
import pytest
from conftest import photo

from srgan_edge.training.perceptual.distances import Lite1Features, dists, lpips

pytestmark = pytest.mark.tensorflow


def maps(*values: float, channels: int = 1) -> np.ndarray:
    return np.array(values, np.float32).reshape(1, -1, channels)


def test_lpips_by_hand() -> None:
    # Two places of two channels: the first differs by its length alone, the second by a right angle.
    truth, result = maps(1, 0, 0, 2, channels=2), maps(3, 0, 5, 0, channels=2)
    assert lpips([truth, truth], [result, truth]) == pytest.approx([(0 + 2) / 2, 0], abs=1e-6)


def test_dists_by_hand() -> None:
    truth, result = maps(0, 2), maps(1, 5)
    # Means 1 and 3, variances 1 and 4, covariance 2.
    texture, structure = 2 * 1 * 3 / (1 + 9), 2 * 2 / (1 + 4)
    assert dists([truth, truth], [result, truth]) == pytest.approx([1 - (texture + structure) / 2, 0], abs=1e-5)


def test_dists_forgives_texture_elsewhere() -> None:
    random = np.random.default_rng(0)
    texture = random.normal(1, 1, (32, 32, 8)).astype(np.float32)
    moved, smooth = np.roll(texture, 5, axis=(0, 1)), np.full_like(texture, 3)
    assert dists([texture], [moved])[0] < dists([texture], [smooth])[0]
    assert lpips([texture], [moved])[0] > 0.5


def test_features_of_a_photo() -> None:
    features = Lite1Features()
    truth = photo(64, 96)
    found = features(truth)
    assert [f.shape for f in found] == [(32, 48, 16), (16, 24, 24), (8, 12, 40), (4, 6, 112)]
    random = np.random.default_rng(2)
    noisy = [np.clip(truth + random.normal(0, s, truth.shape), 0, 255).astype(np.uint8) for s in (4, 12, 36)]
    for distance in (lpips, dists):
        rising = [float(distance(found, features(picture)).mean()) for picture in (truth, *noisy)]
        assert rising == sorted(rising), distance
        assert rising[0] == pytest.approx(0, abs=1e-5)
