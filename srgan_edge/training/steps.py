"""One step of each phase on one device: bytes in, losses out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf
import tf_keras as keras

from srgan_edge.training.discriminators import judge
from srgan_edge.training.generator_loss import GeneratorLoss, shifted
from srgan_edge.training.losses import adversarial_loss, discriminator_loss
from srgan_edge.training.muon import Muon
from srgan_edge.training.recipe import Gan

Step = Callable[[Any, Any], dict[str, Any]]

UNIT = (0.0, 1.0)


class RateSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A linear rise over `warmup` steps, then constant, half a cosine down to 0 at `steps`, or 1/10 from the middle on.

    "drop" is the paper's (Ledig et al. 2017, section 3.2): 1e5 steps at 1e-4, 1e5 at 1e-5.
    """

    def __init__(self, rate: float, schedule: str, steps: int, warmup: int = 0) -> None:
        self.rate, self.schedule, self.steps, self.warmup = rate, schedule, steps, warmup

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, counted from 0."""
        step = tf.cast(step, tf.float32)
        rate = tf.constant(self.rate, tf.float32)
        if self.schedule == "drop":
            rate *= tf.where(step < self.steps / 2, 1.0, 0.1)
        elif self.schedule == "cosine":
            done = (step - self.warmup) / max(1, self.steps - self.warmup)
            rate *= 0.5 * (1 + tf.cos(math.pi * tf.clip_by_value(done, 0.0, 1.0)))
        return rate * tf.minimum(1.0, (step + 1) / (self.warmup + 1))

    def get_config(self) -> dict[str, Any]:
        """The schedule's arguments."""
        return {"rate": self.rate, "schedule": self.schedule, "steps": self.steps, "warmup": self.warmup}


def make_optimizer(name: str, rate: RateSchedule, clip_norm: float, precision: str, beta_1: float = 0.9) -> Any:
    """Adam with `beta_1` (0.9: Ledig et al. 2017, section 3.2) or Muon with 0.95; float16 has loss scaling."""
    if name == "muon":
        optimizer = Muon(rate, beta_1=0.95, global_clipnorm=clip_norm or None)
    else:
        optimizer = keras.optimizers.Adam(rate, beta_1=beta_1, global_clipnorm=clip_norm or None)
    if precision == "mixed_float16":
        optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer


def generator_step(
    generator: Any, optimizer: Any, loss: GeneratorLoss, value_range: tuple[float, float], replicas: int = 1
) -> Step:
    """A step without a discriminator.

    Args:
        generator: from and to `value_range`.
        optimizer: what takes the step.
        loss: of its result.
        value_range: what black and white are to the generator.
        replicas: how many of this step run at once, each on its share of the batch.

    Returns:
        A function of LR `[N, h, w, 3]` and HR `[N, s h, s w, 3]` bytes. It changes the generator and returns scalars by
        name: `generator_loss` and its terms.
    """
    forward = unit_network(generator, value_range, training=True)

    def step(low: Any, high: Any) -> dict[str, Any]:
        small, truth = from_bytes(low, UNIT), from_bytes(high, UNIT)
        with tf.GradientTape() as tape:
            result = forward(small)
            features = loss.features(truth, result, optimizer.iterations) if loss.needs_features else None
            total, terms = loss(small, truth, result, features)
        _apply(optimizer, tape, total, generator, replicas)
        return {"generator_loss": total, **terms}

    return step


def gan_step(
    generator: Any,
    discriminator: Any,
    optimizers: tuple[Any, Any],
    loss: GeneratorLoss,
    settings: Gan,
    value_range: tuple[float, float],
    replicas: int = 1,
) -> Step:
    """A step of generator and discriminator on the same batch, both by the weights that they had before it.

    The generator's loss is content + 1e-3 adversarial (Ledig et al. 2017, eq. 3), and what else `settings` weigh. The
    discriminator judges the generator's result and the truth, in [-1, 1].

    Args:
        generator: from and to `value_range`.
        discriminator: by the name in `settings`; a projected one judges features of `loss.content`.
        optimizers: the generator's and the discriminator's.
        loss: all of the generator's loss but the adversarial one.
        settings: the recipe's `[gan]`.
        value_range: what black and white are to the generator.
        replicas: how many of this step run at once, each on its share of the batch.

    Returns:
        A function of LR `[N, h, w, 3]` and HR `[N, s h, s w, 3]` bytes. It changes both networks and returns scalars by
        name: both losses, their terms, the share of crops judged rightly and the mean logits.
    """
    forward = unit_network(generator, value_range, training=True)

    def step(low: Any, high: Any) -> dict[str, Any]:
        small, truth = from_bytes(low, UNIT), from_bytes(high, UNIT)
        with tf.GradientTape() as tape, tf.GradientTape() as critic_tape:
            result = forward(small)
            real, fake = shifted(2 * truth - 1, 2 * result - 1, optimizers[0].iterations)
            features = None
            if loss.needs_features or settings.discriminator == "projected":
                features = loss.content.features(real), loss.content.features(fake)
            real_features, fake_features = features or ([], [])
            fake_logits = judge(settings.discriminator, discriminator, fake, fake_features)
            real_logits = judge(settings.discriminator, discriminator, real, real_features)
            total, terms = loss(small, truth, result, features)
            adversarial = _mean(adversarial_loss(f) for f in fake_logits)
            total += settings.losses.adversarial * adversarial
            critic_loss = _mean(
                discriminator_loss(r, f, settings.label_smoothing)
                for r, f in zip(real_logits, fake_logits, strict=True)
            )
        _apply(optimizers[0], tape, total, generator, replicas)
        _apply(optimizers[1], critic_tape, critic_loss, discriminator, replicas)
        return {
            "generator_loss": total,
            **terms,
            "adversarial_loss": adversarial,
            "discriminator_loss": critic_loss,
            "real_accuracy": _mean(tf.reduce_mean(tf.cast(r > 0, tf.float32)) for r in real_logits),
            "fake_accuracy": _mean(tf.reduce_mean(tf.cast(f < 0, tf.float32)) for f in fake_logits),
            "real_logit": _mean(tf.reduce_mean(r) for r in real_logits),
            "fake_logit": _mean(tf.reduce_mean(f) for f in fake_logits),
        }

    return step


def unit_network(network: Any, value_range: tuple[float, float], training: bool) -> Callable[[Any], Any]:
    """A network of another value range as one from and to images in [0, 1], in float32."""
    low_end, high_end = value_range
    width = high_end - low_end

    def run(image: Any) -> Any:
        return (tf.cast(network(image * width + low_end, training=training), tf.float32) - low_end) / width

    return run


def from_bytes(image: Any, value_range: tuple[float, float]) -> Any:
    """Images of bytes as float32, black and white at the ends of a range."""
    low, high = value_range
    return tf.cast(image, tf.float32) * ((high - low) / 255) + low


def ema_step(average: Any, model: Any, decay: float, counter: Any) -> Callable[[], None]:
    """An update of the running average of a model's weights, quicker while the run is young."""

    def step() -> None:
        count = tf.cast(counter, tf.float32)
        share = 1 - tf.minimum(decay, (1 + count) / (10 + count)) if decay else 1.0
        for mean, value in zip(average.variables, model.variables, strict=True):
            mean.assign_add(share * (tf.cast(value, tf.float32) - mean))

    return step


def _mean(losses: Iterable[Any]) -> Any:
    return tf.reduce_mean(tf.stack(list(losses)))


def _apply(optimizer: Any, tape: Any, loss: Any, model: Any, replicas: int) -> None:
    """Descend; the optimizer sums the gradients of all replicas, each of which has its share of the batch's mean."""
    variables = model.trainable_variables
    if isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
        scale = tf.cast(optimizer.loss_scale, tf.float32) / replicas
        gradients = optimizer.get_unscaled_gradients(tape.gradient(loss, variables, output_gradients=scale))
    else:
        gradients = tape.gradient(loss, variables, output_gradients=tf.constant(1 / replicas, tf.float32))
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
