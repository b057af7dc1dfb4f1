from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tf_keras as keras
from PIL import Image
from short_runs import recipe, train, weights

from srgan_edge import recipes
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.training.loop import Trainer
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import load_generator
from srgan_edge.training.validation import Inference

pytestmark = pytest.mark.tensorflow


def test_run_folder(run_folder: Path, photos: Path) -> None:
    assert {p.name for p in run_folder.iterdir()} >= {
        "recipe.toml",
        "log.jsonl",
        "events",
        "checkpoints",
        "samples",
        "generator",
    }
    log = [json.loads(line) for line in (run_folder / "log.jsonl").read_text().splitlines()]
    assert [e["step"] for e in log if e["event"] == "train"] == list(range(50, 401, 50))
    bicubic, best = (next(e["psnr"] for e in log if e["event"] == kind) for kind in ("bicubic", "validation"))
    assert best > bicubic
    assert load_generator(run_folder).psnr == best
    sample = Image.open(run_folder / "samples" / "step-400.png")
    assert sample.size == (4 * 192, 192)
    assert recipes.load(Recipe, "train", str(run_folder / "recipe.toml")).data.source == str(photos)


def test_a_training_in_a_thread(photos: Path, tmp_path: Path) -> None:
    """Python gives signals to its main thread alone."""
    with ThreadPoolExecutor(1) as pool:
        events = pool.submit(train, recipe(photos, "pretrain.steps=2"), tmp_path / "run").result()
    assert [e["step"] for e in events if e["event"] == "end"] == [2]


def test_gan_phase(photos: Path, tmp_path: Path) -> None:
    keras.applications.VGG19(include_top=False, weights=None).save_weights(tmp_path / "vgg.h5")
    settings = (
        "gan.steps=3",
        "perceptual.network=vgg19",
        f"perceptual.weights={tmp_path / 'vgg.h5'}",
        "gan.losses.adversarial=1e-3",
        "gan.losses.mse=0",
        "pretrain.steps=2",
        "finetune.steps=1",
        "loop.log_every=1",
    )
    events = train(recipe(photos, *settings), tmp_path / "run")
    logged = [e for e in events if e["event"] == "train"]
    assert [e["phase"] for e in logged] == ["pretrain"] * 2 + ["finetune"] + ["gan"] * 3
    last = logged[-1]
    expected = last["content_loss"] + 1e-3 * last["adversarial_loss"]
    assert last["generator_loss"] == pytest.approx(expected, rel=1e-5)
    assert all(0 <= last[name] <= 1 for name in ("real_accuracy", "fake_accuracy"))


def test_gan_phase_with_a_projected_discriminator(photos: Path, tmp_path: Path) -> None:
    settings = (
        "gan.steps=8",
        "gan.discriminator=projected",
        "gan.discriminator_width=8",
        "gan.discriminator_learning_rate=1e-3",
        "gan.losses.content=0",
        "gan.losses.adversarial=0.5",
        "gan.losses.mse=0",
        "gan.label_smoothing=0",
        "perceptual.network=efficientnet-lite0",
        "pretrain.steps=1",
        "finetune.steps=0",
        "loop.log_every=1",
    )
    logged = [e for e in train(recipe(photos, *settings), tmp_path / "run") if e["event"] == "train"][1:]
    assert all(e["generator_loss"] == pytest.approx(0.5 * e["adversarial_loss"], rel=1e-5) for e in logged)
    # A generator of one step is easily told from photos.
    assert logged[-1]["discriminator_loss"] < logged[0]["discriminator_loss"]


def test_the_gan_phase_keeps_its_best(photos: Path, tmp_path: Path) -> None:
    settings = (
        "gan.steps=6",
        "gan.discriminator=pooled",
        "gan.discriminator_width=8",
        "gan.learning_rate=3e-3",
        "perceptual.network=efficientnet-lite0",
        "pretrain.steps=2",
        "finetune.steps=0",
        "loop.ema=0",
        "loop.validate_every=2",
    )
    events: list[dict[str, Any]] = []
    trainer = Trainer(recipe(photos, *settings), tmp_path / "straight", False, events.append)
    trainer.run()
    chosen = json.loads((tmp_path / "straight" / "selection.json").read_text())
    validations = {e["step"]: e for e in events if e["event"] == "validation"}
    bicubic = next(e for e in events if e["event"] == "bicubic")
    assert list(validations) == [2, 4, 6, 8]
    assert [c["step"] for c in chosen["candidates"]] == [4, 6, 8]  # the phase's start sets the bounds
    assert chosen["bounds"]["valid"]["psnr"] == validations[2]["sets"]["valid"]["psnr"] - 1.5
    assert chosen["bounds"]["valid"]["colour"] == bicubic["sets"]["valid"]["colour"]
    for candidate in chosen["candidates"]:
        assert candidate["dists"] == validations[candidate["step"]]["dists"]
    best = load_generator(tmp_path / "straight" / "best")
    assert best.step == chosen["best"] == [e["step"] for e in events if e["event"] == "best"][-1]
    assert best.psnr == validations[best.step]["psnr"]
    last = load_generator(tmp_path / "straight")
    assert last.step == 8
    # What was kept is what was measured at that step.
    inference = Inference(best.model, best.scale, best.value_range)
    again = trainer.validation.measure(inference)["valid"]
    assert again.dists == pytest.approx(validations[best.step]["dists"], abs=1e-6)
    assert recipes.load(Recipe, "train", str(tmp_path / "straight" / "best" / "recipe.toml")).gan.steps == 6
    # Stopped between and resumed, the choice is the same; by another bound there would be none.
    train(recipe(photos, *settings, "loop.log_every=1"), tmp_path / "stopped", until=5)
    with pytest.raises(UsageError, match=r"judged by gan\.max_psnr_drop = 1\.5, not 3\.0"):
        train(recipe(photos, *settings, "gan.max_psnr_drop=3"), tmp_path / "stopped", resume=True)
    train(recipe(photos, *settings, "loop.log_every=1"), tmp_path / "stopped", resume=True)
    resumed = json.loads((tmp_path / "stopped" / "selection.json").read_text())
    assert resumed["bounds"] == chosen["bounds"]
    measured = {c["step"]: c for c in resumed["candidates"]}
    assert [measured[c["step"]] for c in chosen["candidates"]] == chosen["candidates"]


def test_validation_goes_to_tensorboard_by_set(run_folder: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(run_folder / "events"))
    board.Reload()
    figures = ("psnr", "ssim", "dists", "lpips", "grain", "colour")
    assert set(board.Tags()["tensors"]) >= {f"validation/valid/{name}" for name in figures}
    assert "validation/dists" in board.Tags()["tensors"]


def test_dead_channels_are_revived_before_finetune(photos: Path, tmp_path: Path) -> None:
    # At this rate ReLUs die at once.
    settings = ("generator.collapsible=false", "pretrain.learning_rate=1", "pretrain.clip_norm=0", "pretrain.warmup=0")
    later = ("pretrain.steps=3", "finetune.steps=2", "finetune.revive=true", "loop.log_every=1")
    straight = train(recipe(photos, *settings, *later), tmp_path / "straight")
    notes = [e for e in straight if e["event"] == "note" and "dead channels" in e["text"]]
    assert [e["step"] for e in notes] == [3]
    assert int(notes[0]["text"].split()[0]) > 0
    # Stopped where the phase begins, revived on resuming.
    train(recipe(photos, *settings, *later), tmp_path / "stopped", until=2)
    train(recipe(photos, *settings, *later), tmp_path / "stopped", resume=True)
    for one, two in zip(weights(tmp_path / "straight"), weights(tmp_path / "stopped"), strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(UsageError, match="not chain-s, collapsible = true"):
        train(recipe(photos, "generator.collapsible=true", *later), tmp_path / "collapsible")


def test_epochs_become_steps(photos: Path, tmp_path: Path) -> None:
    trainer = Trainer(recipe(photos, 'pretrain.steps="3 epochs"'), tmp_path / "run", False, lambda event: None)
    seen = len(trainer.samplers["pretrain"].photos)
    assert trainer.phases[0].last == trainer.recipe.pretrain.steps == 3 * -(-seen // 2)


def test_a_run_starts_from_another(run_folder: Path, photos: Path, tmp_path: Path) -> None:
    start = recipe(photos, f'generator.init="{run_folder}"')
    trainer = Trainer(start, tmp_path / "run", False, lambda event: None)
    image = np.random.default_rng(0).random((1, 24, 24, 3), np.float32)
    expected = load_generator(run_folder).model(image)
    np.testing.assert_allclose(trainer.learner.generator(image), expected, atol=0.02)
    other = recipe(photos, "generator.name=chain-m", f'generator.init="{run_folder}"')
    with pytest.raises(UsageError, match="is chain-s-x4, not chain-m-x4"):
        Trainer(other, tmp_path / "other", False, lambda event: None)


def test_nan_stops_the_run(photos: Path, tmp_path: Path) -> None:
    trainer = Trainer(recipe(photos), tmp_path / "run", False, lambda event: None)
    bias = trainer.learner.generator.get_layer("tail").bias
    bias.assign(bias * float("nan"))
    with pytest.raises(SrganEdgeError, match=r"generator_loss is no longer .* at step 4; no checkpoint was written"):
        trainer.run()


def test_a_run_that_fails_in_its_first_measurement_lets_go_of_its_folder(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise UsageError("weights are missing")

    with monkeypatch.context() as patch:
        patch.setattr("srgan_edge.training.validation.lite1_features", missing)
        with pytest.raises(UsageError, match="weights are missing") as kept:
            train(recipe(photos), tmp_path / "run")
    assert not (tmp_path / "run" / ".lock").exists(), kept  # whoever still holds the error
    train(recipe(photos), tmp_path / "run")


def test_refusals(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no steps"):
        train(recipe(photos, "pretrain.steps=0"), tmp_path / "none")
    # A refused run is no run: the folder may be named again.
    with pytest.raises(UsageError, match="no steps"):
        train(recipe(photos, "pretrain.steps=0"), tmp_path / "none")
    with pytest.raises(UsageError, match="srgan has no x3"):
        train(recipe(photos, "generator.name=srgan", "generator.scale=3"), tmp_path / "scale")
    assert not (tmp_path / "none").exists()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "recipe.toml").touch()
    (tmp_path / "theirs" / "log.jsonl").write_text("theirs")
    with pytest.raises(UsageError, match="no such folder"):
        train(recipe(photos, "data.source=/nowhere"), tmp_path / "theirs")
    assert (tmp_path / "theirs" / "log.jsonl").read_text() == "theirs"
    with pytest.raises(UsageError, match="no run to resume"):
        train(recipe(photos), tmp_path / "none", resume=True)
