from __future__ import annotations

import numpy as np
import tf_keras as keras

from srgan_edge.conversion import fold, simplify
from srgan_edge.training.generators import build_generator


def test_equal_slopes_change_nothing() -> None:
    """PReLU of one slope is a LeakyReLU; of several it becomes that of their mean."""
    model = fold.fold_batch_norm(build_generator("srgan", 4, blocks=1))
    for layer in model.layers:
        if isinstance(layer, keras.layers.PReLU):
            layer.set_weights([np.full((1, 1, 64), 0.2, np.float32)])
    image = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
    np.testing.assert_allclose(simplify.leaky(model)(image), model(image), atol=1e-6)
    layer = model.get_layer("head_prelu")
    layer.set_weights([np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 1, 64)])
    changed = simplify.leaky(model).get_layer("head_prelu")
    assert isinstance(changed, keras.layers.LeakyReLU)
    np.testing.assert_allclose(changed.alpha, 0.5, atol=1e-6)


def test_the_linear_tail_is_the_sigmoids_tangent() -> None:
    model = fold.unit_range(fold.fold_batch_norm(build_generator("srgan", 4, blocks=1)), (-1.0, 1.0))
    kernel, bias = model.get_layer("tail").get_weights()
    model.get_layer("tail").set_weights([kernel * 0.02, bias])  # close to 1/2 everywhere
    straight = simplify.linear_tail(model)
    assert not any(fold.is_activation(layer, "sigmoid") for layer in straight.layers)
    image = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
    np.testing.assert_allclose(straight(image), model(image), atol=1e-4)
    assert simplify.linear_tail(build_generator("edge-s", 4)).layers[-1].name == "shuffle"
