from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from srgan_edge.training.discriminators import unet_discriminator
from srgan_edge.training.losses import discriminator_loss

pytestmark = pytest.mark.tensorflow


def images(side: int = 24) -> list[Any]:
    return [tf.constant(x, tf.float32) for x in np.random.default_rng(0).uniform(-1, 1, (2, 2, side, side, 3))]


def test_parameters_are_the_papers() -> None:
    # What BasicSR's log prints for UNetDiscriminatorSN of 64 channels.
    model = unet_discriminator()
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == 4_376_897


def test_it_judges_every_pixel_of_any_size() -> None:
    model = unet_discriminator(4)
    for height, width in ((32, 32), (89, 41), (185, 8)):
        assert model(np.zeros((1, height, width, 3), np.float32)).shape == (1, height, width, 1)


def test_the_maps_halve_and_double() -> None:
    model = unet_discriminator(4)
    names = [f"conv{i}" for i in range(9)]
    probe = keras.Model(model.input, [model.get_layer(name).output for name in names])
    shapes = [tuple(x.shape[1:]) for x in probe(np.zeros((1, 32, 32, 3), np.float32))]
    sides, filters = [32, 16, 8, 4, 8, 16, 32, 32, 32], [4, 8, 16, 32, 16, 8, 4, 4, 4]
    assert shapes == [(side, side, count) for side, count in zip(sides, filters, strict=True)]


def test_skips_add_what_was_before_each_halving() -> None:
    model = unet_discriminator(4)
    inputs = [[x.node.layer.name for x in model.get_layer(f"skip{i + 1}").input] for i in range(3)]
    assert inputs == [[f"conv{up}_lrelu", f"conv{down}_lrelu"] for up, down in ((4, 2), (5, 1), (6, 0))]


def step(model: Any, optimizer: Any) -> Any:
    @tf.function(autograph=False)
    def run(real: Any, fake: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = discriminator_loss(model(real, training=True), model(fake, training=True))
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    return run


def test_it_learns_to_tell_two_kinds_of_images_apart() -> None:
    keras.utils.set_random_seed(0)
    model = unet_discriminator(4)
    run = step(model, keras.optimizers.Adam(5e-3))
    real, fake = images()
    fake = tf.nn.avg_pool2d(fake, 3, 1, "SAME")
    losses = [float(run(real, fake)) for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]


def test_bfloat16_judges_in_float32() -> None:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        model = unet_discriminator(4)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert model.get_layer("conv3").compute_dtype == "bfloat16"
    assert {v.dtype for v in model.variables} == {tf.float32}
    run = step(model, keras.optimizers.Adam(1e-3))
    assert np.isfinite([float(run(*images(21))) for _ in range(3)]).all()
    half = np.asarray(model(images()[0]))
    assert half.dtype == np.float32
    exact = unet_discriminator(4)
    exact.set_weights(model.get_weights())
    assert np.abs(half - np.asarray(exact(images()[0]))).max() < 0.05 * max(1, np.abs(half).max())


def test_a_restored_one_goes_on_bit_for_bit(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)

    def new() -> tuple[Any, Any, Any]:
        model, optimizer = unet_discriminator(4), keras.optimizers.Adam(1e-3)
        optimizer.build(model.trainable_variables)
        return model, optimizer, tf.train.Checkpoint(model=model, optimizer=optimizer)

    straight, optimizer, checkpoint = new()
    run = step(straight, optimizer)
    run(*images())
    path = checkpoint.save(str(tmp_path / "checkpoint"))
    run(*images())
    resumed, optimizer, checkpoint = new()
    checkpoint.restore(path).assert_consumed()
    step(resumed, optimizer)(*images())
    for one, two in zip(straight.variables, resumed.variables, strict=True):
        assert (one.numpy() == two.numpy()).all(), one.name
