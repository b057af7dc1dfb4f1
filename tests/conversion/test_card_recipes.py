from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w

from srgan_edge import recipes
from srgan_edge.conversion.card_recipes import conversion_table, training_table
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.models import find_model
from srgan_edge.training.recipe import Recipe

pytestmark = pytest.mark.tensorflow

FOLDERS = (
    "data.source=/a/b",
    "data.valid=/c",
    "data.cache=/g/h",
    "generator.init=/d/e/runs/f",
    "teacher=/d/e/runs/t/best",
    "pretrain.losses.distillation=1",
    "perceptual.weights=/d/e/vgg.h5",
)


def test_a_card_holds_the_whole_recipe_and_no_folder() -> None:
    recipe = recipes.load(Recipe, "train", "edge-l-real", ("pretrain.learning_rate=1e-4", *FOLDERS))
    table = training_table(recipe)
    assert not [word for word in ("/a", "/c", "/d", "/g") if word in json.dumps(table)]
    assert (table["generator"]["init"], table["teacher"]) == ("runs/f", "runs/t/best")
    again = recipes.from_toml(Recipe, tomli_w.dumps(table), "card")
    assert again.pretrain == recipe.pretrain
    assert again.degradation == recipe.degradation
    assert again.data.source == "PHOTOS"
    settings = Conversion(calibration="/a/b", verify="/c", blend={"/d/e/runs/f/best": 0.25, "g": 0.5}, tile=96)
    table = conversion_table(settings)
    roles = table["calibration"], table["verify"], table["blend"]
    assert roles == ("PHOTOS", "HELD_OUT_PHOTOS", {"runs/f/best": 0.25, "runs/g": 0.5})
    assert recipes.from_toml(Conversion, tomli_w.dumps(table), "card").tile == 96


@pytest.mark.parametrize("source", ["sample", "tfds:coco/2017"])
def test_photos_that_every_machine_can_have_are_named(source: str) -> None:
    recipe = recipes.load(Recipe, "train", "edge-m", (f"data.source={source}",))
    table = training_table(recipe)
    assert (table["data"]["source"], table["data"]["valid"], table["data"]["low"]) == (source, "", "")


def test_a_folder_may_be_called_like_the_samples() -> None:
    recipe = recipes.load(Recipe, "train", "edge-m", ("data.source=samples-of-mine/private",))
    assert training_table(recipe)["data"]["source"] == "PHOTOS"


def test_a_card_s_recipe_is_one_that_train_takes(tmp_path: Path) -> None:
    """As `models NAME --recipe train > mine.toml` and `train --recipe mine.toml --data PHOTOS` pass it on."""
    recipe = recipes.load(Recipe, "train", "edge-m-real", ("name=mine", "pretrain.learning_rate=1e-3"))
    path = tmp_path / "mine.toml"
    path.write_text(tomli_w.dumps(training_table(recipe)), encoding="utf-8")
    again = recipes.load(Recipe, "train", str(path))
    assert again.with_crops().changed(data={"source": "sample"}) == recipe.with_crops().changed(
        data={"source": "sample"}
    )


def test_what_recipes_may_say_a_card_can_hold() -> None:
    """Else a conversion would fail at its very end."""
    card = find_model("edge-s-x4").card
    assert card is not None
    changes = {"name": "edge (2)", "note": "Two lines,\n\tof\u00a0any text.", "licence": "CC0, photos by Zoë"}
    recipe = recipes.load(Recipe, "train", "edge-m-real", changes)
    settings = Conversion(note=recipe.note, tile=8192, max_drop=99.0)
    tables = {"training": training_table(recipe), "conversion": conversion_table(settings)}
    assert replace(card, name=f"{recipe.name}-int8", licence=recipe.licence, tile=settings.tile, **tables)
