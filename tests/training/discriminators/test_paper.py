from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from srgan_edge.training.discriminators import paper_discriminator

pytestmark = pytest.mark.tensorflow


def test_parameters_are_the_papers() -> None:
    # Ledig et al. 2017, figure 4, on 96x96: 6x6x512 = 18432 values enter the first dense layer.
    filters = [64, 64, 128, 128, 256, 256, 512, 512]
    chain = [3, *filters]
    convolutions = sum(9 * a * b for a, b in pairwise(chain)) + 64
    batch_norms = 4 * sum(filters[1:])
    dense = 18432 * 1024 + 1024 + 1024 + 1
    model = paper_discriminator(96)
    assert model.count_params() == convolutions + batch_norms + dense
    assert model(np.zeros((2, 96, 96, 3), np.float32)).shape == (2, 1)


def test_pooled_head_takes_any_size() -> None:
    model = paper_discriminator(None, pooled=True)
    for side in (32, 80):
        assert model(np.zeros((2, side, side, 3), np.float32)).shape == (2, 1)
    dense = 512 * 1024 + 1024 + 1024 + 1
    assert sum(layer.count_params() for layer in model.layers if "conv" not in layer.name) == dense


def test_the_width_is_that_of_its_first_convolution() -> None:
    model = paper_discriminator(None, 32, pooled=True)
    assert [model.get_layer(name).output.shape[-1] for name in ("conv1", "conv8")] == [32, 256]


def test_every_second_convolution_halves() -> None:
    model = paper_discriminator(96, 4)
    assert [model.get_layer(f"conv{i + 1}").strides[0] for i in range(8)] == [1, 2, 1, 2, 1, 2, 1, 2]
    assert [model.get_layer(f"conv{i + 1}").output.shape[1] for i in range(8)] == [96, 48, 48, 24, 24, 12, 12, 6]
