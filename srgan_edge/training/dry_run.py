"""What a recipe would see and cost: its photos, and parameters, memory and speed from a few steps on noise."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import tensorflow as tf

from srgan_edge.imaging import Bytes
from srgan_edge.training.data.contact_sheet import contact_sheet
from srgan_edge.training.data.crops import CropSampler
from srgan_edge.training.data.datasets import tfds_names
from srgan_edge.training.data.degradations.degrader import Degrader
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.data.training_data import training_data
from srgan_edge.training.distribution import Distribution
from srgan_edge.training.journal import Journal
from srgan_edge.training.learner import Learner
from srgan_edge.training.recipe import Recipe

_STEPS = 3


class PhaseCost(NamedTuple):
    """Of one phase."""

    name: str
    steps: int | str
    seconds_per_step: float


class Cost(NamedTuple):
    """Of a recipe, on this machine."""

    devices: str
    precision: str
    parameters: dict[str, int]
    """By network."""
    memory_mb: int
    """The most that was held, TensorFlow itself included: of the GPU if there is one, else of the process."""
    phases: list[PhaseCost]


def look(recipe: Recipe, say: Callable[[str], None]) -> tuple[Recipe, Bytes | None]:
    """Find a recipe's photos by their headers, and decode a few.

    Args:
        recipe: of the run.
        say: is told what there is, and which photos would be left out.

    Returns:
        The recipe with its epochs turned into steps, and a picture of pairs that the network would see; of TensorFlow
        datasets, which would be downloaded, the recipe as it is and None.

    Raises:
        UsageError: there are no photos, or not as the recipe says.
    """
    if datasets := tfds_names(recipe.data.source, recipe.data.valid):
        say(f"{' and '.join(datasets)}: photos of TensorFlow datasets are not looked at")
        return recipe, None
    cost_nothing = recipe.changed(data={"cache": "none"}, loop={"validate_photos": 1})
    journal = Journal(Path(), lambda event: say(event["text"]), chief=True)  # nothing is written before it begins
    data = training_data(cost_nothing, journal)
    steps = {name: {"steps": phase.steps} for name, phase in data.recipe.phases.items()}
    return recipe.changed(**steps), contact_sheet(next(iter(data.samplers.values())))


def cost_of(recipe: Recipe) -> Cost:
    """Build a recipe's networks and run a few steps of each phase on noise.

    Raises:
        UsageError: the recipe cannot work.
    """
    recipe = recipe.with_crops()
    samplers = {phase: _noise(recipe, *size) for phase, size in recipe.crops().items()}
    distribution = Distribution()
    learner = Learner(recipe.changed(**{phase: {"steps": 100} for phase in samplers}), distribution)
    costs = []
    for phase in learner.phases:
        started = 0.0
        for index, (low, high) in enumerate(distribution.batches(samplers[phase.name], 0, _STEPS + 1)):
            losses, _ = phase.step(low, high, False)
            _ = [float(value) for value in losses.values()]
            if index == 0:
                started = time.perf_counter()  # the first step compiles
        costs.append(PhaseCost(phase.name, recipe.phases[phase.name].steps, (time.perf_counter() - started) / _STEPS))
    parameters = {name: network.count_params() for name, network in learner.networks.items()}
    return Cost(distribution.description, learner.policy, parameters, _peak_memory_mb(), costs)


def _noise(recipe: Recipe, batch: int, crop: int) -> CropSampler:
    scale, side = int(recipe.generator.scale), 2 * crop
    low = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    pair = Pair("noise", low, low.repeat(scale, axis=0).repeat(scale, axis=1))
    degrader = Degrader(recipe.degradation, scale)
    return CropSampler([pair], scale, crop, batch, recipe.data.flip_rotate, recipe.loop.seed, degrader=degrader)


def _peak_memory_mb() -> int:
    if tf.config.list_physical_devices("GPU"):
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20)
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset // 2**20
    import resource  # Windows has none

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (2**20 if sys.platform == "darwin" else 2**10)
