from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from srgan_edge.training import losses

pytestmark = pytest.mark.tensorflow


def test_pixel_losses_by_hand() -> None:
    one, two = np.random.default_rng(0).random((2, 2, 3, 3, 3)).astype(np.float32)
    assert float(losses.l1(one, two)) == pytest.approx(np.abs(one - two).mean())
    assert float(losses.mse(one, two)) == pytest.approx(((one - two) ** 2).mean())
    errors = ((one - two) ** 2).mean(axis=(1, 2, 3))
    assert float(losses.log_mse(one, two)) == pytest.approx(np.log(errors + 1e-4).mean())


def test_log_mse_has_each_image_weigh_by_its_own_error() -> None:
    truth = tf.zeros((2, 4, 4, 3))
    result = tf.stack([tf.fill((4, 4, 3), 0.5), tf.fill((4, 4, 3), 0.05)])
    with tf.GradientTape() as tape:
        tape.watch(result)
        loss = losses.log_mse(truth, result)
    large, small = np.abs(tf.convert_to_tensor(tape.gradient(loss, result))).mean(axis=(1, 2, 3))
    # d log(v^2 + c) / dv = 2 v / (v^2 + c): nearly 2 / v, where mean squared error has 2 v.
    assert small / large == pytest.approx((0.05 / (0.05**2 + 1e-4)) / (0.5 / (0.5**2 + 1e-4)), rel=1e-4)


def test_rounding_loss_is_what_log_mse_grows_by() -> None:
    random = np.random.default_rng(0)
    truth, wrong, noise = random.normal(size=(3, 2, 64, 64, 3)).astype(np.float32)
    wanted = truth + 0.1 * wrong
    result = wanted + 0.002 * noise
    for luma in (0.0, 0.75):
        grown = losses.rounding_loss(truth, wanted, result, luma)
        log_mse = losses.pixel_loss("log_mse", luma)
        # A 50th of the error, with nothing in common with it; what they have by chance comes and goes with its sign.
        opposite = wanted - 0.002 * noise
        mean = (float(log_mse(truth, result)) + float(log_mse(truth, opposite))) / 2
        assert float(grown) == pytest.approx(mean - float(log_mse(truth, wanted)), rel=0.02)
    assert float(losses.rounding_loss(truth, wanted, wanted, 0.75)) == 0


def test_luma_loss_by_hand() -> None:
    one, two = np.random.default_rng(0).random((2, 2, 3, 3, 3)).astype(np.float32)
    luma = (one - two) @ np.array([0.299, 0.587, 0.114])
    expected = 0.25 * ((one - two) ** 2).mean() + 0.75 * (luma**2).mean()
    assert float(losses.pixel_loss("mse", 0.75)(one, two)) == pytest.approx(expected)
    assert float(losses.pixel_loss("l1", 1.0)(one, two)) == pytest.approx(np.abs(luma).mean())
    assert losses.pixel_loss("l1") is losses.l1


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_pixel_losses_compute_in_float32(dtype: tf.DType) -> None:
    one, two = (tf.cast(x, dtype) for x in np.random.default_rng(0).random((2, 2, 8, 8, 3)))
    exact = [np.asarray(tf.cast(x, tf.float32)) for x in (one, two)]
    for name in losses.PIXEL_LOSSES:
        loss = losses.pixel_loss(name, 0.5)(one, two)
        assert loss.dtype == tf.float32
        assert float(loss) == pytest.approx(float(losses.pixel_loss(name, 0.5)(*exact)), rel=1e-6)
