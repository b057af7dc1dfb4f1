"""Every key of a recipe that tells what learns reaches it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tf_keras as keras
from conftest import digest
from recipe_keys import LEARNING, changed_parts, load

from srgan_edge.training import learner as learning
from srgan_edge.training.distribution import Distribution
from srgan_edge.training.generators import ARCHITECTURES
from srgan_edge.training.learner import Learner
from srgan_edge.training.perceptual import efficientnet_lite0, vgg19
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import Trained

pytestmark = pytest.mark.tensorflow

NO_PHOTOS = {"photos": "sample"}
"""None are read."""


def learner_of(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What learns, part by part."""
    found: dict[str, Any] = {}
    phases = iter(("pretrain", "finetune"))

    def spied(make: Callable[..., Any]) -> Callable[..., Any]:
        def spy(*arguments: Any) -> Any:
            loss = next(argument for argument in arguments if isinstance(argument, learning.GeneratorLoss))
            phase = "gan" if make is gan_step else next(phases)
            found[f"{phase} losses"], found[f"{phase} luma"] = loss.weights, loss.luma
            found[f"{phase} teacher"], found[f"{phase} content"] = loss.teacher, loss._content
            if phase == "gan":
                settings = arguments[4]
                found["gan adversarial"], found["gan smoothing"] = settings.losses.adversarial, settings.label_smoothing
                found["gan discriminator"] = settings.discriminator
            return make(*arguments)

        return spy

    def pretrained(name: str, key: str, *rest: Any) -> Trained:
        model = ARCHITECTURES["srcnn"].build(scale=4)
        model.set_weights([0 * weight + len(name) for weight in model.get_weights()])
        model.named = name
        return Trained(model, name, "srcnn", 4, (0.0, 1.0), 0, 0.0, 0.0, "")

    def critic(name: str, side: int, width: int, channels: tuple[int, ...]) -> Any:
        found["discriminator"] = name, side, width, tuple(channels)
        return keras.Sequential([keras.layers.Dense(1, input_shape=(3,))])

    gan_step = learning.steps.gan_step
    with monkeypatch.context() as patch:
        patch.setattr(learning.steps, "gan_step", spied(gan_step))
        patch.setattr(learning.steps, "generator_step", spied(learning.steps.generator_step))
        patch.setattr(learning, "load_pretrained", pretrained)
        unit = learning.steps.unit_network
        named = lambda network, *rest, **options: getattr(network, "named", None) or unit(network, *rest, **options)  # noqa: E731
        patch.setattr(learning.steps, "unit_network", named)
        patch.setattr(learning, "build_discriminator", critic)
        patch.setattr(vgg19, "VGG19Loss", lambda *given: ("vgg19", given))
        patch.setattr(efficientnet_lite0, "EfficientNetLite0Loss", lambda *given: ("lite0", given))
        learner = Learner(recipe.with_crops(), Distribution())
    found["generator"] = [
        (layer.name, [v.shape.as_list() for v in layer.weights]) for layer in learner.generator.layers
    ]
    found["weights"] = digest(*(w for w in learner.generator.get_weights() if w.any()))
    found["phases"] = [(phase.name, phase.last - phase.first) for phase in learner.phases]
    for name, optimizer in learner.optimizers.items():
        short = name.removesuffix("_optimizer")
        found[f"{short} optimizer"] = type(optimizer).__name__, optimizer.beta_1
        found[f"{short} clip"] = optimizer.global_clipnorm
        found[f"{short} rate"] = [float(optimizer._learning_rate(step)) for step in range(20)]
    found["precision"] = learner.policy, {layer.compute_dtype for layer in learner.generator.layers}
    before = [variable.numpy() for variable in learner.average.variables]
    for variable in learner.generator.variables:
        variable.assign_add(np.ones(variable.shape))
    learner.step.assign(1_000_000)
    learner._update_average()
    moves = [v.numpy() - b for v, b in zip(learner.average.variables, before, strict=True)]
    found["average"] = round(float(np.mean([move.mean() for move in moves])), 4)
    return found


@pytest.fixture(scope="module")
def befores() -> dict[tuple[str, ...], dict[str, Any]]:
    """The parts as they are before the key is set, by what is set beside it: made once."""
    return {}


@pytest.mark.parametrize(("setting", "where", "context"), LEARNING, ids=[setting for setting, *_ in LEARNING])
def test_a_key_of_what_learns(
    setting: str,
    where: tuple[str, ...],
    context: tuple[str, ...],
    befores: dict[Any, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = ("learner", *context)
    befores[made] = befores.get(made) or learner_of(load(NO_PHOTOS, *context), monkeypatch)
    found = changed_parts(befores[made], learner_of(load(NO_PHOTOS, *context, setting), monkeypatch))
    # Another architecture has other weights.
    assert found - {"weights"} == set(where) - {"weights"} if "generator" in where else found == set(where)
