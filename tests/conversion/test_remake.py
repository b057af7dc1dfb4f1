from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import tomli_w

from srgan_edge import recipes
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.conversion.remake import conversion_table, convert_command, name_of_run, train_command, training_table
from srgan_edge.training.recipe import Recipe

pytestmark = pytest.mark.tensorflow


def values_of(command: str, option: str) -> tuple[str, ...]:
    words = shlex.split(command)
    return tuple(words[i + 1] for i, word in enumerate(words) if word == option)


@pytest.mark.parametrize("name", ["edge-m", "edge-m-gan", "edge-l-real", "sample", "srgan", "srgan-coco"])
def test_a_shipped_recipe_is_named(name: str) -> None:
    recipe = recipes.load(Recipe, "train", name)
    command = train_command(recipe)
    assert command == train_command(recipe.with_crops())
    assert values_of(command, "--recipe") == (name,)
    assert values_of(command, "--set") == ()


@pytest.mark.parametrize("name", ["default", "edge", "edge-l", "srgan"])
def test_a_shipped_conversion_is_named(name: str) -> None:
    command = convert_command("run", recipes.load(Conversion, "convert", name))
    assert command == f"srgan-edge convert runs/run --recipe {name}"


def test_the_best_of_a_gan_is_named() -> None:
    """As where a conversion, a training or a blend begins."""
    assert name_of_run(Path("/a/runs/b"), "mine") == "mine"
    run = name_of_run(Path("/a/runs/b/best"), "mine")
    settings = recipes.load(Conversion, "convert", "edge").model_copy(update={"blend": {"/a/runs/b/best": 0.3}})
    command = convert_command(run, settings)
    assert command.startswith("srgan-edge convert runs/mine/best ")
    assert values_of(command, "--blend") == ("runs/b/best=0.3",)
    command = train_command(recipes.load(Recipe, "train", "edge-m", ("generator.init=/a/runs/b/best",)))
    assert 'generator.init="runs/b/best"' in values_of(command, "--set")


@pytest.mark.parametrize("own", [(), ("degradation.preset=real", "degradation.last.jpeg.quality=[30, 60]")])
def test_a_changed_recipe_comes_back_from_its_command(own: tuple[str, ...]) -> None:
    folders = ("data.source=/a/b", "data.valid=/c", "data.cache=/g/h", "generator.init=/d/e/runs/f")
    changes = ("name=mine", "pretrain.learning_rate=1e-3", *folders, *own)
    recipe = recipes.load(Recipe, "train", "edge-m", changes)
    command = train_command(recipe)
    assert len(values_of(command, "--set")) <= 6 + len(own)  # what the preset decides is not said again
    assert "/a" not in command and "/c" not in command and "/d" not in command and "/g" not in command
    assert values_of(command, "--data") == ("PHOTOS",)
    (name,) = values_of(command, "--recipe")
    remade = recipes.load(Recipe, "train", name, values_of(command, "--set"))
    data = recipe.data.model_copy(update={"source": "sample", "valid": "HELD_OUT_PHOTOS", "cache": "auto"})
    generator = recipe.generator.model_copy(update={"init": "runs/f"})
    assert remade.with_crops() == recipe.model_copy(update={"data": data, "generator": generator}).with_crops()


def test_a_changed_conversion_comes_back_from_its_command() -> None:
    settings = recipes.load(Conversion, "convert", "edge").model_copy(
        update={"formats": ["int8"], "learning_rate": 5e-6, "io": "int8", "calibration": "/a/b"}
    )
    command = convert_command("edge-s-x4", settings)
    assert values_of(command, "--calibration") == ("PHOTOS",)
    assert 'formats=["int8"]' in values_of(command, "--set")
    (name,) = values_of(command, "--recipe")
    remade = recipes.load(Conversion, "convert", name, values_of(command, "--set"))
    assert remade.model_copy(update={"calibration": "/a/b", "note": ""}) == settings.model_copy(update={"note": ""})
    assert "srgan-edge convert runs/edge-s-x4 --recipe" in command


def test_a_card_holds_the_whole_recipe_and_no_folder() -> None:
    folders = (
        "data.source=/a/b",
        "data.valid=/c",
        "data.cache=/g/h",
        "generator.init=/d/e/runs/f",
        "teacher=/d/e/runs/t",
        "pretrain.losses.distillation=1",
    )
    recipe = recipes.load(Recipe, "train", "edge-l-real", ("pretrain.learning_rate=1e-4", *folders))
    table = training_table(recipe)
    assert not [word for word in ("/a", "/c", "/d", "/g") if word in json.dumps(table)]
    assert table["generator"]["init"] == "runs/f"
    again = recipes.from_toml(Recipe, tomli_w.dumps(table), "card")
    assert again.pretrain == recipe.pretrain
    assert again.degradation == recipe.degradation
    assert again.data.source == "PHOTOS"
    settings = Conversion(calibration="/a/b", verify="/c", blend={"/d/e/runs/f": 0.25}, tile=96)
    table = conversion_table(settings)
    assert (table["calibration"], table["verify"], table["blend"]) == ("PHOTOS", "HELD_OUT_PHOTOS", {"runs/f": 0.25})
    assert recipes.from_toml(Conversion, tomli_w.dumps(table), "card").tile == 96
