"""What learns: the networks of a recipe, their optimizers, and the steps of its phases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tf_keras as keras

from srgan_edge.errors import UsageError
from srgan_edge.training import precision, steps
from srgan_edge.training.discriminators import build_discriminator
from srgan_edge.training.distribution import DistributedStep, Distribution
from srgan_edge.training.generator_loss import SHIFT, GeneratorLoss, Network
from srgan_edge.training.generators import ARCHITECTURES, build_generator
from srgan_edge.training.perceptual import content_loss, feature_channels
from srgan_edge.training.pretrained import initialise, load_pretrained
from srgan_edge.training.recipe import Gan, Pretrain, Recipe
from srgan_edge.training.revival import dead_channels, revive


class Phase(NamedTuple):
    """A stretch of steps with one loss."""

    name: str
    first: int
    last: int
    step: DistributedStep


class Learner:
    """Generator, its running average, discriminator, optimizers and phases, on the devices of a distribution."""

    def __init__(
        self, recipe: Recipe, distribution: Distribution, warn: Callable[[str], None] = lambda sentence: None
    ) -> None:
        """Build them; in the recipe, steps are numbers and the GAN phase's crop is written out.

        `warn` is as of `load_generator`.

        Raises:
            UsageError: the recipe cannot work.
        """
        self.recipe, self.distribution, self._warn = recipe, distribution, warn
        self.value_range = ARCHITECTURES[recipe.generator.name].value_range
        self.policy, self.why_policy = precision.choose(recipe.loop.precision)
        keras.utils.set_random_seed(recipe.loop.seed)
        self.step = tf.Variable(tf.constant(0, tf.int64), trainable=False, name="step")
        self.networks: dict[str, Any] = {}
        self.optimizers: dict[str, Any] = {}
        self.phases: list[Phase] = []
        with distribution.strategy.scope():
            self._build_networks()
        # One copy is enough to validate and to export, and it is in float32.
        self.average = build_generator(**recipe.generator.model_dump())
        self.average.set_weights(self.generator.get_weights())
        self._update_average = steps.ema_step(self.average, self.generator, recipe.loop.ema, self.step)
        with distribution.strategy.scope():
            for name, settings in recipe.phases.items():
                if isinstance(settings, Gan):
                    self._add_gan(settings)
                else:
                    self._add_generator_phase(name, settings)

    def revive(self, images: np.ndarray) -> int:
        """Put channels to use again that are dead on LR images `[N, H, W, 3]` of bytes; returns how many."""
        dead = dead_channels(self.average, steps.from_bytes(images, self.value_range))
        revive(self.average, dead, self.recipe.loop.seed)
        with self.distribution.strategy.scope():
            revive(self.generator, dead, self.recipe.loop.seed)
        return int(sum(channels.sum() for channels in dead))

    def state(self) -> dict[str, Any]:
        """Everything that a checkpoint must hold, by name."""
        return {"step": self.step, "average": self.average, **self.networks, **self.optimizers}

    def _build_networks(self) -> None:
        recipe = self.recipe
        keras.mixed_precision.set_global_policy(self.policy)
        try:
            self.generator = self.networks["generator"] = build_generator(**recipe.generator.model_dump())
            if recipe.gan.steps:
                side = recipe.gan.crop * recipe.generator.scale - SHIFT
                width, channels = recipe.gan.discriminator_width, feature_channels(recipe.perceptual)
                self.networks["discriminator"] = build_discriminator(recipe.gan.discriminator, side, width, channels)
        finally:
            keras.mixed_precision.set_global_policy("float32")
        if recipe.generator.init:
            initialise(self.generator, load_pretrained(recipe.generator.init, "generator.init", self._warn))

    def _add_generator_phase(self, name: str, settings: Pretrain) -> None:
        rate = steps.RateSchedule(settings.learning_rate, settings.schedule, int(settings.steps), settings.warmup)
        optimizer = steps.make_optimizer(settings.optimizer, rate, settings.clip_norm, self.policy)
        optimizer.build(self.generator.trainable_variables)
        self.optimizers[f"{name}_optimizer"] = optimizer
        loss = self._loss(settings, settings.losses.of_features)
        step = steps.generator_step(self.generator, optimizer, loss, self.value_range, self.distribution.replicas)
        self._add_phase(name, int(settings.steps), step)

    def _add_gan(self, settings: Gan) -> None:
        critic = self.networks["discriminator"]
        peaks = (settings.learning_rate, settings.discriminator_learning_rate or settings.learning_rate)
        rates = [steps.RateSchedule(r, settings.schedule, int(settings.steps), settings.warmup) for r in peaks]
        ours, critics = (
            steps.make_optimizer("adam", rate, settings.clip_norm, self.policy, settings.beta_1) for rate in rates
        )
        ours.build(self.generator.trainable_variables)
        critics.build(critic.trainable_variables)
        self.optimizers |= {"gan_optimizer": ours, "discriminator_optimizer": critics}
        loss = self._loss(settings, settings.losses.of_features or settings.discriminator == "projected")
        step = steps.gan_step(
            self.generator, critic, (ours, critics), loss, settings, self.value_range, self.distribution.replicas
        )
        self._add_phase("gan", int(settings.steps), step)

    def _loss(self, settings: Pretrain | Gan, perceptual: bool) -> GeneratorLoss:
        return GeneratorLoss(
            settings.losses,
            settings.luma,
            content_loss(self.recipe.perceptual) if perceptual else None,
            steps.unit_network(self.average, self.value_range, training=False),
            self._teacher() if settings.losses.distillation else None,
        )

    def _teacher(self) -> Network:
        teacher = load_pretrained(self.recipe.teacher, "teacher", self._warn)
        if teacher.scale != self.recipe.generator.scale:
            raise UsageError(
                f"teacher: {self.recipe.teacher} enlarges x{teacher.scale}, not x{self.recipe.generator.scale}"
            )
        return steps.unit_network(teacher.model, teacher.value_range, training=False)

    def _add_phase(self, name: str, count: int, step: steps.Step) -> None:
        first = self.phases[-1].last if self.phases else 0
        self.phases.append(Phase(name, first, first + count, self.distribution.step(step, self._after_step)))

    def _after_step(self) -> None:
        self._update_average()
        self.step.assign_add(1)
