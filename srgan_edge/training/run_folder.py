"""The run folder's `generator/`: what conversion reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from srgan_edge.atomic import atomic_path, write_text
from srgan_edge.errors import UsageError
from srgan_edge.imaging.metrics import Score
from srgan_edge.training.generators import ARCHITECTURES, build_generator
from srgan_edge.training.generators.layers import CollapsibleConv2D
from srgan_edge.training.recipe import Recipe


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


def initialise(model: Any, run: Path) -> None:
    """Start `model` from the generator of a run folder, over-parameterised convolutions too.

    Raises:
        UsageError: the run's generator is another one.
    """
    trained = load_generator(run)
    if trained.model.name != model.name:
        raise UsageError(f"generator.init: {run} holds {trained.model.name}, not {model.name}")
    try:
        for layer in model.layers:
            weights = trained.model.get_layer(layer.name).get_weights()
            if isinstance(layer, CollapsibleConv2D):
                layer.set_kernel(*weights)
            else:
                layer.set_weights(weights)
    except ValueError as error:
        raise UsageError(f"generator.init: {run} holds another {model.name}: {error}") from error


def save_generator(model: Any, recipe: Recipe, folder: Path, step: int, score: Score) -> None:
    """Write `generator.h5` (collapsed) and `generator.json` to `folder`."""
    arguments = _arguments(recipe)
    plain = build_generator(**arguments)
    collapse(model, plain)
    with atomic_path(folder / "generator.h5") as temporary:
        plain.save_weights(temporary)
    about = {
        "name": recipe.name,
        "arguments": arguments,
        "step": step,
        "psnr": score.psnr,
        "ssim": score.ssim,
        "licence": recipe.licence,
        "tensorflow": tf.__version__,
    }
    write_text(folder / "generator.json", json.dumps(about, indent=2) + "\n")


def load_generator(run: Path) -> Trained:
    """Read the generator of a run folder.

    Raises:
        UsageError: the folder is not of a run, or its run has not been validated yet.
    """
    path = run / "generator" / "generator.json"
    if not path.is_file():
        raise UsageError(f"{run}: not a run folder with a generator in it ({path} is missing)")
    about = json.loads(path.read_text(encoding="utf-8"))
    model = build_generator(**about["arguments"])
    model.load_weights(path.with_name("generator.h5"))
    name = about["arguments"]["name"]
    return Trained(
        model,
        about["name"],
        name,
        about["arguments"]["scale"],
        ARCHITECTURES[name].value_range,
        about["step"],
        about["psnr"],
        about["ssim"],
        about["licence"],
    )


def _arguments(recipe: Recipe) -> dict[str, Any]:
    arguments = recipe.generator.model_dump()
    architecture = ARCHITECTURES[recipe.generator.name]
    kept = {k: v for k, v in arguments.items() if k in ("name", "scale", *architecture.options)}
    return kept | ({"collapsible": False} if "collapsible" in architecture.options else {})
