"""What a run is calibrated, fine-tuned and verified on: photos as its own, with their faults."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from srgan_edge import recipes
from srgan_edge.conversion.prepare import prepare
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import UsageError
from srgan_edge.training.recipe import Recipe

pytestmark = pytest.mark.tensorflow

SETTINGS = Conversion(tile=48, crop=24, batch=4)


def run_with(run_folder: Path, folder: Path, *settings: str) -> Path:
    """The run as if it had been trained with other settings."""
    shutil.copytree(run_folder / "generator", folder / "generator")
    recipe = recipes.load(Recipe, "train", str(run_folder / "recipe.toml"), settings)
    recipes.save(recipe, folder / "recipe.toml")
    return folder


def test_a_network_for_faults_has_faulty_photos(run_folder: Path, tmp_path: Path) -> None:
    clean = prepare(run_folder, SETTINGS, print)
    real = prepare(run_with(run_folder, tmp_path, "degradation.preset=real"), SETTINGS, print)
    for one, other in zip(clean.checker.pairs, real.checker.pairs, strict=True):
        assert (one.hr == other.hr).all()
        assert (one.lr != other.lr).any(), "verified on"
    for name in ("calibration", "fine_tuning"):
        sharp, faulty = (np.asarray(getattr(made.samplers(SETTINGS, print), name)(0)[0]) for made in (clean, real))
        assert sharp.shape == faulty.shape and (sharp != faulty).mean() > 0.1, name


def test_fine_tuning_draws_what_training_drew_and_calibration_any(run_folder: Path, tmp_path: Path) -> None:
    plain = prepare(run_folder, SETTINGS, print)
    settings = ("data.downscales=[0.5]", "data.min_gradient=25.0", "data.flip_rotate=False")
    chosen = prepare(run_with(run_folder, tmp_path, *settings), SETTINGS, print)
    assert len(list(chosen.photos.items())) == 2 * len(list(plain.photos.items()))
    samplers = chosen.samplers(SETTINGS, print)
    assert (samplers.calibration.min_gradient, samplers.fine_tuning.min_gradient) == (0, 25)
    assert samplers.calibration.flip_rotate and not samplers.fine_tuning.flip_rotate


def test_verified_is_on_what_the_run_held_out(run_folder: Path, photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(photos, other)
    held_out = [pair.name for pair in prepare(run_folder, SETTINGS, print).checker.pairs]
    found = prepare(run_folder, SETTINGS.model_copy(update={"calibration": str(other)}), print)
    assert [pair.name for pair in found.checker.pairs] == held_out
    assert len(list(found.photos.items())) == 5, "none of these is held out"
    gone = run_with(run_folder, tmp_path / "run", f"data.source={tmp_path / 'gone'}")
    with pytest.raises(UsageError, match=r"gone: no such folder .*name another folder to verify on \(--verify\)"):
        prepare(gone, SETTINGS.model_copy(update={"calibration": str(other)}), print)
    both = SETTINGS.model_copy(update={"calibration": str(other), "verify": str(photos)})
    assert len(prepare(gone, both, print).checker.pairs) == 5


def test_a_recipe_that_is_no_text(run_folder: Path, tmp_path: Path) -> None:
    run = run_with(run_folder, tmp_path)
    (run / "recipe.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(UsageError, match=r"recipe\.toml: "):
        prepare(run, SETTINGS, print)
