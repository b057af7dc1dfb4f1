"""What a recipe trains and validates on."""

from __future__ import annotations

from typing import NamedTuple

from srgan_edge.training.data import photos
from srgan_edge.training.data.crops import CropSampler
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.data.sources import find_sources
from srgan_edge.training.journal import Journal
from srgan_edge.training.recipe import Recipe

# An LR side that holds SSIM's window of 11 pixels after the border is left out, at any scale.
_SMALLEST_TO_VALIDATE = 16


class TrainingData(NamedTuple):
    """The data of a run."""

    sampler: CropSampler
    valid: list[Pair]
    recipe: Recipe
    """With epochs turned into steps."""


def training_data(recipe: Recipe, journal: Journal) -> TrainingData:
    """Find and load a recipe's photos.

    Raises:
        UsageError: there are none, or not as the recipe says.
    """
    settings, scale = recipe.data, int(recipe.generator.scale)
    found = find_sources(settings.source, settings.valid)
    journal.emit("data", text=found.description)
    train = photos.load(found.train, scale, settings.crop, settings.cache, journal.warn, journal.say)
    limit = recipe.loop.validate_photos
    valid = photos.decode(found.valid, scale, _SMALLEST_TO_VALIDATE, journal.warn, limit)
    sampler = CropSampler(
        train,
        scale,
        settings.crop,
        settings.batch,
        settings.flips,
        recipe.loop.seed,
        settings.smooth,
        journal.warn,
    )
    return TrainingData(sampler, valid, _in_steps(recipe, -(-len(train) // settings.batch)))


def _in_steps(recipe: Recipe, steps_per_epoch: int) -> Recipe:
    def steps(value: int | str) -> int:
        return value if isinstance(value, int) else int(value.split()[0]) * steps_per_epoch

    return recipe.model_copy(
        update={
            "pretrain": recipe.pretrain.model_copy(update={"steps": steps(recipe.pretrain.steps)}),
            "gan": recipe.gan.model_copy(update={"steps": steps(recipe.gan.steps)}),
        }
    )
