from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import tf_keras as keras

from srgan_edge.errors import UsageError
from srgan_edge.training.generators import build_generator
from srgan_edge.training.pretrained import initialise, load_pretrained

pytestmark = pytest.mark.tensorflow


def trained(name: str, scale: int = 4) -> Any:
    """A generator whose every weight counts, as those of a trained one."""
    model = build_generator(name, scale)
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 0.08, weights.shape) for weights in model.get_weights()])
    return dataclasses.replace(load_pretrained("edge-s-x4", "generator.init"), model=model, name="smaller")


def test_a_larger_edge_begins_as_the_smaller_one_and_all_of_it_learns() -> None:
    smaller, larger = trained("edge-s"), build_generator("edge-m", 4)
    random = np.random.default_rng(0)
    picture, truth = random.random((4, 24, 24, 3), np.float32), random.random((4, 96, 96, 3), np.float32)
    initialise(larger, smaller)
    expected = smaller.model(picture)
    assert np.std(expected - picture.repeat(4, 1).repeat(4, 2)) > 0.05
    np.testing.assert_allclose(larger(picture), expected, atol=1e-4)
    before = larger.get_weights()
    larger.compile(keras.optimizers.Adam(1e-3), "mse")
    larger.fit(picture, truth, epochs=3, verbose=0)
    moved = [a != b for a, b in zip(before, larger.get_weights(), strict=True)]
    assert min(float(np.mean(weights)) for weights in moved) > 0.9


@pytest.mark.parametrize("name", ["edge-s", "edge-m"])
def test_a_smaller_scale_begins_as_the_means_of_the_larger_ones_pixels(name: str) -> None:
    larger, model = trained("edge-s"), build_generator(name, 2)
    picture = np.random.default_rng(0).random((2, 24, 20, 3), np.float32)
    initialise(model, larger)
    expected = np.asarray(larger.model(picture)).reshape(2, 48, 2, 40, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(model(picture), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "scale", "smaller", "smaller_scale"),
    [
        ("edge-s", 4, "edge-m", 4),
        ("edge-m", 4, "edge-s", 2),
        ("edge-m", 3, "edge-m", 4),
        ("edge-m", 4, "chain-s", 4),
        ("chain-m", 4, "chain-s", 4),
    ],
)
def test_what_is_no_smaller_edge_of_a_multiple_of_that_scale_is_refused(
    name: str, scale: int, smaller: str, smaller_scale: int
) -> None:
    with pytest.raises(
        UsageError, match=rf"generator\.init: smaller is {smaller}-x{smaller_scale}, not {name}-x{scale}"
    ):
        initialise(build_generator(name, scale), trained(smaller, smaller_scale))
