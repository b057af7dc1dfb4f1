from __future__ import annotations

import numpy as np
import pytest
import tf_keras as keras

from srgan_edge.conversion import fold
from srgan_edge.errors import SrganEdgeError
from srgan_edge.training.generators import ARCHITECTURES, build_generator

pytestmark = pytest.mark.tensorflow


def randomised(name: str):
    model = build_generator(name, 4, blocks=2, collapsible=False)
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
        elif isinstance(layer, keras.layers.PReLU):
            layer.set_weights([random.choice([-1, 1]) * random.uniform(0.1, 0.4, w.shape) for w in layer.get_weights()])
        elif layer.get_weights() and layer.trainable:
            kernel, *bias = layer.get_weights()
            layer.set_weights([kernel, *(random.normal(0, 0.1, b.shape) for b in bias)])
    return model


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_folding_keeps_the_function(name: str) -> None:
    model = randomised(name)
    low, high = ARCHITECTURES[name].value_range
    x = np.random.default_rng(1).random((1, 40, 36, 3)).astype(np.float32)
    expected = (model(x * (high - low) + low).numpy() - low) / (high - low)
    folded = fold.fold_batch_norm(model)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    unit = fold.unit_range(folded, (low, high))
    inner = (slice(None), slice(64, -64), slice(64, -64))  # the padding's meaning changes near the edges
    np.testing.assert_allclose(unit(x).numpy()[inner], expected[inner], atol=2e-5)
    byte = fold.byte_range(unit)
    np.testing.assert_allclose(byte(x * 255).numpy() / 255, unit(x).numpy(), atol=2e-5)


def test_prelu_becomes_leaky_relu() -> None:
    model = randomised("srgan")
    leaky = fold.leaky_relu(fold.fold_batch_norm(model))
    assert not any(isinstance(layer, keras.layers.PReLU) for layer in leaky.layers)
    image = np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(leaky(image), model(image), atol=2e-5)
    slopes = {p.name: p.get_weights()[0].item() for p in model.layers if isinstance(p, keras.layers.PReLU)}
    assert min(slopes.values()) < 0 < max(slopes.values())
    assert {name: leaky.get_layer(name).alpha for name in slopes} == pytest.approx(slopes)


@pytest.mark.parametrize(("slope", "expected"), [(0.0, 0.01), (1e-4, 0.01), (-1e-4, -0.01), (-0.02, -0.02)])
def test_a_slope_next_to_zero_is_one_that_xnnpack_takes(slope: float, expected: float) -> None:
    inputs = keras.Input((None, None, 3))
    layer = keras.layers.PReLU(shared_axes=(1, 2, 3), name="slope")
    model = keras.Model(inputs, layer(inputs))
    layer.set_weights([np.full((1, 1, 1), slope)])
    assert fold.leaky_relu(model).get_layer("slope").alpha == pytest.approx(expected)


def test_sums_are_kept_apart_from_what_they_are_added_to() -> None:
    model = fold.leaky_relu(fold.folded(randomised("srgan"), (-1.0, 1.0)))
    apart = fold.sums_apart(model)
    image = np.random.default_rng(0).random((1, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(apart(image), model(image), atol=2e-5)
    parents = [p.name for p in apart.get_layer("block2_add").inbound_nodes[0].inbound_layers]
    assert parents == ["head_prelu", "block2_add_branches"]
    parents = [p.name for p in apart.get_layer("block2_add_branches").inbound_nodes[0].inbound_layers]
    assert parents == ["block1_conv2", "block2_conv2"]
    edge = fold.leaky_relu(fold.folded(randomised("chain-s"), (0.0, 1.0)))
    assert [layer.name for layer in fold.sums_apart(edge).layers] == [layer.name for layer in edge.layers]


def test_what_cannot_be_folded_is_named() -> None:
    x = inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.BatchNormalization(name="lonely")(x))
    with pytest.raises(SrganEdgeError, match="lonely does not follow a convolution"):
        fold.fold_batch_norm(model)
    with pytest.raises(SrganEdgeError, match=r"\(-1.0, 1.0\) must go from convolutions to a convolution"):
        fold.unit_range(build_generator("chain-s", 4), (-1.0, 1.0))
