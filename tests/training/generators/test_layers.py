from __future__ import annotations

import numpy as np
import pytest
import tf_keras as keras

from srgan_edge.training.generators import build_generator
from srgan_edge.training.generators.layers import CollapsibleConv2D, PixelShuffle
from srgan_edge.training.run_folder import collapse

pytestmark = pytest.mark.tensorflow


def test_pixel_shuffle_by_hand() -> None:
    x = np.arange(2 * 3 * 12, dtype=np.float32).reshape(1, 2, 3, 12)
    y = PixelShuffle(2)(x).numpy()
    for row in range(4):
        for column in range(6):
            block = x[0, row // 2, column // 2].reshape(2, 2, 3)
            np.testing.assert_array_equal(y[0, row, column], block[row % 2, column % 2])


def test_collapsible_convolution_is_its_two_convolutions() -> None:
    layer = CollapsibleConv2D(8, expansion=24, name="conv")
    x = np.random.default_rng(0).normal(size=(2, 9, 7, 8)).astype(np.float32)
    collapsed = layer(x).numpy()
    wide = keras.layers.Conv2D(24, 3, padding="same", use_bias=False)
    narrow = keras.layers.Conv2D(8, 1)
    narrow(wide(x))
    wide.set_weights([layer.expand.numpy()])
    narrow.set_weights([layer.project.numpy()[None, None], layer.bias.numpy()])
    np.testing.assert_allclose(collapsed, narrow(wide(x)).numpy() + x, atol=2e-5)


def test_collapse_keeps_the_function() -> None:
    trained = build_generator("chain-s", 4, collapsible=True)
    plain = build_generator("chain-s", 4, collapsible=False)
    random = np.random.default_rng(0)
    x = random.random((1, 12, 15, 3)).astype(np.float32)
    for weight in trained.trainable_variables:
        if "bias" in weight.name:  # 0 before the first step
            weight.assign(random.uniform(-0.1, 0.1, weight.shape))
    collapse(trained, plain)
    np.testing.assert_allclose(trained(x), plain(x), atol=1e-5)
    assert plain.count_params() < trained.count_params()


def test_a_fresh_edge_generator_is_nearest_neighbour() -> None:
    x = np.random.default_rng(0).random((1, 8, 8, 3)).astype(np.float32)
    y = build_generator("edge-m", 4)(x).numpy()
    assert np.abs(y - x.repeat(4, axis=1).repeat(4, axis=2)).max() < 0.2
