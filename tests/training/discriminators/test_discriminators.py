from __future__ import annotations

import numpy as np
import pytest

from srgan_edge.errors import UnknownNameError
from srgan_edge.training.discriminators import DISCRIMINATORS, build_discriminator, judge

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("paper", [(2, 1)]),
        ("pooled", [(2, 1)]),
        ("unet", [(2, 32, 32, 1)]),
        ("projected", [(2, 8, 8, 1), (2, 16, 16, 1)]),
    ],
)
def test_each_judges(name: str, shapes: list[tuple[int, ...]]) -> None:
    network = build_discriminator(name, 32, 4, (16,))
    image = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    logits = judge(name, network, image, [np.ones((2, 16, 16, 16), np.float32)])
    assert [tuple(x.shape) for x in logits] == shapes
    before = [v.numpy() for v in network.non_trainable_variables]
    judge(name, network, image, [np.ones((2, 16, 16, 16), np.float32)])
    # It judges as in training: moving statistics and singular vectors go on.
    assert all((v.numpy() != b).any() for v, b in zip(network.non_trainable_variables, before, strict=True))


def test_the_papers_alone_is_of_one_size() -> None:
    sides = {name: build_discriminator(name, 32, 4, (16,)).inputs[0].shape[1] for name in DISCRIMINATORS}
    assert sides == {"paper": 32, "pooled": None, "unet": None, "projected": None}


def test_all_are_tested() -> None:
    assert DISCRIMINATORS == ("paper", "pooled", "unet", "projected")


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="unknown discriminator 'u-net': did you mean 'unet'"):
        build_discriminator("u-net", 32, 4, ())
