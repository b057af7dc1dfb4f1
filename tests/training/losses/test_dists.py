from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from srgan_edge.training.losses import dists_loss

pytestmark = pytest.mark.tensorflow

Maps = np.ndarray


def reference(truth: Maps, result: Maps) -> float:
    """Of one map, image by image and channel by channel, in float64."""
    truth, result = truth.astype(float), result.astype(float)
    small = 0.05 * np.mean([image[..., c].var() for image in truth for c in range(image.shape[-1])]) + 1e-6
    distances = []
    for t, r in zip(truth.transpose(0, 3, 1, 2), result.transpose(0, 3, 1, 2), strict=True):
        for one, two in zip(t, r, strict=True):
            covariance = np.cov(one.ravel(), two.ravel(), bias=True)
            texture = (2 * one.mean() * two.mean() + small) / (one.mean() ** 2 + two.mean() ** 2 + small)
            structure = (2 * covariance[0, 1] + small) / (covariance[0, 0] + covariance[1, 1] + small)
            distances.append(1 - (texture + structure) / 2)
    return float(np.mean(distances))


@pytest.fixture(scope="module")
def maps() -> tuple[list[Maps], list[Maps]]:
    random = np.random.default_rng(0)
    shapes = ((2, 8, 7, 3), (2, 4, 4, 5))
    truth = [(random.normal(0.5, 2, shape)).astype(np.float32) for shape in shapes]
    return truth, [t + random.normal(0.3, 1, t.shape).astype(np.float32) for t in truth]


def test_the_loss_is_the_reference(maps: tuple[list[Maps], list[Maps]]) -> None:
    expected = np.mean([reference(t, r) for t, r in zip(*maps, strict=True)])
    assert 0.05 < expected < 0.95
    assert float(dists_loss(*maps)) == pytest.approx(expected, rel=1e-4)


def test_equal_maps_have_no_distance_and_half_precision_counts_in_float32(maps: tuple[list[Maps], list[Maps]]) -> None:
    truth, result = maps
    assert float(dists_loss(truth, truth)) == pytest.approx(0, abs=1e-6)
    halves = [[tf.cast(m, tf.bfloat16) for m in each] for each in (truth, result)]
    assert dists_loss(*halves).dtype == tf.float32


def test_texture_may_lie_elsewhere_at_less_cost_than_none() -> None:
    """What a squared error would have the other way round, of features that are 0 where there is nothing."""
    texture = np.random.default_rng(1).normal(0, 2, (1, 16, 16, 4)).clip(0).astype(np.float32)
    elsewhere, none = np.roll(texture, 3, axis=2), np.zeros_like(texture)
    assert ((texture - none) ** 2).mean() < ((texture - elsewhere) ** 2).mean()
    assert float(dists_loss([texture], [elsewhere])) < 0.6 < 0.8 < float(dists_loss([texture], [none]))
    faded = texture.mean() + 0.2 * (texture - texture.mean())
    assert float(dists_loss([texture], [faded])) < float(dists_loss([texture], [none]))


def test_what_a_channel_hardly_has_hardly_counts() -> None:
    random = np.random.default_rng(2)
    truth = random.normal(0, 1, (1, 16, 16, 2)).astype(np.float32)
    truth[..., 1] *= 1e-3
    result = truth.copy()
    result[..., 1] = random.normal(0, 1e-3, (1, 16, 16))
    assert float(dists_loss([truth], [result])) < 1e-4
