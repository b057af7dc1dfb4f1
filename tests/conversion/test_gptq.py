from __future__ import annotations

import numpy as np
import pytest
import tf_keras as keras
from conftest import photo

from srgan_edge.conversion.gptq import _moments, gptq, gptq_matrix

pytestmark = pytest.mark.tensorflow


def test_errors_cancel_on_photos() -> None:
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="first")(inputs)
    outputs = keras.layers.Conv2D(4, 5, padding="same", use_bias=False, name="last")(x)
    network = keras.Model(inputs, outputs)
    keras.utils.set_random_seed(0)
    network.set_weights([np.random.default_rng(i).normal(0, 0.2, w.shape) for i, w in enumerate(network.get_weights())])
    batches = [(np.stack([photo(48, 48, i), photo(48, 48, i + 1)]), None) for i in range(0, 8, 2)]
    ours = gptq(network, batches)

    naive = keras.models.clone_model(network)
    naive.set_weights(network.get_weights())
    for name in ("first", "last"):
        kernel, result = network.get_layer(name).get_weights()[0], ours.get_layer(name).get_weights()[0]
        steps = np.abs(kernel).max((0, 1, 2)) / 127
        # On the very grid of the INT8 export, whose step is taken from the largest value.
        np.testing.assert_allclose(np.abs(result).max((0, 1, 2)) / 127, steps, rtol=1e-6)
        np.testing.assert_allclose(result / steps, np.round(result / steps), atol=1e-3)
        layer = naive.get_layer(name)
        layer.set_weights([np.round(kernel / steps) * steps, *layer.get_weights()[1:]])
    other = photo(64, 64, 99)[None] / np.float32(255)
    wanted = network(other).numpy()
    error, naively = (np.mean((m(other).numpy() - wanted) ** 2) for m in (ours, naive))
    assert error < naively / 3


@pytest.mark.parametrize("moments", ([1.0, 0.0, 2.0], [1.0, 0.0, 2.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]))
def test_independent_inputs_are_rounded_to_the_nearest(moments: list[float]) -> None:
    """Inputs that are always 0, all of them too, and a channel of zeros among them."""
    matrix = np.array([[1.27, 0.0], [0.504, 0.0], [-0.996, 0.0]])
    result, offset = gptq_matrix(matrix, np.diag(moments))
    np.testing.assert_allclose(result, [[1.27, 0], [0.5, 0], [-1.0, 0]], atol=1e-9)
    np.testing.assert_allclose(offset, 0, atol=1e-9)


def test_to_the_nearest_and_not_down() -> None:
    result, _ = gptq_matrix(np.array([[1.27], [0.506], [-0.994]]), np.diag([1.0, 1.0, 2.0]))
    np.testing.assert_allclose(result[:, 0], [1.27, 0.51, -0.99], atol=1e-9)


@pytest.mark.parametrize(("side", "expected"), [(64, 1 / 256), (256, 1 / 16)])
def test_some_four_thousand_places_are_looked_at(side: int, expected: float) -> None:
    """All of 64x64, of 256x256 every fourth either way; one in sixteen either way is 1."""
    values = np.zeros((1, side, side, 1), np.float32)
    values[:, ::16, ::16] = 1
    layer = keras.layers.Conv2D(1, 1)
    layer.build(values.shape)
    power, mean = expected, expected
    np.testing.assert_allclose(_moments(values, layer), [[power, mean], [mean, 1]])
