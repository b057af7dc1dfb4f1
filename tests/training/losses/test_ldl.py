from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.lib.stride_tricks import sliding_window_view

from srgan_edge.training.losses import ldl_loss, ldl_weight

pytestmark = pytest.mark.tensorflow

Images = np.ndarray


def reference(truth: Images, result: Images, average: Images) -> Images:
    """The weights of one image, window by window, in float64."""
    residual, others = (np.abs(truth.astype(float) - x).sum(axis=-1) for x in (result, average))
    windows = sliding_window_view(np.pad(residual, 3, "reflect"), (7, 7))
    weight = windows.var(axis=(2, 3), ddof=1) * residual.var(ddof=1) ** (1 / 5)
    weight[residual < others] = 0
    return weight[..., None]


@pytest.fixture(scope="module")
def images() -> list[Images]:
    return list(np.random.default_rng(0).random((3, 2, 20, 17, 3)).astype(np.float32))


def test_the_weight_is_the_reference(images: list[Images]) -> None:
    expected = np.stack([reference(*each) for each in zip(*images, strict=True)])
    assert 0.2 < (expected == 0).mean() < 0.8
    assert np.asarray(ldl_weight(*images)) == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_the_loss_weighs_the_absolute_error(images: list[Images]) -> None:
    truth, result, _ = images
    weight = np.stack([reference(*each) for each in zip(*images, strict=True)])
    assert float(ldl_loss(*images)) == pytest.approx((weight * np.abs(result - truth)).mean(), rel=1e-4)


def test_the_weight_has_no_gradient(images: list[Images]) -> None:
    truth, result, average = map(tf.constant, images)
    with tf.GradientTape() as tape:
        tape.watch(result)
        loss = ldl_loss(truth, result, average)
    expected = np.asarray(ldl_weight(truth, result, average) * tf.sign(result - truth)) / result.shape.num_elements()
    assert np.asarray(tape.gradient(loss, result)) == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_a_constant_error_is_no_artifact_and_a_spot_is() -> None:
    truth = np.zeros((1, 24, 24, 3), np.float32)
    assert np.asarray(ldl_weight(truth, truth + 0.1, truth)).max() < 1e-6
    spot = truth.copy()
    spot[0, 12, 12] = 0.5
    weight = np.asarray(ldl_weight(truth, spot, truth))[0, :, :, 0]
    assert (weight > 1e-4).sum() == 49
    # Where the running average errs more, the generator is on its way to the truth.
    refined = np.asarray(ldl_weight(truth, spot, 2 * spot))[0, :, :, 0]
    assert refined[12, 12] == 0
    assert (refined > 1e-4).sum() == 48
