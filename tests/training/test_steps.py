from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from srgan_edge.training.discriminator import projected_discriminator
from srgan_edge.training.recipe import Gan
from srgan_edge.training.steps import RateSchedule, gan_step, make_optimizer, reduced, shifted


def test_the_gans_losses_see_both_images_shifted_alike_and_anew_at_each_step() -> None:
    rows, columns = np.mgrid[0:32, 0:40]
    truth = tf.constant(np.repeat(np.stack([rows, columns, rows], -1)[None], 2, 0), tf.float32)
    seen = set()
    for step in range(60):
        real, fake = shifted(truth, truth + 1, step)
        assert real.shape == fake.shape == (2, 25, 33, 3)
        np.testing.assert_array_equal(fake, real + 1)
        top, left, _ = real.numpy()[0, 0, 0]
        np.testing.assert_array_equal(real[1], truth[1, int(top) : int(top) + 25, int(left) : int(left) + 33])
        seen.add((top, left))
    assert {top for top, _ in seen} == {left for _, left in seen} == set(range(8))
    np.testing.assert_array_equal(shifted(truth, truth, 5)[0], shifted(truth, truth, 5)[0])


class NoContentLoss:
    def features(self, image: Any) -> list[Any]:
        return []

    def distance(self, truth: list[Any], result: list[Any]) -> Any:
        return tf.constant(0.0)


def test_consistency_compares_what_the_images_are_at_the_low_resolution() -> None:
    image = keras.Input((None, None, 3))
    generator = keras.Model(image, keras.layers.UpSampling2D(4)(keras.layers.Conv2D(3, 1)(image)))
    settings = Gan(content=0.0, adversarial=0.0, consistency=10.0, head="projected")
    rates = RateSchedule(1e-3, "constant", 10), RateSchedule(1e-3, "constant", 10)
    optimizers = tuple(make_optimizer("adam", rate, 0.0, "float32", 0.5) for rate in rates)
    assert [optimizer.beta_1 for optimizer in optimizers] == [0.5, 0.5]
    random = np.random.default_rng(0)
    low, high = (random.integers(0, 256, (2, side, side, 3), np.uint8) for side in (8, 32))
    result = np.asarray(generator(low / 127.5 - 1, training=True))[:, ::4, ::4]
    truth = (high / 127.5 - 1).reshape(2, 8, 4, 8, 4, 3).mean(axis=(2, 4))
    discriminator = projected_discriminator((), 4)
    step = gan_step(generator, discriminator, optimizers, NoContentLoss(), settings, (-1.0, 1.0))
    assert float(step(low, high)["generator_loss"]) == pytest.approx(10 * ((truth - result) ** 2).mean(), rel=1e-4)


def test_the_gans_losses_may_see_the_images_smaller_and_without_dots() -> None:
    rows, columns = np.mgrid[0:185, 0:64]
    dots = np.repeat(((rows + columns) % 2)[None, ..., None], 3, -1).astype(np.float32)
    ramp = np.repeat(columns[None, ..., None] / 64, 3, -1).astype(np.float32)
    assert reduced(dots, 1) is dots
    smaller = reduced(tf.constant(dots + ramp), 2).numpy()
    assert smaller.shape == (1, 92, 32, 3)
    expected = np.repeat((0.5 + (2 * np.arange(32) + 0.5) / 64)[None, None, :, None], 3, -1)
    np.testing.assert_allclose(smaller[:, 1:-1, 1:-1], np.broadcast_to(expected, (1, 90, 32, 3))[:, :, 1:-1], atol=0.02)
