"""A phase's losses: each on its own against its formula, and their weighted sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from srgan_edge.training import losses
from srgan_edge.training.generator_loss import GeneratorLoss
from srgan_edge.training.recipe import Losses

pytestmark = pytest.mark.tensorflow

random = np.random.default_rng(0)
LOW = random.random((2, 12, 12, 3)).astype(np.float32)
TRUTH, RESULT, AVERAGE, TAUGHT = random.random((4, 2, 48, 48, 3)).astype(np.float32)
FEATURES = [random.random((2, 6, 6, 5)).astype(np.float32)], [random.random((2, 6, 6, 5)).astype(np.float32)]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class Content:
    """Features of an image are the image; their distance is asymmetric, so that truth and result cannot be swapped."""

    def features(self, image: Any) -> list[Any]:
        return [image]

    def distance(self, truth: list[Any], result: list[Any]) -> Any:
        return tf.reduce_mean(tf.square(truth[0] - 2 * result[0]))


def made(luma: float = 0.0, **weights: float) -> GeneratorLoss:
    return GeneratorLoss(
        Losses(**weights),
        luma,
        Content(),
        lambda low: tf.constant(AVERAGE) if low is LOW else None,
        lambda low: tf.constant(TAUGHT) if low is LOW else None,
    )


def quarters(image: np.ndarray) -> np.ndarray:
    return image.reshape(2, 12, 4, 12, 4, 3).mean(axis=(2, 4))


EXPECTED: dict[str, Callable[[], float]] = {
    "l1": lambda: np.abs(TRUTH - RESULT).mean(),
    "mse": lambda: ((TRUTH - RESULT) ** 2).mean(),
    "log_mse": lambda: np.log(((TRUTH - RESULT) ** 2).mean(axis=(1, 2, 3)) + 1e-4).mean(),
    "ms_ssim": lambda: float(losses.ms_ssim_loss(TRUTH, RESULT)),
    "colour": lambda: float(losses.colour_consistency_loss(TRUTH, RESULT)),
    "lr_consistency": lambda: ((quarters(TRUTH) - quarters(RESULT)) ** 2).mean(),
    "focal_frequency": lambda: float(losses.focal_frequency_loss(TRUTH, RESULT)),
    "ldl": lambda: float(losses.ldl_loss(TRUTH, RESULT, AVERAGE)),
    "content": lambda: ((FEATURES[0][0] - 2 * FEATURES[1][0]) ** 2).mean(),
    "dists": lambda: float(losses.dists_loss(*FEATURES)),
    "distillation": lambda: np.abs(TAUGHT - RESULT).mean(),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_loss_is_its_formula_times_its_weight(name: str) -> None:
    total, terms = made(**{name: 3.0})(LOW, TRUTH, RESULT, FEATURES)
    expected = EXPECTED[name]()
    assert float(terms[f"{name}_loss"]) == pytest.approx(expected, rel=1e-4)
    assert list(terms) == [f"{name}_loss"]
    assert float(total) == pytest.approx(3 * expected, rel=1e-4)


def test_every_loss_of_the_recipe_is_tested() -> None:
    # The adversarial one is the step's: tests/training/test_steps.py.
    assert set(Losses.model_fields) == {*EXPECTED, "adversarial"}


def test_losses_add_up() -> None:
    total, terms = made(l1=2.0, colour=0.5, distillation=4.0, adversarial=7.0)(LOW, TRUTH, RESULT, None)
    assert set(terms) == {"l1_loss", "colour_loss", "distillation_loss"}
    expected = 2 * EXPECTED["l1"]() + 0.5 * EXPECTED["colour"]() + 4 * EXPECTED["distillation"]()
    assert float(total) == pytest.approx(expected, rel=1e-4)


def test_luma_weighs_what_it_says() -> None:
    truth, result, taught = (image @ LUMA for image in (TRUTH, RESULT, TAUGHT))
    total, _ = made(0.25, l1=1.0, distillation=1.0)(LOW, TRUTH, RESULT, None)
    three = EXPECTED["l1"]() + EXPECTED["distillation"]()
    one = np.abs(truth - result).mean() + np.abs(taught - result).mean()
    assert float(total) == pytest.approx(0.75 * three + 0.25 * one, rel=1e-4)


def test_neither_the_average_nor_the_teacher_gets_a_gradient() -> None:
    shade = tf.Variable(tf.constant(0.5))
    loss = GeneratorLoss(
        Losses(ldl=1.0, distillation=1.0), 0.0, None, lambda low: AVERAGE * shade, lambda low: TAUGHT * shade
    )
    result = tf.constant(RESULT)
    with tf.GradientTape() as tape:
        tape.watch(result)
        total, _ = loss(LOW, TRUTH, result, None)
    to_shade, to_result = tape.gradient(total, [shade, result])
    assert to_shade is None
    assert np.asarray(to_result).any()


def test_features_are_of_the_range_that_the_perceptual_network_takes_shifted_alike() -> None:
    real, fake = made(content=1.0).features(tf.constant(TRUTH), tf.constant(TRUTH / 2), 3)
    assert real[0].shape == (2, 40, 40, 3)
    # [0, 1] -> [-1, 1]; half of the truth lies at half of its distance from -1.
    np.testing.assert_allclose((np.asarray(fake[0]) + 1) * 2, np.asarray(real[0]) + 1, atol=1e-5)
    places = [
        (y, x) for y in range(9) for x in range(9) if np.allclose(2 * TRUTH[:, y : y + 40, x : x + 40] - 1, real[0])
    ]
    assert len(places) == 1
