"""Training speed as ratios, on this machine: our loop to its bare step, our GAN step to the usual Keras one.

python benchmarks/training.py [--generator edge-m] [--degradation real] [--photos FOLDER] [--batch 4] [--crop 24]
    [--steps 10]
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import numpy as np
import tensorflow as tf
import tf_keras as keras
from program import Program
from timing import seconds

from srgan_edge import recipes
from srgan_edge.training.distribution import Distribution
from srgan_edge.training.learner import Learner
from srgan_edge.training.loop import Trainer
from srgan_edge.training.perceptual.efficientnet_lite0 import EfficientNetLite0Loss, normalise
from srgan_edge.training.recipe import Recipe


def recipe_of(*settings: str) -> Recipe:
    """The sample recipe without warm-up, validated at its end only."""
    fixed = ("pretrain.warmup=0", "loop.validate_every=1000000", "loop.checkpoint_every=1000000")
    return recipes.load(Recipe, "train", "sample", (*fixed, *settings))


def median_seconds(step: Callable[[], Any], count: int) -> float:
    """The median time of a step, the first two left out: they compile."""
    return statistics.median(seconds(step, count, warm_up=2))


def wait(losses: dict[str, Any]) -> None:
    """Until the device has computed them."""
    for value in losses.values():
        float(value)


def loop_ratio(
    generator: str, steps: int, preset: str, batch: int = 16, crop: int = 48, photos: Path | None = None
) -> float:
    """The whole loop's time a step (photos, crops, log, EMA) to that of its step on one batch kept in memory.

    `photos` instead of the sample's. Of each the best block of steps counts: the overhead is a few percent, less than
    what other work adds.
    """
    size = (f"generator.name={generator}", f"data.batch={batch}", f"data.crop={crop}", "gan.steps=0")
    if preset != "bicubic":
        size = (*size, f"degradation.preset={preset}", "degradation.ramp=0")
    if photos is not None:
        size = (*size, f"data.source={photos}", "data.valid=sample")
    recipe = recipe_of(*size, f"pretrain.steps={9 * steps}", f"loop.log_every={steps}")
    events: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as out:
        trainer = Trainer(recipe, Path(out) / "run", False, events.append)
        trainer.run()
    speeds = [e["images_per_second"] for e in events if e["event"] == "train"][1:]
    loop = batch / max(speeds)
    low, high = next(iter(trainer.distribution.batches(trainer.samplers["pretrain"], 0, 1)))
    step = trainer.phases[0].step

    def block() -> None:
        for _ in range(steps - 1):
            step(low, high, False)
        wait(step(low, high, False)[0])

    bare = min(seconds(block, 8, warm_up=2)) / steps
    print(
        f"loop, batch {batch}, LR crops of {crop}, degradation {preset}: {loop * 1000:.1f} ms a step; "
        f"bare step {bare * 1000:.1f} ms; ratio {loop / bare:.3f}"
    )
    return loop / bare


def gan_recipe(generator: str, batch: int, crop: int, precision: str) -> Recipe:
    """A GAN phase on EfficientNet-Lite0's features."""
    return recipe_of(
        f"generator.name={generator}",
        "generator.collapsible=false",
        f"gan.batch={batch}",
        f"gan.crop={crop}",
        "pretrain.steps=0",
        "gan.steps=1000",
        f"loop.precision={precision}",
        "loop.ema=0",
        "gan.discriminator=paper",
        "perceptual.network=efficientnet-lite0",
    )


def our_gan_step(recipe: Recipe, low: Any, high: Any, steps: int) -> float:
    """Seconds of our GAN step."""
    learner = Learner(recipe, Distribution())
    return median_seconds(lambda: wait(learner.phases[0].step(low, high, False)[0]), steps)


def keras_gan_step(recipe: Recipe, low: Any, high: Any, steps: int) -> float:
    """Seconds of the structure that Keras SRGANs have: predict, two trainings of D, one of G through D."""
    learner = Learner(recipe, Distribution())
    generator, critic = learner.generator, learner.networks["discriminator"]
    classifier = keras.Sequential([critic, keras.layers.Activation("sigmoid")])
    classifier.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy")
    features = EfficientNetLite0Loss().network
    # Both judge as many pixels: our step leaves out some rows and columns, others at each step.
    side = critic.input_shape[1]
    low, high = np.asarray(low, np.float32) / 255, np.asarray(high, np.float32)[:, :side, :side] / 127.5 - 1
    real, no = np.ones((len(low), 1)), np.zeros((len(low), 1))
    # Keras collects what is trained at the first batch: now of D, later of G alone.
    classifier.train_on_batch(high, real)
    classifier.trainable = features.trainable = False
    inputs = keras.Input(low.shape[1:])
    fake = keras.layers.Lambda(lambda x: x[:, :side, :side] * 2 - 1)(generator(inputs))
    combined = keras.Model(inputs, [classifier(fake), *features(keras.layers.Lambda(normalise)(fake))])
    levels = len(features.outputs)
    combined.compile(
        keras.optimizers.Adam(1e-4),
        ["binary_crossentropy", *["mse"] * levels],
        loss_weights=[1e-3, *[1.0 / levels] * levels],
    )

    def step() -> None:
        fakes = generator.predict(low, verbose=0)[:, :side, :side] * 2 - 1
        classifier.train_on_batch(high, real)
        classifier.train_on_batch(fakes, no)
        combined.train_on_batch(low, [real, *features.predict(normalise(high).numpy(), verbose=0)])

    return median_seconds(step, steps)


@click.command(cls=Program, help=__doc__)
@click.option("--generator", default="edge-m", show_default=True)
@click.option("--degradation", default="bicubic", show_default=True, help="A preset, for the loop.")
@click.option("--photos", type=click.Path(path_type=Path), help="A folder to train on, for the loop.")
@click.option("--batch", default=4, show_default=True)
@click.option("--crop", default=24, show_default=True, help="Side of the LR crop.")
@click.option("--steps", default=10, show_default=True)
@click.option("--bfloat16/--no-bfloat16", default=True, help="Compare float32 with bfloat16.")
def main(
    generator: str, degradation: str, photos: Path | None, batch: int, crop: int, steps: int, bfloat16: bool
) -> None:
    """Print the ratios."""
    print(f"{generator}, {Distribution().description}; GAN: batch {batch}, LR crops of {crop}")
    loop_ratio(generator, steps, degradation, photos=photos)
    random = np.random.default_rng(0)
    low = tf.constant(random.integers(0, 256, (batch, crop, crop, 3), np.uint8))
    high = tf.constant(random.integers(0, 256, (batch, 4 * crop, 4 * crop, 3), np.uint8))
    recipe = gan_recipe(generator, batch, crop, "float32")
    ours, theirs = our_gan_step(recipe, low, high, steps), keras_gan_step(recipe, low, high, steps)
    print(
        f"GAN step: ours {batch / ours:.2f} images/s, predict and three train_on_batch {batch / theirs:.2f} images/s; "
        f"ratio {theirs / ours:.2f}"
    )
    if bfloat16:
        half = our_gan_step(gan_recipe(generator, batch, crop, "mixed_bfloat16"), low, high, max(3, steps // 4))
        print(f"GAN step: float32 {ours * 1000:.0f} ms, mixed_bfloat16 {half * 1000:.0f} ms; ratio {half / ours:.2f}")


if __name__ == "__main__":
    main()
