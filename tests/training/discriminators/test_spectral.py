from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from srgan_edge.training.discriminators.spectral import SpectralConv2D

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def layer() -> Any:
    keras.utils.set_random_seed(0)
    layer = SpectralConv2D(6, 3)
    layer.build((None, None, None, 5))
    return layer


def images(seed: int = 0) -> Any:
    return tf.constant(np.random.default_rng(seed).normal(size=(2, 8, 8, 5)), tf.float32)


def largest(layer: Any) -> float:
    return float(np.linalg.svd(layer.kernel.numpy().reshape(-1, 6), compute_uv=False)[0])


def test_the_kernel_is_divided_by_its_largest_singular_value(layer: Any) -> None:
    for _ in range(100):
        layer(images(), training=True)
    expected = tf.nn.conv2d(images(), layer.kernel / largest(layer), 1, "SAME")
    assert np.asarray(layer(images())) == pytest.approx(np.asarray(expected), abs=1e-4)


def test_one_iteration_a_call_and_in_training_alone(layer: Any) -> None:
    matrix, vector = layer.kernel.numpy().reshape(-1, 6), layer.vector.numpy()
    layer(images())
    assert (layer.vector.numpy() == vector).all()
    right = matrix @ vector
    expected = matrix.T @ right
    layer(images(), training=True)
    assert layer.vector.numpy() == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)


def test_the_kernels_length_makes_no_difference_and_stays(layer: Any) -> None:
    before, kernel = np.asarray(layer(images())), layer.kernel.numpy()
    layer.kernel.assign(kernel * 7)
    assert np.asarray(layer(images())) == pytest.approx(before, abs=1e-5)
    layer(images(), training=True)
    assert (layer.kernel.numpy() == kernel * 7).all()


def test_the_gradient_is_that_of_the_division(layer: Any) -> None:
    """Miyato et al. 2018, eq. 11: what would only lengthen the kernel is taken out."""
    for _ in range(100):
        layer(images(), training=True)
    weights = tf.constant(np.random.default_rng(1).normal(size=(2, 8, 8, 6)), tf.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights * layer(images()))
    gradient = np.asarray(tape.gradient(loss, layer.kernel))
    norm = largest(layer)
    with tf.GradientTape() as tape:
        free = layer.kernel / norm
        tape.watch(free)
        loss = tf.reduce_sum(weights * tf.nn.conv2d(images(), free, 1, "SAME"))
    plain = np.asarray(tape.gradient(loss, free)).reshape(-1, 6)
    left, _, right = np.linalg.svd(layer.kernel.numpy().reshape(-1, 6))
    unit = layer.kernel.numpy().reshape(-1, 6) / norm
    expected = (plain - (plain * unit).sum() * np.outer(left[:, 0], right[0])) / norm
    assert gradient.reshape(-1, 6) == pytest.approx(expected, abs=2e-3 * float(np.abs(expected).max()))


def test_strides_and_config(layer: Any) -> None:
    strided = SpectralConv2D.from_config(SpectralConv2D(6, 4, 2, name="down").get_config())
    assert (strided.name, strided(images()).shape) == ("down", (2, 4, 4, 6))
    assert layer(images()).shape == (2, 8, 8, 6)


REPLICAS = """
import json
import numpy as np, tensorflow as tf, tf_keras as keras
from srgan_edge.training.discriminators import unet_discriminator
images = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
def learnt(count):
    strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(count)])
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model, optimizer = unet_discriminator(2), keras.optimizers.SGD(0.1)
        optimizer.build(model.trainable_variables)
    shares = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(images, count)[context.replica_id_in_sync_group]))
    def step(image):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(image, training=True))) / count
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    run = tf.function(lambda: strategy.run(step, (shares,)), autograph=False)
    for _ in range(3):
        run()
    copies = [strategy.experimental_local_results(layer.vector) for layer in model.layers if hasattr(layer, "vector")]
    return [v.numpy().ravel().tolist() for v in model.variables], [[c.numpy().tolist() for c in two] for two in copies]
print(json.dumps([learnt(1), learnt(2)]))
"""


def test_two_devices_learn_what_one_does() -> None:
    output = subprocess.run([sys.executable, "-c", REPLICAS], check=True, capture_output=True).stdout
    (one, _), (two, copies) = json.loads(output)
    for a, b in zip(one, two, strict=True):
        assert b == pytest.approx(a, abs=1e-4)
    assert len(copies) == 8
    for first, second in copies:
        assert second == pytest.approx(first, abs=1e-6)
