"""Where a generator that was trained before is: looked up without TensorFlow, which takes seconds to start."""

from __future__ import annotations

from pathlib import Path

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.models import Model, find_model
from srgan_edge.recipes import load, recipe_folder
from srgan_edge.training.paths import path_of
from srgan_edge.training.recipe import Recipe


def find_pretrained(name: str, key: str) -> Path | Model:
    """A run folder; or a bundled model of a name, or a file of one of our exports.

    `key` is the recipe's key that named it, for messages.

    Raises:
        UsageError: it is none of these.
    """
    path = path_of(name)
    if path.is_dir():
        if not (path / "generator").is_dir():
            raise UsageError(f"{key}: {name} is no run folder with a generator in it")
        return path
    if len(path.parts) > 1 and not path.exists():
        known = "no such run folder or export; " + _how_to_make(path.name)
        raise UsageError(f"{key}: {name}: {known}name another with --set {key}=PATH")
    try:
        return find_model(name, "fp16")
    except SrganEdgeError as error:
        raise UsageError(f"{key}: {name}: {error}") from error


def _how_to_make(run: str) -> str:
    names = (path.stem for path in recipe_folder("train").glob("*.toml"))
    recipe = next((name for name in names if load(Recipe, "train", name).name == run), None)
    return f"make it with srgan-edge train --recipe {recipe} first, or " if recipe else ""
