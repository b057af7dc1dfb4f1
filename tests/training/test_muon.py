from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from srgan_edge.training.muon import Muon, orthogonalised

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("shape", [(288, 32), (27, 32), (64, 256), (16, 16)])
def test_every_direction_has_about_the_same_length(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    matrix = random.normal(size=shape) * np.geomspace(1, 0.05, shape[1])
    u, _, v = np.linalg.svd(matrix, full_matrices=False)
    found = orthogonalised(tf.constant(matrix, tf.float32)).numpy()
    lengths = np.linalg.svd(found, compute_uv=False)
    assert lengths.min() > 0.6 and lengths.max() < 1.3
    # The directions themselves are those of the polar decomposition.
    assert np.sum(found * (u @ v)) / np.linalg.norm(found) / np.linalg.norm(u @ v) > 0.97


def test_a_step_has_the_size_of_adams_and_biases_take_adams_own() -> None:
    random = np.random.default_rng(1)
    kernel, bias = tf.Variable(tf.zeros((3, 3, 16, 32)), name="kernel"), tf.Variable(tf.zeros(32), name="bias")
    optimizer = Muon(1e-3)
    gradients = [tf.constant(random.normal(size=v.numpy().shape) * 1e-6, tf.float32) for v in (kernel, bias)]
    optimizer.apply_gradients(zip(gradients, (kernel, bias), strict=True))
    # Adam's first step is the learning rate; over many steps it is about a fifth of it.
    assert np.sqrt(np.mean(kernel.numpy() ** 2)) == pytest.approx(0.2e-3, rel=0.2)
    adam_bias = tf.Variable(tf.zeros(32))
    keras.optimizers.Adam(1e-3).apply_gradients([(gradients[1], adam_bias)])
    np.testing.assert_array_equal(bias, adam_bias)


def test_the_slopes_of_a_prelu_are_no_kernel() -> None:
    """Of a matrix of one number every direction is as long, however small its gradient."""
    slopes, adams = (tf.Variable(tf.fill((1, 1, 1), 0.25)) for _ in range(2))
    muon, adam = Muon(1e-3), keras.optimizers.Adam(1e-3)
    for gradient in (1.0, 1e-4, -1e-5):
        muon.apply_gradients([(tf.fill((1, 1, 1), gradient), slopes)])
        adam.apply_gradients([(tf.fill((1, 1, 1), gradient), adams)])
    np.testing.assert_array_equal(slopes, adams)


def test_the_second_step_by_hand() -> None:
    """Momentum, Nesterov's look ahead and the step's size."""
    first, second = np.random.default_rng(3).normal(size=(2, 9, 4)).astype(np.float32)
    kernel = tf.Variable(tf.zeros((3, 3, 1, 4)))
    optimizer = Muon(1e-2, beta_1=0.8)
    for gradient in (first, second):
        before = kernel.numpy()
        optimizer.apply_gradients([(tf.reshape(gradient, (3, 3, 1, 4)), kernel)])
    momentum = 0.8 * (0.2 * first) + 0.2 * second
    direction = orthogonalised(tf.constant(0.8 * momentum + 0.2 * second)).numpy()
    step = 1e-2 * 0.2 * 9**0.5 * direction  # of the longer side, 9 rows
    np.testing.assert_allclose((before - kernel.numpy()).reshape(9, 4), step, atol=1e-5)


def test_it_descends_where_directions_are_uneven() -> None:
    random = np.random.default_rng(2)
    inputs = tf.constant(random.normal(size=(256, 24)) * np.geomspace(1, 0.02, 24), tf.float32)
    wanted = inputs @ tf.constant(random.normal(size=(24, 8)), tf.float32)
    weights = tf.Variable(tf.zeros((24, 8)))
    optimizer = Muon(keras.optimizers.schedules.PolynomialDecay(0.1, 150, 0.0))
    losses = []
    for _ in range(150):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((inputs @ weights - wanted) ** 2)
        optimizer.apply_gradients([(tape.gradient(loss, weights), weights)])
        losses.append(float(loss))
    assert losses[-1] < 1e-2 * losses[0]
