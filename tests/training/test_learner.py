"""The networks that a learner only looks at, the teacher and the running average, compute as they do when exported."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import photo

from srgan_edge import recipes
from srgan_edge.errors import UsageError
from srgan_edge.training import learner as learning
from srgan_edge.training.distribution import Distribution
from srgan_edge.training.generators import build_generator
from srgan_edge.training.learner import Learner
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import Trained

pytestmark = pytest.mark.tensorflow

SRGAN = {"name": "srgan", "scale": 4, "blocks": 1}


def drawn(network: Any, seed: int) -> Any:
    """Batch normalisation that is none on a batch of its own mean and variance alone."""
    random = np.random.default_rng(seed)
    network.set_weights([random.uniform(0.01, 0.05, weight.shape) for weight in network.get_weights()])
    return network


def learner_of(monkeypatch: pytest.MonkeyPatch, *settings: str, teacher: Any = None) -> tuple[Learner, list[Any]]:
    """One on SRGAN's generator, and what its losses were made of."""
    made: list[Any] = []
    loss = learning.GeneratorLoss
    monkeypatch.setattr(learning, "GeneratorLoss", lambda *given: made.append(given) or loss(*given))
    taught = Trained(
        teacher, "taught", "srgan", 2 if teacher and teacher.name.endswith("x2") else 4, (-1.0, 1.0), 0, 0.0, 0.0, ""
    )
    monkeypatch.setattr(learning, "load_pretrained", lambda *given: taught)
    fixed = ("generator.name=srgan", "generator.blocks=1", "pretrain.steps=2", "gan.steps=0", "loop.precision=float32")
    recipe = recipes.load(Recipe, "train", "sample", (*fixed, *settings)).with_crops()
    return Learner(recipe, Distribution()), made


def test_teacher_and_average_normalise_by_what_they_have_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the batch, whose statistics a training network takes."""
    teacher = drawn(build_generator(**SRGAN), 1)
    settings = ("teacher=taught", "pretrain.losses={ldl = 1.0, distillation = 1.0}")
    learner, ((_, _, _, average, taught),) = learner_of(monkeypatch, *settings, teacher=teacher)
    drawn(learner.average, 2)
    low = photo(12, 12)[None].astype(np.float32) / 255
    for network, seen in ((teacher, taught), (learner.average, average)):
        expected = (network(low * 2 - 1, training=False).numpy() + 1) / 2
        np.testing.assert_allclose(seen(low), expected, rtol=1e-5)
        assert np.abs(expected - (network(low * 2 - 1, training=True).numpy() + 1) / 2).max() > 0.01


@pytest.mark.parametrize(
    ("loss", "discriminator", "needed"),
    [
        ("l1", "pooled", False),
        ("l1", "unet", False),
        ("l1", "projected", True),
        ("content", "pooled", True),
        ("dists", "pooled", True),
    ],
)
def test_features_are_computed_where_something_looks_at_them(
    loss: str, discriminator: str, needed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their network takes memory, time, and weights that may not be there."""
    asked: list[Any] = []
    features = learning.content_loss
    monkeypatch.setattr(learning, "content_loss", lambda given: asked.append(given) or features(given))
    gan = ("pretrain.steps=0", "gan.steps=2", "gan.losses.content=0", f"gan.losses.{loss}=0.3")
    _, ((_, _, perceptual, _, _),) = learner_of(
        monkeypatch, *gan, "gan.discriminator_width=2", f"gan.discriminator={discriminator}"
    )
    assert (bool(asked), perceptual is not None) == (needed, needed)


@pytest.mark.parametrize(("teachers", "own"), [(4, 2), (2, 4)])
def test_a_teacher_of_another_scale_is_refused(teachers: int, own: int, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = (f"generator.scale={own}", "teacher=taught", "pretrain.losses.distillation=1")
    with pytest.raises(UsageError, match=f"teacher: taught enlarges x{teachers}, not x{own}"):
        learner_of(monkeypatch, *settings, teacher=build_generator(**{**SRGAN, "scale": teachers}))
