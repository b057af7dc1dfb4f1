"""The fine-tuning's loss by hand, and what of a recipe decides it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tf_keras as keras

from srgan_edge import recipes
from srgan_edge.conversion import quantize
from srgan_edge.conversion.fine_tune import fine_tune
from srgan_edge.conversion.prepare import Prepared
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.training.recipe import Recipe

pytestmark = pytest.mark.tensorflow


def times(factor: float) -> Any:
    """A network that multiplies."""
    inputs = keras.Input((None, None, 3))
    network = keras.Model(inputs, keras.layers.Conv2D(3, 1, use_bias=False)(inputs))
    network.set_weights([factor * np.eye(3)[None, None]])
    return network


@pytest.mark.parametrize("truth_weight", [0.0, 0.5])
def test_the_first_loss_by_hand(truth_weight: float) -> None:
    """The truth is unlike what the teacher makes: 0.2, 0.4 and, of the network, 0.32."""
    low, high = np.full((1, 8, 8, 3), 102, np.uint8), np.full((1, 8, 8, 3), 51, np.uint8)
    said: list[str] = []
    still = keras.optimizers.SGD(0.0)
    fine_tune(times(0.8), times(1.0), [(low, high)], 1, still, 0.0, truth_weight, None, said.append)
    loss = 0.08**2 / (0.2**2 + 1e-4) + truth_weight * np.log(0.12**2 + 1e-4)
    assert said == [f"fine-tuning step 1/1, loss {loss:.4f}"]


def prepared(asked: list[Any], *settings: str) -> Prepared:
    def psnr(*given: Any) -> float:
        asked.append(given)
        return 30.0

    nothing: Any = None
    checker: Any = SimpleNamespace(psnr=psnr)
    recipe = recipes.load(Recipe, "train", "sample", settings)
    return Prepared(nothing, recipe, nothing, nothing, checker)


@pytest.mark.parametrize(("steps", "to_truth"), [(0, True), (9, False)])
def test_a_gans_weights_are_chosen_by_its_own_float_result(steps: int, to_truth: bool) -> None:
    asked: list[Any] = []
    settings = Conversion(check_every=7, check_photos=3)
    selection = quantize._selection(prepared(asked, f"gan.steps={steps}"), lambda: b"content", settings)
    assert (selection.measure(), selection.every) == (30.0, 7)
    assert asked == [(b"content", 3, to_truth)]


@pytest.mark.parametrize(("finetune", "gan", "luma"), [(0, 0, 0.25), (5, 0, 0.75), (0, 9, 0.0), (5, 9, 0.0)], ids=str)
def test_the_lumas_share_is_that_of_the_last_phase_and_none_of_a_gans(finetune: int, gan: int, luma: float) -> None:
    steps = f"finetune.steps={finetune}", f"gan.steps={gan}"
    assert prepared([], *steps, "pretrain.luma=0.25", "finetune.luma=0.75").luma == luma
