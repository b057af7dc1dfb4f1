"""Every key of a training's recipe reaches where it acts, and nothing else; that it acts there rightly, others test.

Those of what learns: test_learner_keys.py; those of each fault: data/degradations/test_fault_keys.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tf_keras as keras
from conftest import digest
from PIL import Image
from recipe_keys import DATA, LEARNING, changed_parts, keys, load

from srgan_edge import recipes
from srgan_edge.imaging.resample import downscale
from srgan_edge.training.data.training_data import training_data
from srgan_edge.training.generators import ARCHITECTURES
from srgan_edge.training.recipe import Recipe

pytestmark = pytest.mark.tensorflow

ELSEWHERE = {
    "name": "tests/training/test_loop.py: the run folder's name is the generator's",
    "licence": "tests/training/test_loop.py: the generator's",
    **{f"{phase}.losses.adversarial": "tests/test_recipes.py: refused" for phase in ("pretrain", "finetune")},
    "note": "for readers alone: it stays in the run folder's recipe.toml",
    "finetune.revive": "tests/training/test_loop.py: dead channels are revived before the phase",
    "gan.max_psnr_drop": "below",
    **{f"loop.{key}": "below" for key in ("log_every", "validate_every", "checkpoint_every", "keep")},
}


def test_every_key_is_tested() -> None:
    tested = {setting.partition("=")[0] for setting, *_ in [*DATA, *LEARNING]} | set(ELSEWHERE)
    assert tested == {key for key in keys(Recipe) if key.count(".") < 2 or not key.startswith("degradation.")}


@pytest.fixture(scope="module")
def folders(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The photos, others, and twins of the photos that are like nothing else."""
    root = tmp_path_factory.mktemp("keys")
    for name in ("other", "low"):
        (root / name).mkdir()
    for path in photos.iterdir():
        image = np.asarray(Image.open(path).convert("RGB"))
        Image.fromarray(255 - image).save(root / "other" / f"{path.stem}.png")
        Image.fromarray(255 - downscale(image, 4)).save(root / "low" / f"{path.stem}.png")
    return {"photos": str(photos), "other": str(root / "other"), "low": str(root / "low")}


class Silent:
    """A journal that nobody reads."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **values: None


def data_of(recipe: Recipe) -> dict[str, Any]:
    """What there is to learn from, part by part."""
    samplers, valid, _ = training_data(recipe, Silent())  # type: ignore[arg-type]
    crops = {
        f"{phase} crops": digest(*(array for step in (0, 1, 5) for array in sampler(step)))
        for phase, sampler in samplers.items()
    }
    pairs = {name: digest(*(array for pair in pairs for array in (pair.lr, pair.hr))) for name, pairs in valid.items()}
    return {**crops, "valid": pairs, "kind": {type(photo).__name__ for photo in samplers["gan"].photos}}


@pytest.fixture(scope="module")
def befores() -> dict[tuple[str, ...], dict[str, Any]]:
    """The parts as they are before the key is set, by what is set beside it: made once."""
    return {}


@pytest.mark.parametrize(("setting", "where", "context"), DATA, ids=[setting for setting, *_ in DATA])
def test_a_key_of_the_data(
    setting: str, where: tuple[str, ...], context: tuple[str, ...], folders: dict[str, str], befores: dict[Any, Any]
) -> None:
    made = ("data", *context)
    befores[made] = befores.get(made) or data_of(load(folders, *context))
    assert changed_parts(befores[made], data_of(load(folders, *context, setting))) == set(where)


def test_how_often_the_loop_logs_saves_and_validates(folders: dict[str, str], tmp_path: Path) -> None:
    from srgan_edge.training.loop import Trainer

    events: list[dict[str, Any]] = []
    settings = ("finetune.steps=0", "gan.steps=0", "pretrain.steps=12", "data.valid={other}")
    every = ("loop.log_every=3", "loop.validate_every=5", "loop.checkpoint_every=2", "loop.keep=4")
    Trainer(load(folders, *settings, *every), tmp_path / "run", False, events.append).run()
    assert [e["step"] for e in events if e["event"] == "train"] == [3, 6, 9, 12]
    assert [e["step"] for e in events if e["event"] == "validation"] == [5, 10, 12]
    kept = sorted(int(path.stem.removeprefix("step-")) for path in (tmp_path / "run" / "checkpoints").glob("*.index"))
    assert kept == [6, 8, 10, 12]


def test_what_the_gans_best_may_lose_reaches_its_selection(folders: dict[str, str], tmp_path: Path) -> None:
    from srgan_edge.training.loop import Trainer

    gan_alone = ("pretrain.steps=0", "finetune.steps=0", "gan.losses.content=0", "gan.max_psnr_drop=0.7")
    trainer = Trainer(load(folders, *gan_alone), tmp_path / "run", False, lambda event: None)
    assert trainer.selection is not None
    assert trainer.selection._max_psnr_drop == 0.7


def test_name_and_licence_are_the_generators(folders: dict[str, str], tmp_path: Path) -> None:
    from srgan_edge.imaging.metrics import Score
    from srgan_edge.training.run_folder import load_generator, save_generator

    recipe = load(folders, "name=mine", "licence=CC0", "note=for readers")
    model = keras.models.clone_model(ARCHITECTURES["srcnn"].build(scale=4))
    save_generator(model, recipe, tmp_path / "generator", 7, Score(30.0, 0.9))
    trained = load_generator(tmp_path)
    assert (trained.name, trained.licence, trained.step, trained.psnr) == ("mine", "CC0", 7, 30.0)
    recipes.save(recipe, tmp_path / "recipe.toml")
    assert recipes.load(Recipe, "train", str(tmp_path / "recipe.toml")).note == "for readers"
