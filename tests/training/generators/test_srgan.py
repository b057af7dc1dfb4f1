from __future__ import annotations

import numpy as np
import pytest

from srgan_edge.training.generators import build_generator

pytestmark = pytest.mark.tensorflow


def test_the_skip_over_the_trunk_carries_the_head() -> None:
    """With the trunk's last normalisation at 0, only the skip can tell one input from another."""
    model = build_generator("srgan", 4, blocks=1)
    trunk = model.get_layer("trunk_bn")
    gamma, *others = trunk.get_weights()
    trunk.set_weights([0 * gamma, *others])
    first, second = np.random.default_rng(0).random((2, 1, 8, 8, 3)).astype(np.float32)
    assert np.abs(np.asarray(model(first)) - np.asarray(model(second))).max() > 1e-3


def test_each_block_begins_as_the_identity() -> None:
    one, many = (build_generator("srgan", 4, blocks=count) for count in (1, 3))
    for layer in one.layers:
        if layer.weights and "block" not in layer.name:
            many.get_layer(layer.name).set_weights(layer.get_weights())
    image = np.random.default_rng(0).random((1, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(one(image), many(image), atol=1e-6)
