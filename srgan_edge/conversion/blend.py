"""A network between several of one architecture: their weights interpolated."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srgan_edge.conversion import fold
from srgan_edge.errors import UsageError
from srgan_edge.training.run_folder import load_generator


def blended(network: Any, shares: dict[str, float], warn: Callable[[str], None] = lambda sentence: None) -> Any:
    """A folded network in [0, 1] with the weights of other runs mixed in, by their shares; the rest is its own.

    Between a network trained for fidelity and one that a GAN phase took on from there, any strength of its texture
    needs no training (Wang et al. 2018, "ESRGAN", section 3.4: network interpolation).

    Args:
        network: of a run, by `fold.folded`: the slopes of its PReLUs are mixed too.
        shares: of the weights, by run folder; their sum is at most 1.
        warn: as of `load_generator`.

    Raises:
        UsageError: a folder is not of a run of the same architecture, or the shares' sum is above 1.
    """
    own = 1 - math.fsum(shares.values())
    if own < 0:
        raise UsageError(f"blend: the shares add up to {1 - own:g}, more than 1: the run itself needs the rest")
    weights = [own * weight for weight in network.get_weights()]
    for run, share in shares.items():
        other = load_generator(Path(run), warn)
        if other.model.name != network.name:
            raise UsageError(f"blend: {run} holds {other.model.name}, not {network.name}")
        added = fold.folded(other.model, other.value_range).get_weights()
        if [w.shape for w in added] != [w.shape for w in weights]:
            raise UsageError(f"blend: {run} holds another {network.name}")
        weights = [weight + share * more for weight, more in zip(weights, added, strict=True)]
    made = fold.copy(network)
    made.set_weights(weights)
    return made
