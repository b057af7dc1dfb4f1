from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from srgan_edge.training.discriminators import build_discriminator
from srgan_edge.training.generator_loss import GeneratorLoss, shifted
from srgan_edge.training.recipe import Gan, Losses
from srgan_edge.training.steps import RateSchedule, gan_step, make_optimizer


def test_the_gans_losses_see_both_images_shifted_alike_and_anew_at_each_step() -> None:
    rows, columns = np.mgrid[0:32, 0:40]
    truth = tf.constant(np.repeat(np.stack([rows, columns, rows], -1)[None], 2, 0), tf.float32)
    seen = set()
    for step in range(60):
        real, fake = shifted(truth, truth + 1, step)
        assert real.shape == fake.shape == (2, 24, 32, 3)
        np.testing.assert_array_equal(fake, real + 1)
        top, left, _ = real.numpy()[0, 0, 0]
        np.testing.assert_array_equal(real[1], truth[1, int(top) : int(top) + 24, int(left) : int(left) + 32])
        seen.add((top, left))
    assert {top for top, _ in seen} == {left for _, left in seen} == set(range(9))
    np.testing.assert_array_equal(shifted(truth, truth, 5)[0], shifted(truth, truth, 5)[0])


def test_consistency_compares_what_the_images_are_at_the_low_resolution() -> None:
    image = keras.Input((None, None, 3))
    generator = keras.Model(image, keras.layers.UpSampling2D(4)(keras.layers.Conv2D(3, 1)(image)))
    settings = Gan(losses=Losses(lr_consistency=10.0), discriminator="pooled")
    rates = RateSchedule(1e-3, "constant", 10), RateSchedule(1e-3, "constant", 10)
    optimizers = tuple(make_optimizer("adam", rate, 0.0, "float32", 0.5) for rate in rates)
    assert [optimizer.beta_1 for optimizer in optimizers] == [0.5, 0.5]
    random = np.random.default_rng(0)
    low, high = (random.integers(0, 256, (2, side, side, 3), np.uint8) for side in (8, 32))
    result = np.asarray(generator(low / 127.5 - 1, training=True))[:, ::4, ::4] / 2 + 0.5
    truth = (high / 255).reshape(2, 8, 4, 8, 4, 3).mean(axis=(2, 4))
    loss = GeneratorLoss(settings.losses, settings.luma)
    discriminator = build_discriminator("pooled", None, 4)
    step = gan_step(generator, discriminator, optimizers, loss, settings, (-1.0, 1.0))
    assert float(step(low, high)["generator_loss"]) == pytest.approx(10 * ((truth - result) ** 2).mean(), rel=1e-4)
