"""The two recipes as a card holds them: whole, and in the place of folders, which no other machine has, their roles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srgan_edge.conversion.recipe import Conversion
from srgan_edge.training.data.datasets import TFDS
from srgan_edge.training.data.lookup import SAMPLE
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.selection import BEST

PHOTOS, LOW, HELD_OUT = "PHOTOS", "LOW_RESOLUTION_PHOTOS", "HELD_OUT_PHOTOS"
"""What stands in the place of folders: of photos, of their low resolution, and of those held out from training."""


def training_table(recipe: Recipe) -> dict[str, Any]:
    """The recipe of a training: what `srgan-edge train --recipe` reads, with --data in the place of PHOTOS."""
    data = recipe.data
    source = (
        data.source
        if isinstance(data.source, str) and (data.source == SAMPLE or data.source.startswith(TFDS))
        else PHOTOS
    )
    roles = {"source": source, "low": LOW if data.low else "", "valid": HELD_OUT if data.valid else ""}
    if data.cache not in ("auto", "memory", "none"):
        roles["cache"] = "auto"
    weights = recipe.perceptual.weights
    changed = recipe.with_crops().changed(
        data=roles, generator={"init": _run(recipe.generator.init)}, perceptual={"weights": Path(weights).name}
    )
    return changed.model_copy(update={"teacher": _run(recipe.teacher)}).model_dump(mode="json")


def conversion_table(settings: Conversion) -> dict[str, Any]:
    """The recipe of a conversion, likewise."""
    roles = {
        "calibration": PHOTOS if settings.calibration else "",
        "verify": HELD_OUT if settings.verify else "",
        "blend": {_run(run) if len(Path(run).parts) > 1 else f"runs/{run}": s for run, s in settings.blend.items()},
    }
    return settings.model_copy(update=roles).model_dump(mode="json")


def _run(name: str) -> str:
    """A run's folder or an export's file as another machine may have it; a bundled model's name as it is."""
    path = Path(name)
    if len(path.parts) <= 1:
        return name
    return f"runs/{path.resolve().parent.name}/{BEST}" if path.name == BEST else f"runs/{path.name}"
