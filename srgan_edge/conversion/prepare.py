"""The first of a conversion's three stages: a run folder's generator, folded, and the photos that go with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from srgan_edge import recipes
from srgan_edge.conversion import fold, verify
from srgan_edge.conversion.blend import blended
from srgan_edge.conversion.progress import Say
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import UsageError
from srgan_edge.training.data import loading, lookup, sources
from srgan_edge.training.data.crops import CropSampler
from srgan_edge.training.data.degradations.degrader import Degrader
from srgan_edge.training.data.training_data import DEGRADED, validation_sets
from srgan_edge.training.generators.receptive_field import overlap
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import Trained, load_generator
from srgan_edge.training.validation import Inference


class Samplers(NamedTuple):
    """Where crops come from."""

    calibration: CropSampler
    """Any crops."""
    fine_tuning: CropSampler
    """Those that training would draw."""


@dataclass(frozen=True)
class Prepared:
    """A run's generator, ready for export, and what it is calibrated, fine-tuned and verified on."""

    trained: Trained
    recipe: Recipe
    network: Any
    """The same function without batch normalisation, in [0, 1]."""
    photos: sources.Source
    checker: verify.Checker

    def samplers(self, settings: Conversion, say: Say) -> Samplers:
        """Crops of its photos, the same for each call."""
        degrader, cache = Degrader(self.recipe.degradation, self.trained.scale), self.recipe.data.cache
        found = loading.load(
            self.photos, self.trained.scale, settings.crop, cache, say, say, keep_low=degrader.is_bicubic
        )

        def sampler(flip_rotate: bool, min_gradient: float) -> CropSampler:
            size = settings.crop, settings.batch
            return CropSampler(found, self.trained.scale, *size, flip_rotate, settings.seed, min_gradient, degrader)

        return Samplers(sampler(True, 0.0), sampler(self.recipe.data.flip_rotate, self.recipe.data.min_gradient))

    @property
    def luma(self) -> float:
        """The luma's share in its last phase; a GAN's was judged on all colours."""
        last = self.recipe.finetune if self.recipe.finetune.steps else self.recipe.pretrain
        return 0.0 if self.recipe.gan.steps else last.luma


def prepare(run: Path, settings: Conversion, say: Say) -> Prepared:
    """Load the generator of a run folder, fold it, and find the photos for it.

    Raises:
        UsageError: the folder is not a run, the tile is too small, or there are no photos.
    """
    trained = load_generator(run, say)
    recipe = recipes.load(Recipe, "train", str(run / "recipe.toml"))
    reach = overlap(trained.model)
    check_tile(settings.tile, trained.name, reach)
    found = _sources(recipe, settings)
    sets = validation_sets(found, recipe, say)
    # A network for photos with faults is judged on these.
    pairs = sets.get(DEGRADED) or [pair for held_out in sets.values() for pair in held_out]
    reference = Inference(trained.model, trained.scale, trained.value_range)
    network = fold.folded(trained.model, trained.value_range)
    if settings.blend:
        network = blended(network, settings.blend, say)
    network = fold.leaky_relu(network)
    if settings.blend:
        reference = Inference(network, trained.scale, (0.0, 1.0))
        trained = replace(trained, name=f"{trained.name}-blend{round(100 * sum(settings.blend.values()))}")
    train = sources.Shrunk(found.train, () if settings.calibration else recipe.data.downscales)
    checker = verify.Checker(pairs, trained.scale, reach, reference)
    return Prepared(trained, recipe, network, train, checker)


def _sources(recipe: Recipe, settings: Conversion) -> lookup.Sources:
    """Photos to calibrate and fine-tune on, and those to verify on: what the run held out, whatever calibrates it."""
    data, scale = recipe.data, recipe.generator.scale
    valid = settings.verify or data.valid
    if not settings.calibration:
        return lookup.find_sources(data.source, valid, data.low, scale)
    found = lookup.find_sources(settings.calibration, valid or settings.calibration, scale=scale)
    if valid:
        return found
    try:
        return found._replace(valid=lookup.find_sources(data.source, "", data.low, scale).valid)
    except UsageError as error:
        raise UsageError(
            f"{error}; the run held photos out of it; name another folder to verify on (--verify)"
        ) from error


def check_tile(tile: int, name: str, reach: int) -> None:
    """Raise UsageError if a tile is not larger than what `reach` takes from both of its sides."""
    if tile and tile <= 2 * reach:
        raise UsageError(f"a tile of {tile} has no inner part: {name} needs an overlap of {reach}")
