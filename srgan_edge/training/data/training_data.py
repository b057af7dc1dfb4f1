"""What a recipe trains and validates on."""

from __future__ import annotations

from typing import NamedTuple

from srgan_edge.training.data import loading
from srgan_edge.training.data.crops import CropSampler
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.data.sources import find_sources, with_shrunk
from srgan_edge.training.journal import Journal
from srgan_edge.training.recipe import Recipe

# An LR side that holds SSIM's window of 11 pixels after the border is left out, at any scale.
_SMALLEST_TO_VALIDATE = 16


class TrainingData(NamedTuple):
    """The data of a run."""

    samplers: dict[str, CropSampler]
    """By phase."""
    valid: dict[str, list[Pair]]
    """By name of the set; the one without a name is called "valid"."""
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
    source = with_shrunk(found.train, settings.shrunk)
    train = loading.load(source, scale, largest, settings.cache, journal.warn, journal.say)
    valid = {
        name: loading.decode(held_out, scale, _SMALLEST_TO_VALIDATE, journal.warn, recipe.loop.validate_photos)
        for name, held_out in found.valid.items()
    }
    samplers = {
        phase: CropSampler(train, scale, crop, batch, settings.flips, seed, settings.smooth, journal.warn)
        for phase, (batch, crop) in recipe.crops().items()
    }
    return TrainingData(samplers, valid, _in_steps(recipe, len(train)))


def _in_steps(recipe: Recipe, photo_count: int) -> Recipe:
    def steps(value: int | str, batch: int) -> int:
        return value if isinstance(value, int) else int(value.split()[0]) * -(-photo_count // batch)

    sizes = recipe.crops()
    return recipe.changed(**{name: {"steps": steps(getattr(recipe, name).steps, sizes[name][0])} for name in sizes})
