"""The run folder's `generator/`: what conversion reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tensorflow as tf
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.files.atomic import atomic_path, write_text
from srgan_edge.imaging.metrics import Score
from srgan_edge.training.generators import ARCHITECTURES, build_generator
from srgan_edge.training.generators.layers import CollapsibleConv2D
from srgan_edge.training.recipe import Generator, Recipe
from srgan_edge.training.writing import writing


@dataclass(frozen=True)
class Trained:
    """A trained generator, its over-parameterised convolutions collapsed."""

    model: Any
    """A flat functional tf_keras model in float32."""
    name: str
    """The recipe's name."""
    architecture: str
    scale: int
    value_range: tuple[float, float]
    step: int
    psnr: float
    ssim: float
    licence: str
    """Of the training photos."""


def collapse(model: Any, plain: Any) -> None:
    """Copy the weights of `model` to `plain`, its twin with plain convolutions."""
    for layer in plain.layers:
        source = model.get_layer(layer.name)
        if isinstance(source, CollapsibleConv2D):
            layer.set_weights([source.kernel().numpy(), source.bias.numpy()])
        else:
            layer.set_weights(source.get_weights())


def save_generator(model: Any, recipe: Recipe, folder: Path, step: int, score: Score) -> None:
    """Write `generator.h5` (collapsed) and `generator.json` to `folder`."""
    arguments = _arguments(recipe)
    plain = build_generator(**arguments)
    collapse(model, plain)
    with atomic_path(folder / "generator.h5") as temporary:
        with writing(folder):
            plain.save_weights(temporary)
        digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
    about = {
        "name": recipe.name,
        "arguments": arguments,
        "step": step,
        "psnr": score.psnr,
        "ssim": score.ssim,
        "licence": recipe.licence,
        "tensorflow": tf.__version__,
        "sha256": digest,
    }
    write_text(folder / "generator.json", json.dumps(about, indent=2) + "\n")


def load_generator(run: Path, warn: Callable[[str], None] = lambda sentence: None) -> Trained:
    """Read the generator of a run folder; `warn` is told if nothing says whether its weights are damaged.

    Raises:
        UsageError: the folder is not of a run, or its run has not been validated yet.
        SrganEdgeError: its files are damaged, or of different generators.
    """
    path = run / "generator" / "generator.json"
    if not path.is_file():
        raise UsageError(f"{run}: not a run folder with a generator in it ({path} is missing)")
    about, weights = _read_about(path), path.with_name("generator.h5")
    arguments = about.arguments
    try:
        content = weights.read_bytes()
        if about.sha256 is not None and hashlib.sha256(content).hexdigest() != about.sha256:
            raise ValueError(f"its sha256 is not that of {path.name}")
        model = build_generator(**arguments)
        model.load_weights(weights)
        if about.sha256 is None:
            warn(f"{weights}: version 0.1 wrote no sha256 of it, so that damage to its weights would not be noticed")
    except UsageError:
        raise
    except Exception as error:  # HDF5 and Keras raise whatever a damaged file makes them run into
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SrganEdgeError(f"{weights}: is damaged, or of another generator: {reason}") from error
    name = arguments["name"]
    return Trained(
        model,
        about.name,
        name,
        arguments["scale"],
        ARCHITECTURES[name].value_range,
        about.step,
        about.psnr,
        about.ssim,
        about.licence,
    )


def generators_step(run: Path) -> int | None:
    """Of the generator that a run folder holds; None without one that can be read."""
    try:
        return _read_about(run / "generator" / "generator.json").step
    except SrganEdgeError:
        return None


class _About(BaseModel):
    """What generator.json says."""

    model_config = ConfigDict(strict=True)

    name: Annotated[str, Field(pattern=r"^[^/\\\x00-\x1f\x7f]{1,200}$")]
    arguments: dict[str, Any]
    step: Annotated[int, Field(ge=0)]
    psnr: float
    ssim: float
    licence: str
    sha256: str | None = None
    """Of generator.h5; files written by version 0.1 have none."""

    @field_validator("name")
    @classmethod
    def _a_files_name(cls, name: str) -> str:
        if name.startswith(".") or not name.isprintable():
            raise ValueError("is no file's name")
        return name

    @field_validator("arguments")
    @classmethod
    def _of_a_generator(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            Generator.model_validate(arguments)
        except ValidationError as error:
            raise ValueError(first_fault(error)) from error
        if not {"name", "scale"} <= set(arguments):
            raise ValueError("have no name and scale")
        return arguments


def _read_about(path: Path) -> _About:
    try:
        return _About.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SrganEdgeError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise SrganEdgeError(f"{path}: does not describe a generator: {first_fault(error)}") from error


def first_fault(error: ValidationError) -> str:
    """What is wrong with a file of JSON first, and where, in one line."""
    found = error.errors()[0]
    return f"{'.'.join(str(part) for part in found['loc'])}: {found['msg'].splitlines()[0]}"


def _arguments(recipe: Recipe) -> dict[str, Any]:
    arguments = recipe.generator.model_dump()
    architecture = ARCHITECTURES[recipe.generator.name]
    kept = {k: v for k, v in arguments.items() if k in ("name", "scale", *architecture.options)}
    return kept | ({"collapsible": False} if "collapsible" in architecture.options else {})
