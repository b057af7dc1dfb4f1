from __future__ import annotations

import numpy as np
import pytest

from srgan_edge.training.generators import build_generator
from srgan_edge.training.revival import dead_channels, revive

pytestmark = pytest.mark.tensorflow

KILLED = {"conv1": [3], "conv2": [0, 3, 7], "conv6": [15]}


def test_dead_channels_are_found_and_revived() -> None:
    model = build_generator("chain-s", 4, collapsible=False)
    random = np.random.default_rng(0)
    tail = model.get_layer("tail")
    tail.set_weights([random.normal(0, 0.05, tail.kernel.shape), tail.bias.numpy()])
    images = random.random((4, 24, 24, 3), np.float32)
    # He's kernels with random inputs: a bias keeps those alive that are not killed.
    for number in range(1, 7):
        layer = model.get_layer(f"conv{number}")
        bias = np.full(16, 0.5, np.float32)
        bias[KILLED.get(layer.name, [])] = -1e4
        layer.set_weights([layer.kernel.numpy() * 0.5, bias])
    dead = dead_channels(model, images)
    assert {f"conv{i + 1}": list(np.flatnonzero(d)) for i, d in enumerate(dead) if d.any()} == KILLED

    before = model(images).numpy()
    revive(model, dead, seed=0)
    np.testing.assert_allclose(model(images), before, atol=1e-5)
    assert not any(d.any() for d in dead_channels(model, images))
    # Channel 3 of the second convolution passes on that of the first, and reaches nothing alive yet.
    kernel = model.get_layer("conv2").kernel.numpy()
    assert kernel[1, 1, 3, 3] == pytest.approx(1, abs=0.3)
    assert not model.get_layer("conv3").kernel.numpy()[:, :, KILLED["conv2"]].any()
