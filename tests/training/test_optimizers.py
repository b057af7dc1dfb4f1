"""Learning rates and optimizers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from srgan_edge.training.steps import RateSchedule, make_optimizer

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", {4: 0.2, 50: 0.2, 103: 0.2}),
        ("drop", {4: 0.2, 51: 0.2, 52: 0.02, 103: 0.02}),
        # Half a cosine over the 100 steps after the warm-up: a quarter, a half and three quarters of the way.
        ("cosine", {4: 0.2, 29: 0.1 * (1 + math.sqrt(0.5)), 54: 0.1, 79: 0.1 * (1 - math.sqrt(0.5)), 104: 0.0}),
    ],
)
def test_schedules_by_hand(schedule: str, rates: dict[int, float]) -> None:
    rate = RateSchedule(0.2, schedule, 104, warmup=4)
    assert [float(rate(step)) for step in range(4)] == pytest.approx([0.04, 0.08, 0.12, 0.16], rel=1e-3)
    for step, expected in rates.items():
        assert float(rate(tf.constant(step, tf.int64))) == pytest.approx(expected, abs=1e-6), step
    again = RateSchedule.from_config(rate.get_config())
    assert [float(again(step)) for step in (0, 40)] == [float(rate(step)) for step in (0, 40)]


def test_a_schedule_without_warm_up_begins_at_its_peak_and_ends_near_0() -> None:
    cosine = RateSchedule(1.0, "cosine", 50)
    assert float(cosine(0)) == 1
    assert 0 < float(cosine(49)) < 2e-3


def moved(optimizer: Any, gradients: list[list[float]]) -> np.ndarray:
    """What a vector has moved by after these gradients."""
    variable = tf.Variable(tf.zeros(len(gradients[0])))
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
    return variable.numpy()


@pytest.mark.parametrize("name", ["adam", "muon"])
def test_a_spiked_gradient_is_clipped_by_its_norm(name: str) -> None:
    rate = RateSchedule(0.01, "constant", 10)
    small, spike = [0.3, 0.4], [300.0, 400.0]
    clipped = moved(make_optimizer(name, rate, 0.5, "float32"), [small, spike])
    # Cut to the norm of 0.5 the spike is the small gradient once more.
    assert clipped == pytest.approx(moved(make_optimizer(name, rate, 0.5, "float32"), [small, small]))
    free = moved(make_optimizer(name, rate, 0.0, "float32"), [small, spike])
    assert np.abs(free - clipped).max() > 1e-3


def test_optimizers_take_their_rate_and_their_momentum() -> None:
    rate = RateSchedule(0.01, "drop", 2)
    adam = make_optimizer("adam", rate, 0.0, "float32", 0.5)
    assert (type(adam).__name__, adam.beta_1) == ("Adam", 0.5)
    # Adam's steps on an unchanging gradient are the rate: 0.01, then a tenth of it.
    assert moved(adam, [[3.0], [3.0]]) == pytest.approx([-0.011], rel=1e-3)
    muon = make_optimizer("muon", rate, 0.0, "float32", 0.5)
    assert (type(muon).__name__, muon.beta_1) == ("Muon", 0.95)
    assert make_optimizer("adam", rate, 0.0, "mixed_float16").__class__.__name__.startswith("LossScaleOptimizer")
