from __future__ import annotations

from pathlib import Path

import niqe
import numpy as np
import pytest
from conftest import photo
from niqe import Natural, niqe_features
from scipy.ndimage import gaussian_filter

from srgan_edge.errors import SrganEdgeError


def test_the_fit_finds_shapes_and_widths() -> None:
    random = np.random.default_rng(0)
    gaussian, laplacian = random.normal(0, 2, (1, 96, 96)), random.laplace(0, 1.5, (1, 96, 96))
    lopsided = np.where(random.random((1, 96, 96)) < 1 / 3, -1, 2) * np.abs(random.normal(0, 1, (1, 96, 96)))
    (shape,), (left,), (right,), (mean,) = niqe._generalised(gaussian)
    assert (shape, left, right) == pytest.approx((2, 2 * 2**0.5, 2 * 2**0.5), rel=0.05)
    assert mean == pytest.approx(0, abs=0.1)
    (shape,), (left,), _, _ = niqe._generalised(laplacian)
    assert (shape, left) == pytest.approx((1, 1.5), rel=0.1)
    (shape,), (left,), (right,), (mean,) = niqe._generalised(lopsided)
    assert right / left == pytest.approx(2, rel=0.05)
    assert mean == pytest.approx(lopsided.mean(), rel=0.1)


def test_normalised_against_scipy() -> None:
    plane = photo(40, 50)[..., 0].astype(float)
    mean = gaussian_filter(plane, 7 / 6, mode="nearest", radius=3)
    deviation = np.sqrt(np.abs(gaussian_filter(plane**2, 7 / 6, mode="nearest", radius=3) - mean**2))
    np.testing.assert_allclose(niqe._normalised(plane), (plane - mean) / (deviation + 1), atol=1e-6)


def test_blocks_and_distance() -> None:
    features = niqe_features(photo(200, 300))
    assert features.shape == (2 * 3, 36)
    assert len(niqe_features(photo(95, 300))) == 0
    natural = Natural(features.mean(axis=0), np.cov(features, rowvar=False))
    assert natural.distance(features) == pytest.approx(0, abs=1e-6)
    # One feature a deviation off, where both covariances are 1: a distance of 1.
    random = np.random.default_rng(0).standard_normal((20_000, 2))
    one = Natural(np.zeros(2), np.eye(2))
    assert one.distance(random + np.array([1, 0])) == pytest.approx(1, abs=0.02)


def test_other_constants_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "constants.npz"
    np.savez(path, mu_pris_param=np.zeros((1, 36)), cov_pris_param=np.eye(36))
    assert Natural.read(path).mean.shape == (36,)
    np.savez(path, something=np.zeros(3))
    with pytest.raises(SrganEdgeError, match=r"constants\.npz: not NIQE's constants"):
        Natural.read(path)
    path.write_bytes(b"no zip")
    with pytest.raises(SrganEdgeError, match=r"constants\.npz: not NIQE's constants"):
        Natural.read(path)
