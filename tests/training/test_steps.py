from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from srgan_edge.training.discriminators import unet_discriminator
from srgan_edge.training.generator_loss import GeneratorLoss, shifted
from srgan_edge.training.recipe import Gan, Losses
from srgan_edge.training.steps import (
    ema_step,
    from_bytes,
    gan_step,
    generator_step,
    unit_network,
)

pytestmark = pytest.mark.tensorflow


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


RANGE = (-1.0, 1.0)
"""Of the generator below."""


class Bench:
    """A generator and a discriminator as small as they get, one batch, and a step of both."""

    def __init__(self, settings: Gan, rates: tuple[float, float] = (0.1, 0.1), replicas: int = 1) -> None:
        keras.utils.set_random_seed(0)
        image = keras.Input((None, None, 3))
        self.generator = keras.Model(image, keras.layers.UpSampling2D(4)(keras.layers.Conv2D(3, 1)(image)))
        mean = keras.layers.GlobalAveragePooling2D()(image)
        self.discriminator = keras.Model(image, keras.layers.Dense(1)(mean))
        random = np.random.default_rng(0)
        self.batch = [random.integers(0, 256, (2, side, side, 3), np.uint8) for side in (8, 32)]
        loss = GeneratorLoss(settings.losses, settings.luma)
        optimizers = (keras.optimizers.SGD(rates[0]), keras.optimizers.SGD(rates[1]))
        self._step = gan_step(self.generator, self.discriminator, optimizers, loss, settings, RANGE, replicas)

    def step(self) -> dict[str, float]:
        return {name: float(value) for name, value in self._step(*self.batch).items()}

    def moved(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """What one step moves the generator's and the discriminator's weights by."""
        networks = (self.generator, self.discriminator)
        before = [[v.numpy() for v in network.trainable_variables] for network in networks]
        self.step()
        after = [[v.numpy() for v in network.trainable_variables] for network in networks]
        ours, critics = ([a - b for a, b in zip(*pair, strict=True)] for pair in zip(after, before, strict=True))
        return ours, critics


def settings(label_smoothing: float = 0.0, **weights: float) -> Gan:
    return Gan(losses=Losses(**weights), discriminator="pooled", label_smoothing=label_smoothing)


def test_consistency_compares_what_the_images_are_at_the_low_resolution() -> None:
    bench = Bench(settings(lr_consistency=10.0))
    low, high = bench.batch
    result = np.asarray(bench.generator(low / 127.5 - 1, training=True))[:, ::4, ::4] / 2 + 0.5
    truth = (high / 255).reshape(2, 8, 4, 8, 4, 3).mean(axis=(2, 4))
    assert bench.step()["generator_loss"] == pytest.approx(10 * ((truth - result) ** 2).mean(), rel=1e-4)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_a_gans_step_by_hand(label_smoothing: float) -> None:
    """Plain images, a discriminator that sums their channels: the same whatever the shift."""
    bench = Bench(settings(label_smoothing, adversarial=0.7), (0.1, 0.3))
    bench.generator.set_weights([np.eye(3)[None, None], np.zeros(3)])
    bench.discriminator.set_weights([np.ones((3, 1)), np.array([0.25])])
    bench.batch = [np.full((2, side, side, 3), level, np.uint8) for side, level in ((8, 102), (32, 204))]
    # In [-1, 1]: 102 is -0.2, 204 is 0.6.
    fake, real = 3 * -0.2 + 0.25, 3 * 0.6 + 0.25
    (_, shade), (channels, bias) = bench.moved()
    # Up, to where the discriminator says real: d -log D / d shade of a channel.
    np.testing.assert_allclose(shade, np.full(3, 0.1 * 0.7 * sigmoid(-fake)), rtol=1e-4)
    wrong = (1 - label_smoothing) * sigmoid(-real) - label_smoothing * sigmoid(real)
    np.testing.assert_allclose(bias, [0.3 * (wrong - sigmoid(fake))], rtol=1e-4)
    np.testing.assert_allclose(channels, np.full((3, 1), 0.3 * (0.6 * wrong + 0.2 * sigmoid(fake))), rtol=1e-4)


def test_each_network_descends_by_its_own_optimizer() -> None:
    ours, critics = Bench(settings(adversarial=1.0)).moved()
    assert all(part.any() for part in [*ours, *critics])
    only_ours, none = Bench(settings(adversarial=1.0), (0.1, 0.0)).moved()
    assert not any(part.any() for part in none)
    none, only_critics = Bench(settings(adversarial=1.0), (0.0, 0.1)).moved()
    assert not any(part.any() for part in none)
    for found, expected in ((only_ours, ours), (only_critics, critics)):
        for one, two in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-7)


def test_the_adversarial_loss_counts_by_its_weight_beside_the_others() -> None:
    found = Bench(settings(adversarial=0.3, mse=2.0)).step()
    expected = 0.3 * found["adversarial_loss"] + 2 * found["mse_loss"]
    assert found["generator_loss"] == pytest.approx(expected, rel=1e-5)
    assert found["adversarial_loss"] > 0.1


def test_health_in_the_log_is_that_of_the_logits() -> None:
    bench = Bench(settings(adversarial=1.0))
    bench.discriminator.set_weights([np.zeros((3, 1)), np.array([2.0])])
    found = bench.step()
    # Truth and result are both taken for real.
    assert (found["real_accuracy"], found["fake_accuracy"]) == (1, 0)
    assert (found["real_logit"], found["fake_logit"]) == (2, 2)
    assert found["adversarial_loss"] == pytest.approx(-math.log(sigmoid(2)), rel=1e-5)
    assert found["discriminator_loss"] == pytest.approx(-math.log(sigmoid(2)) - math.log(sigmoid(-2)), rel=1e-5)


def test_one_of_two_replicas_gives_half_of_the_gradient() -> None:
    (ours, critics), (half, halves) = (Bench(settings(adversarial=1.0, l1=1.0), replicas=n).moved() for n in (1, 2))
    for whole, part in zip([*ours, *critics], [*half, *halves], strict=True):
        np.testing.assert_allclose(2 * part, whole, rtol=1e-3, atol=1e-7)


class Means:
    """Features that are means of 4x4 pixels."""

    def features(self, image: Any) -> list[Any]:
        return [tf.nn.avg_pool2d(image, 4, 4, "VALID")]

    def distance(self, truth: list[Any], result: list[Any]) -> Any:
        return tf.reduce_mean(tf.abs(truth[0] - result[0]))


@pytest.mark.parametrize("phase", ["generator", "gan"])
def test_each_step_hands_its_own_number_to_the_shift(phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def noted(truth: Any, result: Any, step: Any) -> tuple[Any, Any]:
        seen.append(int(step))
        return shifted(truth, result, step)

    for module in ("steps", "generator_loss"):
        monkeypatch.setattr(f"srgan_edge.training.{module}.shifted", noted)
    bench = Bench(settings(adversarial=0.1))
    loss = GeneratorLoss(Losses(content=1.0), 0.0, Means())
    step = generator_step(bench.generator, keras.optimizers.SGD(0.1), loss, RANGE) if phase == "generator" else None
    for _ in range(3):
        bench.step() if step is None else step(*bench.batch)
    assert seen == [0, 1, 2]


def test_every_loss_and_the_u_net_inside_a_function() -> None:
    names = "l1 mse log_mse ms_ssim colour lr_consistency focal_frequency ldl content".split()
    every = Gan(losses=Losses(**dict.fromkeys(names, 0.5), adversarial=0.1), discriminator="unet")
    bench = Bench(every)
    discriminator = unet_discriminator(2)
    loss = GeneratorLoss(every.losses, 0.5, Means(), unit_network(bench.generator, RANGE, training=False))
    optimizers = (keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
    for optimizer, network in zip(optimizers, (bench.generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)
    step = gan_step(bench.generator, discriminator, optimizers, loss, every, RANGE)
    weights = [network.get_weights() for network in (bench.generator, discriminator)]
    eager = {name: float(value) for name, value in step(*bench.batch).items()}
    assert {f"{name}_loss" for name in names} < eager.keys()
    after = bench.generator.get_weights()
    for network, before in zip((bench.generator, discriminator), weights, strict=True):
        network.set_weights(before)
    optimizers[0].iterations.assign(0)  # which decides the shift
    inside = tf.function(step, autograph=False)(*map(tf.constant, bench.batch))
    assert {name: float(value) for name, value in inside.items()} == pytest.approx(eager, rel=1e-3, abs=1e-5)
    for one, two, before in zip(after, bench.generator.get_weights(), weights[0], strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
        assert (one != before).all()


@pytest.mark.parametrize("scaled", [False, True])
def test_a_generators_step_by_hand(scaled: bool) -> None:
    """Squared error of a generator that adds a constant: images in [0, 1], whatever the generator's own range."""
    shade = keras.Sequential([keras.layers.UpSampling2D(2), keras.layers.Dense(3)])
    shade.build((None, 8, 8, 3))
    shade.layers[1].set_weights([np.eye(3), np.zeros(3)])
    low = np.random.default_rng(0).integers(40, 200, (2, 8, 8, 3)).astype(np.uint8)
    high = low.repeat(2, 1).repeat(2, 2) + 20
    optimizer: Any = keras.optimizers.SGD(1.0)
    if scaled:
        optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
    step = generator_step(shade, optimizer, GeneratorLoss(Losses(mse=3.0), 0.0), RANGE, replicas=2)
    found = step(low, high)
    error = 20 / 255
    assert float(found["mse_loss"]) == pytest.approx(error**2, rel=1e-4)
    assert float(found["generator_loss"]) == pytest.approx(3 * error**2, rel=1e-4)
    # d mse / d bias = 2 error / 3 channels, half of it for the range of width 2; times the weight, by two replicas.
    np.testing.assert_allclose(shade.layers[1].bias, np.full(3, 3 * 2 * error / 3 / 2 / 2), rtol=1e-3)


def test_a_network_of_another_range_by_hand() -> None:
    seen: list[Any] = []

    def network(image: Any, training: bool) -> Any:
        seen.append((image, training))
        return tf.cast(image, tf.float16) * 2

    run = unit_network(network, (-1.0, 1.0), training=True)
    result = run(tf.constant([0.0, 0.25, 0.5, 1.0]))
    assert seen[0][0].numpy().tolist() == [-1, -0.5, 0, 1]
    assert seen[0][1] is True
    assert result.dtype == tf.float32
    assert result.numpy().tolist() == [-0.5, 0, 0.5, 1.5]


def test_bytes_by_hand() -> None:
    image = np.array([0, 51, 255], np.uint8)
    assert from_bytes(image, (0.0, 1.0)).numpy().tolist() == pytest.approx([0, 0.2, 1])
    assert from_bytes(image, (-1.0, 1.0)).numpy().tolist() == pytest.approx([-1, -0.6, 1])


def test_the_running_average_by_hand() -> None:
    model, average = (keras.Sequential([keras.layers.Dense(1, use_bias=False)]) for _ in range(2))
    for network in (model, average):
        network.build((None, 1))
    counter = tf.Variable(tf.constant(0, tf.int64))
    step = ema_step(average, model, 0.9, counter)
    average.set_weights([np.zeros((1, 1))])
    model.set_weights([np.full((1, 1), 10.0)])
    expected = 0.0
    for count in (0, 1, 79, 1000):
        # While young, 1/10, 2/11 and so on of it is kept; 80/89 is still less than 0.9.
        keep = min(0.9, (1 + count) / (10 + count))
        expected = keep * expected + (1 - keep) * 10
        counter.assign(count)
        step()
        assert average.get_weights()[0].item() == pytest.approx(expected, rel=1e-6), count
    ema_step(average, model, 0.0, counter)()
    assert average.get_weights()[0].item() == 10
