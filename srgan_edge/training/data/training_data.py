"""What a recipe trains and validates on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from srgan_edge.errors import UsageError
from srgan_edge.training.data import loading
from srgan_edge.training.data.crops import CropSampler
from srgan_edge.training.data.degradations.degrader import Degrader
from srgan_edge.training.data.lookup import SMALLEST_TO_VALIDATE, VALID, Sources, find_sources
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.data.sources import Shrunk
from srgan_edge.training.journal import Journal
from srgan_edge.training.recipe import Recipe

DEGRADED = "degraded"
"""The set to validate on that is made of the one without a name."""


class TrainingData(NamedTuple):
    """The data of a run."""

    samplers: dict[str, CropSampler]
    """By phase."""
    valid: dict[str, list[Pair]]
    """By name of the set, as `validation_sets`."""
    recipe: Recipe
    """With epochs turned into steps, and what later phases take from `data` written out."""


def training_data(recipe: Recipe, journal: Journal) -> TrainingData:
    """Find and load a recipe's photos.

    Raises:
        UsageError: there are none, or not as the recipe says.
    """
    settings, scale, seed = recipe.data, int(recipe.generator.scale), recipe.loop.seed
    found = find_sources(settings.source, settings.valid, settings.low, scale)
    journal.emit("data", text=found.description)
    recipe = recipe.with_crops()
    largest = max(crop for _, crop in recipe.crops().values())
    source = Shrunk(found.train, settings.downscales)
    degrader = Degrader(recipe.degradation, scale)
    train = loading.load(
        source, scale, largest, settings.cache, journal.warn, journal.say, keep_low=degrader.is_bicubic
    )
    valid = validation_sets(found, recipe, journal.warn, recipe.loop.validate_photos)
    in_steps = _in_steps(recipe, len(train))
    ramp_steps = ramp(in_steps)
    samplers = {
        phase: CropSampler(
            train,
            scale,
            crop,
            batch,
            settings.flip_rotate,
            seed,
            settings.min_gradient,
            degrader,
            ramp_steps,
            journal.warn,
        )
        for phase, (batch, crop) in recipe.crops().items()
    }
    return TrainingData(samplers, valid, in_steps)


def validation_sets(
    found: Sources, recipe: Recipe, warn: loading.Warn, limit: int | None = None
) -> dict[str, list[Pair]]:
    """The photos to validate on (the first `limit` of each set), by name of the set.

    Where the recipe degrades its photos, those of the set without a name are there once more so, as "degraded", but
    for those with a low resolution of the user's.

    Raises:
        UsageError: a set has no photo that can be used, or is called "degraded" beside one that is to be degraded.
    """
    scale = int(recipe.generator.scale)
    sets = {
        name: loading.decode(source, scale, SMALLEST_TO_VALIDATE, warn, limit) for name, source in found.valid.items()
    }
    degrader = Degrader(recipe.degradation, scale)
    alone = [pair for pair in sets.get(VALID, []) if not pair.paired]
    if not degrader.is_bicubic and alone:
        if DEGRADED in sets:
            raise UsageError(f"data.valid: {DEGRADED} is what the photos of {VALID} are called with their faults")
        # The same faults for every seed: runs are compared by them.
        randoms = (np.random.default_rng(index) for index in range(len(alone)))
        sets[DEGRADED] = [p._replace(lr=degrader(p.hr, random)) for p, random in zip(alone, randoms, strict=True)]
    return sets


def ramp(recipe: Recipe) -> int:
    """The steps over which the share of crops with faults rises: `degradation.ramp` of the first phase's."""
    first = next(iter(recipe.phases.values())).steps
    assert isinstance(first, int), "epochs are turned into steps first"
    return round(recipe.degradation.ramp * first)


def _in_steps(recipe: Recipe, photo_count: int) -> Recipe:
    def steps(value: int | str, batch: int) -> int:
        return value if isinstance(value, int) else int(value.split()[0]) * -(-photo_count // batch)

    batches = {name: batch for name, (batch, _) in recipe.crops().items()}
    return recipe.changed(**{n: {"steps": steps(phase.steps, batches[n])} for n, phase in recipe.phases.items()})
