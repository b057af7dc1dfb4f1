from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge import recipes
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import UsageError
from srgan_edge.training.recipe import Recipe


@pytest.mark.parametrize("path", sorted(recipes.recipe_folder("train").glob("*.toml")), ids=lambda p: p.stem)
def test_every_training_recipe_is_valid(path: Path) -> None:
    assert recipes.load(Recipe, "train", path.stem).note


@pytest.mark.parametrize("path", sorted(recipes.recipe_folder("convert").glob("*.toml")), ids=lambda p: p.stem)
def test_every_conversion_recipe_is_valid(path: Path) -> None:
    assert recipes.load(Conversion, "convert", path.stem).note


def test_what_is_saved_is_what_was_meant(tmp_path: Path) -> None:
    recipe = recipes.load(Recipe, "train", "sample", ("pretrain.steps=7", "data.source=some/folder", "gan.rate=1e-5"))
    recipes.save(recipe, tmp_path / "recipe.toml")
    assert recipes.load(Recipe, "train", str(tmp_path / "recipe.toml")) == recipe
    assert (recipe.pretrain.steps, recipe.data.source, recipe.gan.rate) == (7, "some/folder", 1e-5)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("pretrain.step=7", r"unknown key in .* 'pretrain.step': did you mean 'pretrain.steps'\?"),
        ("nmae=x", r"'nmae': did you mean 'name'\?"),
        ("pretrain.steps=many", "pretrain.steps = 'many': input should be a valid integer"),
        ("pretrain.steps=-1", "pretrain.steps = -1: .*greater than or equal to 0"),
        ("pretrain.loss=l3", "pretrain.loss = 'l3': input should be 'l1', 'mse' or 'log_mse'"),
        ("generator.scale=5", "generator.scale = 5: input should be 2, 3 or 4"),
        ("name.x=1", "name is a value, not a table"),
        ("steps", "write it as table.key=value"),
    ],
)
def test_refused_settings(setting: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        recipes.load(Recipe, "train", "sample", (setting,))


def test_unknown_recipes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown train recipe 'sampel': did you mean 'sample'\?"):
        recipes.load(Recipe, "train", "sampel")
    with pytest.raises(UsageError, match="no such recipe file"):
        recipes.load(Recipe, "train", str(tmp_path / "none.toml"))
    (tmp_path / "bad.toml").write_text("name = ")
    with pytest.raises(UsageError, match="not valid TOML"):
        recipes.load(Recipe, "train", str(tmp_path / "bad.toml"))
