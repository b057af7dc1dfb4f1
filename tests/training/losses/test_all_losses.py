"""What holds for every loss of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from srgan_edge.training import losses

pytestmark = pytest.mark.tensorflow

SIDE = 48


def ldl(truth: Any, result: Any) -> Any:
    """With a running average that errs nowhere."""
    return losses.ldl_loss(truth, result, truth)


LOSSES: dict[str, Callable[..., Any]] = {
    "l1": losses.l1,
    "mse": losses.mse,
    "ms_ssim": losses.ms_ssim_loss,
    "colour_consistency": losses.colour_consistency_loss,
    "ldl": ldl,
    "focal_frequency": losses.focal_frequency_loss,
}

every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


@pytest.fixture(scope="module")
def images() -> tuple[Any, Any]:
    truth, noise = np.random.default_rng(0).random((2, 2, SIDE, SIDE, 3)).astype(np.float32)
    return tf.constant(truth), tf.constant(np.clip(truth + 0.3 * (noise - 0.5), 0, 1))


@every_loss
def test_it_is_zero_for_equal_images_and_grows_with_the_error(loss: Any, images: tuple[Any, Any]) -> None:
    truth, result = images
    half = (truth + result) / 2
    assert float(loss(truth, truth)) == pytest.approx(0, abs=2e-7)
    assert 0 < float(loss(truth, half)) < float(loss(truth, result))


@every_loss
@pytest.mark.parametrize("kind", ["wrong", "equal", "inverted", "black on white", "beyond the range"])
def test_its_gradient_is_finite(loss: Any, images: tuple[Any, Any], kind: str) -> None:
    truth, result = images
    truth, result = {
        "wrong": (truth, result),
        "equal": (truth, tf.identity(truth)),
        "inverted": (truth, 1 - truth),
        "black on white": (tf.ones_like(truth), tf.zeros_like(truth)),
        "beyond the range": (truth, 3 * truth - 1),
    }[kind]
    with tf.GradientTape() as tape:
        tape.watch(result)
        value = loss(truth, result)
    gradient = np.asarray(tape.gradient(value, result))
    assert np.isfinite(float(value))
    assert np.isfinite(gradient).all()
    assert gradient.any() or kind not in ("wrong", "beyond the range")


@every_loss
def test_a_step_down_its_gradient_lowers_it(loss: Any, images: tuple[Any, Any]) -> None:
    truth, result = images
    with tf.GradientTape() as tape:
        tape.watch(result)
        before = loss(truth, result)
    gradient = tape.gradient(before, result)
    # As far as the loss would have to fall by a thousandth.
    after = loss(truth, result - 0.001 * before * gradient / tf.reduce_sum(gradient**2))
    assert float(before - after) == pytest.approx(0.001 * float(before), rel=0.5)


@every_loss
def test_it_computes_in_float32_inside_a_function_too(loss: Any, images: tuple[Any, Any]) -> None:
    half = [tf.cast(image, tf.bfloat16) for image in images]
    value = tf.function(loss, autograph=False)(*half)
    assert value.dtype == tf.float32
    assert float(value) == pytest.approx(float(loss(*(tf.cast(image, tf.float32) for image in half))), rel=1e-4)


def test_a_loss_keeps_its_name_and_words() -> None:
    assert (losses.l1.__name__, bool(losses.l1.__doc__)) == ("l1", True)
