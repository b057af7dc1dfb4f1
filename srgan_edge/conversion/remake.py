"""What remakes a model and goes into its card: its two recipes, and the commands that follow them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from srgan_edge import recipes
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import UsageError
from srgan_edge.recipes import Stage, Table
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.selection import BEST

T = TypeVar("T", bound=Table)
# Folders are another's on another machine, and notes, names and where photos are kept change nothing.
_PHOTOS, _LOW, _HELD_OUT = "PHOTOS", "LOW_RESOLUTION_PHOTOS", "HELD_OUT_PHOTOS"


def train_command(recipe: Recipe) -> str:
    """What trains the generator: the shipped recipe that is nearest, each key that differs, and folders by role."""
    data = recipe.data
    recipe = recipe.with_crops()  # as a run folder has it
    recipe = recipe.changed(data={"valid": "", "low": ""})
    recipe = recipe.changed(generator={"init": _run(recipe.generator.init)})
    recipe = recipe.model_copy(update={"teacher": _run(recipe.teacher)})
    words = [
        "srgan-edge",
        "train",
        *_recipe_words(
            "train",
            Recipe,
            recipe,
            {"data.source", "data.valid", "data.low", "data.cache"},
            Recipe.with_crops,
            "degradation.preset",
        ),
    ]
    if data.source != "sample":
        named = isinstance(data.source, str) and data.source.startswith("tfds:")
        words += ["--data", str(data.source) if named else _PHOTOS]
    if data.low:
        words += ["--set", f"data.low={_LOW}"]
    if data.valid:
        words += ["--set", f"data.valid={_HELD_OUT}"]
    return shlex.join(words)


def training_table(recipe: Recipe) -> dict[str, Any]:
    """The whole recipe; in the place of folders, which are another's on another machine, what they are for."""
    data = recipe.data
    source = data.source if isinstance(data.source, str) and data.source.startswith(("sample", "tfds:")) else _PHOTOS
    roles = {"source": source, "low": _LOW if data.low else "", "valid": _HELD_OUT if data.valid else ""}
    if data.cache not in ("auto", "memory", "none"):
        roles["cache"] = "auto"
    started = {"init": _run(recipe.generator.init)}
    changed = recipe.with_crops().changed(data=roles, generator=started)
    return changed.model_copy(update={"teacher": _run(recipe.teacher)}).model_dump(mode="json")


def _run(name: str) -> str:
    """A run's folder or an export's file as another machine may have it; a bundled model's name as it is."""
    path = Path(name)
    return f"runs/{name_of_run(path)}" if len(path.parts) > 1 else name


def conversion_table(settings: Conversion) -> dict[str, Any]:
    """Likewise."""
    roles = {
        "calibration": _PHOTOS if settings.calibration else "",
        "verify": _HELD_OUT if settings.verify else "",
        "blend": {f"runs/{name_of_run(Path(run))}": share for run, share in settings.blend.items()},
    }
    return settings.model_copy(update=roles).model_dump(mode="json")


def name_of_run(folder: Path, name: str = "") -> str:
    """What a run folder is called under runs/: its name (or another one), and which weights of it are meant."""
    if folder.name == BEST:
        return f"{name or folder.resolve().parent.name}/{BEST}"
    return name or folder.name


def convert_command(run: str, settings: Conversion) -> str:
    """What exports the generator of runs/RUN, likewise."""
    words = ["srgan-edge", "convert", f"runs/{run}"]
    plain = settings.model_copy(update={"blend": {}})
    words += _recipe_words("convert", Conversion, plain, {"calibration", "verify"}, lambda shipped: shipped)
    for other, share in settings.blend.items():
        words += ["--blend", f"runs/{name_of_run(Path(other))}={share:g}"]
    for option in ("calibration", "verify"):
        if getattr(settings, option):
            words += [f"--{option}", _PHOTOS if option == "calibration" else _HELD_OUT]
    return shlex.join(words)


def _recipe_words(
    stage: Stage, kind: type[T], recipe: T, left_out: set[str], resolve: Callable[[T], T], preset: str = ""
) -> list[str]:
    """`--recipe NAME` of the shipped recipe with the fewest different keys, and `--set` for each of these.

    The key `preset`, if there is one, decides what others are, so that it is set first.
    """
    wanted = _flat(recipe.model_dump())
    names = [path.stem for path in recipes.recipe_folder(stage).glob("*.toml")]
    first = (f"{preset}={wanted[preset]}",) if preset else ()
    shipped = {}
    for shipped_name in names:
        with suppress(UsageError):  # keys that go with its own preset alone
            shipped[shipped_name] = resolve(recipes.load(kind, stage, shipped_name, first))

    def differences(other: T) -> dict[str, Any]:
        values = _flat(other.model_dump())
        return {k: v for k, v in wanted.items() if v != values.get(k) and k not in {"note", "licence", *left_out}}

    name = min(sorted(shipped), key=lambda name: len(differences(shipped[name])))
    changed = differences(shipped[name])
    if preset and _flat(recipes.load(kind, stage, name).model_dump())[preset] != wanted[preset]:
        changed = {preset: wanted[preset], **changed}
    return ["--recipe", name, *(word for k, v in changed.items() for word in ("--set", f"{k}={recipes.literal(v)}"))]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat
