from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from srgan_edge import recipes
from srgan_edge.errors import UsageError
from srgan_edge.training.data.lookup import Sources, find_sources
from srgan_edge.training.data.training_data import DEGRADED, ramp, training_data, validation_sets
from srgan_edge.training.journal import Journal
from srgan_edge.training.recipe import Recipe

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = tmp_path_factory.mktemp("photos")
    for name in ("coffee", "chelsea", "astronaut"):
        Image.fromarray(getattr(data, name)()[:128, :128]).save(folder / f"{name}.png")
    return find_sources(str(folder), str(folder), "", 4)


def degraded(found: Sources, *changes: str) -> list[np.ndarray]:
    recipe = recipes.load(Recipe, "train", "edge-s", ("degradation.preset=real", *changes))
    return [pair.lr for pair in validation_sets(found, recipe, print).get(DEGRADED, [])]


def test_what_is_validated_on_has_the_same_faults_whatever_the_seed(found: Sources) -> None:
    first, second = degraded(found), degraded(found, "loop.seed=7")
    assert len(first) == 3
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)


def test_each_photo_has_faults_of_its_own(found: Sources, tmp_path: Path) -> None:
    same = data.coffee()[:128, :128]
    for name in ("one", "two"):
        Image.fromarray(same).save(tmp_path / f"{name}.png")
    one, two = degraded(find_sources(str(tmp_path), str(tmp_path), "", 4))
    assert (one != two).any()


def test_faults_follow_the_recipe(found: Sources) -> None:
    worse = degraded(found, "degradation.last.noise.sigma=[30,40]", "degradation.last.noise.probability=1")
    assert any((one != two).any() for one, two in zip(degraded(found), worse, strict=True))
    assert degraded(found, "degradation.preset=bicubic") == []


def test_a_set_called_degraded_is_not_written_over(found: Sources) -> None:
    named = found._replace(valid={"valid": found.valid["valid"], DEGRADED: found.valid["valid"]})
    with pytest.raises(UsageError, match=r"data\.valid: degraded is what the photos of valid are called"):
        degraded(named)
    assert degraded(found._replace(valid={DEGRADED: found.valid["valid"]}))  # alone it is the user's


@pytest.mark.parametrize(("steps", "expected"), [((300, 200, 100), 150), ((0, 200, 100), 100), ((0, 0, 100), 50)])
def test_faults_rise_over_the_first_phase_that_has_steps(steps: tuple[int, int, int], expected: int) -> None:
    phases = zip(("pretrain", "finetune", "gan"), steps, strict=True)
    recipe = recipes.load(
        Recipe,
        "train",
        "sample",
        ("degradation.preset=real", "degradation.ramp=0.5", *(f"{p}.steps={n}" for p, n in phases)),
    )
    assert ramp(recipe) == expected


def test_crops_of_a_phase_without_steps_leave_no_photo_out(photos: Path) -> None:
    settings = (f"data.source={photos}", "gan.steps=0", "gan.crop=4000")
    recipe = recipes.load(Recipe, "train", "sample", settings)
    assert training_data(recipe, Journal(Path(), print, chief=True)).samplers.keys() == recipe.phases.keys()
