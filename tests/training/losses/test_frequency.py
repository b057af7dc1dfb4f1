from __future__ import annotations

import numpy as np
import pytest

from srgan_edge.training.losses import focal_frequency_loss

pytestmark = pytest.mark.tensorflow


def reference(truth: np.ndarray, result: np.ndarray) -> float:
    """Of one plane, each image transformed for itself, in double precision."""
    distance = np.abs(np.fft.fft2(truth, norm="ortho") - np.fft.fft2(result, norm="ortho"))
    return float((distance / distance.max() * distance**2).mean())


def test_it_is_the_reference() -> None:
    truth, result = np.random.default_rng(0).random((2, 2, 24, 37, 3)).astype(np.float32)
    planes = [(truth[n, ..., c], result[n, ..., c]) for n in range(2) for c in range(3)]
    expected = np.mean([reference(*plane) for plane in planes])
    assert float(focal_frequency_loss(truth, result)) == pytest.approx(expected, rel=1e-4)


def test_one_wave_by_hand() -> None:
    # All of a cosine's energy lies in two frequencies, of full weight: the loss is its mean square, 0.2^2 / 2.
    wave = 0.2 * np.cos(2 * np.pi * 3 * np.arange(16) / 16)
    truth = np.full((1, 16, 16, 3), 0.5, np.float32)
    assert float(focal_frequency_loss(truth, truth + wave[:, None].astype(np.float32))) == pytest.approx(0.02, rel=1e-4)
