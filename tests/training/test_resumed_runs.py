"""Runs that are stopped, killed and gone on with."""

from __future__ import annotations

import json
import os
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
from srgan_edge.training.loop import Trainer
from srgan_edge.training.recipe import Recipe

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


def test_a_second_training_is_kept_out(photos: Path, tmp_path: Path) -> None:
    first = Trainer(recipe(photos), tmp_path / "run", False, lambda event: None)
    with pytest.raises(UsageError, match=f"run is in use by process {os.getpid()} on "):
        train(recipe(photos), tmp_path / "run")
    first.run()
