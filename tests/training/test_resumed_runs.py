"""Runs that are stopped, killed and gone on with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from short_runs import recipe, train, weights

from srgan_edge import recipes
from srgan_edge.errors import UsageError
from srgan_edge.training import precision, validation
from srgan_edge.training.claim import check_request
from srgan_edge.training.loop import Trainer
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.selection import GanSelection

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_a_stopped_and_resumed_run_is_the_straight_one(photos: Path, tmp_path: Path, optimizer: str) -> None:
    setting = f"pretrain.optimizer={optimizer}"
    straight = train(recipe(photos, setting), tmp_path / "straight")
    events = train(recipe(photos, setting), tmp_path / "stopped", until=4)
    # The signal comes while step 4 is logged; the step under way is ended and saved.
    assert events[-1] == {**events[-1], "event": "end", "finished": False, "step": 5}
    train(recipe(photos, setting), tmp_path / "stopped", resume=True, until=8)
    resumed = train(recipe(photos, setting), tmp_path / "stopped", resume=True)
    assert any(e["event"] == "resume" and e["step"] == 9 for e in resumed)
    for one, two in zip(weights(tmp_path / "straight"), weights(tmp_path / "stopped"), strict=True):
        np.testing.assert_array_equal(one, two)
    assert straight[-1]["psnr"] == resumed[-1]["psnr"]


def test_killed_at_once(photos: Path, tmp_path: Path) -> None:
    """SIGKILL in the middle: the run goes on from its newest checkpoint, and its log has each step once."""
    out = tmp_path / "run"
    settings = [
        f"--set={s}"
        for s in (
            f"data.source={photos}",
            "data.batch=2",
            "data.crop=16",
            "pretrain.steps=100000",
            "gan.steps=0",
            "loop.checkpoint_every=5",
            "loop.log_every=1",
        )
    ]
    command = [sys.executable, "-m", "srgan_edge", "train", "--recipe", "sample", "--out", str(out), *settings]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not list(out.glob("checkpoints/step-1?.index")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    saved = recipes.load(Recipe, "train", str(out / "recipe.toml"), ("pretrain.steps=100", "gan.steps=0"))
    events = train(saved, out, resume=True)
    start = next(e["step"] for e in events if e["event"] == "resume")
    assert start >= 10
    assert start % 5 == 0
    steps = [e["step"] for e in map(json.loads, (out / "log.jsonl").read_text().splitlines()) if e["event"] == "train"]
    assert steps == list(range(1, 101))


def test_a_damaged_checkpoint_is_passed_over(photos: Path, tmp_path: Path) -> None:
    train(recipe(photos), tmp_path / "run")
    damaged = next((tmp_path / "run" / "checkpoints").glob("step-12.data-*"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    events = train(recipe(photos), tmp_path / "run", resume=True)
    assert "step-12 is damaged" in next(e["text"] for e in events if e["event"] == "warning")
    assert next(e["step"] for e in events if e["event"] == "resume") == 8


class Straight(NamedTuple):
    """A run that nothing stopped."""

    recipe: Recipe
    weights: list[np.ndarray]
    events: list[dict[str, Any]]


@pytest.fixture(scope="module")
def all_phases(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Straight:
    """Through three phases, each with crops of its own size."""
    later = ["finetune.steps=4", "gan.steps=4", "gan.batch=3", "gan.crop=8"]
    settings = ("pretrain.steps=1", *later, "finetune.optimizer=muon", "finetune.luma=0.5", "loop.log_every=1")
    small = recipe(photos, *settings, "gan.discriminator_width=8")
    out = tmp_path_factory.mktemp("phases") / "straight"
    events = train(small, out)
    return Straight(small, weights(out), events)


@pytest.mark.parametrize("until", (2, 5), ids=("finetune", "gan"))
def test_resumed_in_a_later_phase(all_phases: Straight, tmp_path: Path, until: int) -> None:
    """Discriminator and all optimizers too."""
    straight = all_phases.events
    train(all_phases.recipe, tmp_path / "stopped", until=until)
    resumed = train(all_phases.recipe, tmp_path / "stopped", resume=True)
    assert next(e["step"] for e in resumed if e["event"] == "resume") == until + 1
    for one, two in zip(all_phases.weights, weights(tmp_path / "stopped"), strict=True):
        np.testing.assert_array_equal(one, two)
    last = [[e for e in events if e["event"] == "train"][-1] for events in (straight, resumed)]
    assert last[0]["discriminator_loss"] == last[1]["discriminator_loss"]


@pytest.mark.parametrize("resume", [False, True])
def test_killed_before_its_first_checkpoint(photos: Path, tmp_path: Path, resume: bool) -> None:
    """No dead end: either way it starts over, says so, and is the run that it would have been."""
    straight = train(recipe(photos), tmp_path / "straight")
    Trainer(recipe(photos), tmp_path / "killed", False, lambda event: None)._close()
    again = train(recipe(photos), tmp_path / "killed", resume=resume)
    assert any("ended before its first checkpoint: it starts over" in e.get("text", "") for e in again)
    assert again[-1]["psnr"] == straight[-1]["psnr"]
    with pytest.raises(UsageError, match="holds a run already"):
        train(recipe(photos), tmp_path / "killed")


def test_resumed_with_another_network(photos: Path, tmp_path: Path) -> None:
    train(recipe(photos), tmp_path / "run", until=4)
    with pytest.raises(UsageError, match=r"step-5 is of other networks .* generator\.name changed"):
        train(recipe(photos, "generator.name=edge-m"), tmp_path / "run", resume=True)


GAN = (
    *("gan.steps=6", "gan.discriminator=pooled", "gan.discriminator_width=8", "gan.learning_rate=3e-3"),
    *("perceptual.network=efficientnet-lite0", "pretrain.steps=2", "finetune.steps=0", "loop.ema=0"),
    *("loop.validate_every=2", "loop.checkpoint_every=2", "loop.keep=9"),
)


@pytest.fixture(scope="module")
def validated_gan(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("gan") / "straight"
    train(recipe(photos, *GAN), out)
    return out


class Killed(BaseException):
    """As SIGKILL: nothing more is done."""


@pytest.mark.parametrize(("at", "moment"), [(2, "sample"), (4, "_save"), (8, "sample")])
def test_killed_while_it_validates(
    at: int, moment: str, validated_gan: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint is there: the validation of its step is done before the run goes on, and chooses as it would."""
    out = tmp_path / "killed"
    trainer = Trainer(recipe(photos, *GAN), out, False, lambda event: None)
    owner: Any = validation if moment == "sample" else GanSelection
    done = getattr(owner, moment)

    def killed(*given: Any) -> Any:
        if int(trainer.step) == at:
            raise Killed
        return done(*given)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(owner, moment, killed)
        trainer.run()
    resumed = train(recipe(photos, *GAN), out, resume=True)
    assert next(e["step"] for e in resumed if e["event"] == "resume") == at
    for name in ("selection.json", "best/generator/generator.json", "generator/generator.json"):
        one, two = (json.loads((run / name).read_text()) for run in (validated_gan, out))
        assert one == two, name
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [e["step"] for e in log if e["event"] == "validation"] == [2, 4, 6, 8]


def test_what_a_run_started_from_may_be_gone(run_folder: Path, photos: Path, tmp_path: Path) -> None:
    shutil.copytree(run_folder, tmp_path / "start")
    started = recipe(photos, f'generator.init="{tmp_path / "start"}"')
    train(started, tmp_path / "straight")
    train(started, tmp_path / "stopped", until=4)
    shutil.rmtree(tmp_path / "start")
    check_request(started, tmp_path / "stopped", resume=True)
    train(started, tmp_path / "stopped", resume=True)
    for one, two in zip(weights(tmp_path / "straight"), weights(tmp_path / "stopped"), strict=True):
        np.testing.assert_array_equal(one, two)
    saved = recipes.load(Recipe, "train", str(tmp_path / "stopped" / "recipe.toml"))
    assert saved.generator.init == str(tmp_path / "start")


@pytest.mark.parametrize(("here", "there"), [("mixed_float16", "float32"), ("float32", "mixed_float16")])
def test_a_run_keeps_its_precision_on_another_machine(
    here: str, there: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, then on a CPU, and the other way round; each would choose otherwise."""
    choose = precision.choose

    def on(machine: str) -> None:
        found = (machine, "a machine")
        monkeypatch.setattr(precision, "choose", lambda asked: found if asked == "auto" else choose(asked))

    on(here)
    train(recipe(photos), tmp_path / "straight")
    train(recipe(photos), tmp_path / "stopped", until=4)
    on(there)
    train(recipe(photos), tmp_path / "stopped", until=8, resume=True)
    saved = recipes.load(Recipe, "train", str(tmp_path / "stopped" / "recipe.toml"))
    assert saved.loop.precision == here
    train(saved, tmp_path / "stopped", resume=True)
    for one, two in zip(weights(tmp_path / "straight"), weights(tmp_path / "stopped"), strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(UsageError, match=r"of other networks or optimizers .*: loop\.precision changed"):
        train(recipe(photos, f"loop.precision={there}"), tmp_path / "stopped", resume=True)


def test_a_second_training_is_kept_out(photos: Path, tmp_path: Path) -> None:
    first = Trainer(recipe(photos), tmp_path / "run", False, lambda event: None)
    with pytest.raises(UsageError, match=f"run is in use by process {os.getpid()} on "):
        train(recipe(photos), tmp_path / "run")
    first.run()
