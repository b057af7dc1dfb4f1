from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge import recipes
from srgan_edge.training.data import lookup
from srgan_edge.training.dry_run import look
from srgan_edge.training.recipe import Recipe

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("settings", [{"data.source": "tfds:div2k"}, {"data.valid": {"clean": "tfds:div2k"}}])
def test_nothing_is_downloaded(settings: dict[str, object], photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "tfds_splits", None)
    recipe = recipes.load(Recipe, "train", "sample", {"data.source": str(photos), **settings})
    said: list[str] = []
    assert look(recipe, said.append) == (recipe, None)
    assert said == ["tfds:div2k: photos of TensorFlow datasets are not looked at"]


def test_epochs_become_steps_and_pairs_are_drawn(photos: Path) -> None:
    settings = {"data.source": str(photos), "data.batch": 2, "pretrain.steps": "3 epochs"}
    said: list[str] = []
    recipe, pairs = look(recipes.load(Recipe, "train", "sample", settings), said.append)
    assert recipe.pretrain.steps == 3 * 2  # of 5 photos one is held out
    assert pairs is not None
    assert pairs.ndim == 3
    assert said[0].startswith(f"4 photos from {photos}")
