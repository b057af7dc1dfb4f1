"""One step of each phase on one device: bytes in, losses out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf
import tf_keras as keras

from srgan_edge.training.discriminator import projections
from srgan_edge.training.losses import adversarial_loss, discriminator_loss, mse, pixel_loss
from srgan_edge.training.muon import Muon
from srgan_edge.training.perceptual import ContentLoss
from srgan_edge.training.recipe import Gan, Pretrain

Step = Callable[[Any, Any], dict[str, Any]]

SHIFT = 7
"""Rows and columns of HR that the GAN's losses do not see."""


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
            rate *= 0.5 * (1 + tf.cos(3.14159265 * tf.clip_by_value(done, 0.0, 1.0)))
        return rate * tf.minimum(1.0, (step + 1) / (self.warmup + 1))

    def get_config(self) -> dict[str, Any]:
        """The schedule's arguments."""
        return {"rate": self.rate, "schedule": self.schedule, "steps": self.steps, "warmup": self.warmup}


def make_optimizer(name: str, rate: RateSchedule, clip: float, precision: str, momentum: float = 0.9) -> Any:
    """Adam with beta1 `momentum` (0.9: Ledig et al. 2017, section 3.2) or Muon with 0.95; float16 has loss scaling."""
    if name == "muon":
        optimizer = Muon(rate, beta_1=0.95, global_clipnorm=clip or None)
    else:
        optimizer = keras.optimizers.Adam(rate, beta_1=momentum, global_clipnorm=clip or None)
    if precision == "mixed_float16":
        optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer


def pretrain_step(
    generator: Any, optimizer: Any, settings: Pretrain, value_range: tuple[float, float], replicas: int = 1
) -> Step:
    """A step on a pixel loss, images in the generator's own value range; one of `replicas` that run at once."""
    compare = pixel_loss(settings.loss, settings.luma)

    def step(low: Any, high: Any) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            result = tf.cast(generator(from_bytes(low, value_range), training=True), tf.float32)
            loss = compare(from_bytes(high, value_range), result)
        _apply(optimizer, tape, loss, generator, replicas)
        return {"pixel_loss": loss}

    return step


def gan_step(
    generator: Any,
    discriminator: Any,
    optimizers: tuple[Any, Any],
    content_loss: ContentLoss,
    settings: Gan,
    value_range: tuple[float, float],
    replicas: int = 1,
) -> Step:
    """A step of generator and discriminator on the same batch, images in [-1, 1]; one of `replicas` at once.

    The generator's loss is content + 1e-3 adversarial (Ledig et al. 2017, eq. 3), and what else `settings` weigh.
    """
    low_end, high_end = value_range

    def judge(image: Any, features: list[Any]) -> list[Any]:
        if settings.head == "projected":
            return discriminator(projections(image, features), training=True)
        return [discriminator(image, training=True)]

    def step(low: Any, high: Any) -> dict[str, Any]:
        real = from_bytes(high, (-1.0, 1.0))
        with tf.GradientTape() as tape, tf.GradientTape() as critic_tape:
            result = tf.cast(generator(from_bytes(low, value_range), training=True), tf.float32)
            fake = (result - low_end) * (2 / (high_end - low_end)) - 1
            real_part, fake_part = (
                reduced(part, settings.reduction) for part in shifted(real, fake, optimizers[0].iterations)
            )
            fake_features, real_features = content_loss.features(fake_part), content_loss.features(real_part)
            fake_logits, real_logits = judge(fake_part, fake_features), judge(real_part, real_features)
            content = content_loss.distance(real_features, fake_features)
            adversarial = _mean(adversarial_loss(f) for f in fake_logits)
            loss = settings.content * content + settings.adversarial * adversarial
            if settings.pixel:
                loss += settings.pixel * mse(real, fake)
            if settings.consistency:
                scale = high.shape[1] // low.shape[1]
                loss += settings.consistency * mse(*(tf.nn.avg_pool2d(x, scale, scale, "VALID") for x in (real, fake)))
            critic_loss = _mean(
                discriminator_loss(r, f, settings.label_smoothing)
                for r, f in zip(real_logits, fake_logits, strict=True)
            )
        _apply(optimizers[0], tape, loss, generator, replicas)
        _apply(optimizers[1], critic_tape, critic_loss, discriminator, replicas)
        return {
            "generator_loss": loss,
            "content_loss": content,
            "adversarial_loss": adversarial,
            "discriminator_loss": critic_loss,
            "real_accuracy": _mean(tf.reduce_mean(tf.cast(r > 0, tf.float32)) for r in real_logits),
            "fake_accuracy": _mean(tf.reduce_mean(tf.cast(f < 0, tf.float32)) for f in fake_logits),
            "real_logit": _mean(tf.reduce_mean(r) for r in real_logits),
            "fake_logit": _mean(tf.reduce_mean(f) for f in fake_logits),
        }

    return step


def shifted(truth: Any, result: Any, step: Any) -> tuple[Any, Any]:
    """Both `[N, H, W, 3]` without SHIFT of their rows and columns, 0 to SHIFT of them before: others at each step.

    The gradient that a strided convolution hands back is checkered (Odena et al. 2016, "Checkerboard artifacts in
    gradients"), and crops always lie on the same grid: without the shift the generator learns its dots.
    """
    top, left = tf.unstack(tf.random.stateless_uniform((2,), (tf.cast(step, tf.int64), 0), 0, SHIFT + 1, tf.int64))
    size = (-1, truth.shape[1] - SHIFT, truth.shape[2] - SHIFT, 3)
    return tf.slice(truth, (0, top, left, 0), size), tf.slice(result, (0, top, left, 0), size)


def reduced(image: Any, factor: int) -> Any:
    """An image `[N, H, W, 3]` in `H // factor` rows and `W // factor` columns, smoothed first."""
    if factor == 1:
        return image
    size = (image.shape[1] // factor, image.shape[2] // factor)
    return tf.image.resize(image, size, "bilinear", antialias=True)


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
