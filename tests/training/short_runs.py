"""Runs of a dozen steps."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge import recipes
from srgan_edge.training.loop import Trainer
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import load_generator


def recipe(photos: Path, *settings: str) -> Recipe:
    small = (
        "name=test",
        f"data.source={photos}",
        "data.batch=2",
        "data.crop=16",
        "pretrain.steps=12",
        "gan.steps=0",
        "gan.batch=0",
        "gan.crop=0",
        "pretrain.warmup=2",
        "loop.checkpoint_every=4",
        "loop.validate_every=12",
        "loop.log_every=4",
    )
    return recipes.load(Recipe, "train", "sample", (*small, *settings))


def train(recipe: Recipe, out: Path, resume: bool = False, until: int | None = None) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    trainer = Trainer(recipe, out, resume, events.append)
    if until is not None:

        def stop(event: dict[str, Any]) -> None:
            events.append(event)
            if event["event"] == "train" and event["step"] == until:
                os.kill(os.getpid(), signal.SIGTERM)

        trainer.journal._report = stop
    outcome = trainer.run()
    assert (outcome.finished, outcome.signal) == ((True, None) if until is None else (False, signal.SIGTERM))
    return events


def weights(out: Path) -> list[np.ndarray]:
    return load_generator(out).model.get_weights()
