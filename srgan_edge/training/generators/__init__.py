"""The generators by name: one architecture a file, one function each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from srgan_edge.errors import UnknownNameError, UsageError
from srgan_edge.training.generators.chain import chain
from srgan_edge.training.generators.edge import edge
from srgan_edge.training.generators.srcnn import srcnn
from srgan_edge.training.generators.srgan import srgan
from srgan_edge.training.generators.vdsr import vdsr


@dataclass(frozen=True)
class Architecture:
    """What the rest of the toolkit must know of a generator."""

    build: Callable[..., Any]
    """`build(scale=..., **options)` -> a flat functional tf_keras model, `[N, H, W, 3]` -> `[N, sH, sW, 3]`."""
    scales: tuple[int, ...]
    """The factors it can enlarge by."""
    value_range: tuple[float, float]
    """What black and white are to the network, at its input and its output."""
    options: tuple[str, ...] = ()
    """The recipe's keys of `[generator]` that the function takes."""


ARCHITECTURES: dict[str, Architecture] = {
    **{
        f"edge-{size}": Architecture(lambda size=size, **options: edge(size=size, **options), (2, 3, 4), (0.0, 1.0))
        for size in ("s", "m", "l", "xl")
    },
    **{
        f"chain-{size}": Architecture(
            lambda size=size, **options: chain(size=size, **options), (2, 3, 4), (0.0, 1.0), ("collapsible",)
        )
        for size in "sm"
    },
    "srgan": Architecture(srgan, (2, 4), (-1.0, 1.0), ("blocks", "upsampler")),
    "srcnn": Architecture(srcnn, (2, 3, 4), (0.0, 1.0)),
    "vdsr": Architecture(vdsr, (2, 3, 4), (0.0, 1.0)),
}


def build_generator(name: str, scale: int, **options: Any) -> Any:
    """Build a generator, with those of `options` that its architecture has.

    Raises:
        UsageError: an unknown name, or a scale that the architecture does not have.
    """
    if name not in ARCHITECTURES:
        raise UnknownNameError("generator", name, ARCHITECTURES)
    architecture = ARCHITECTURES[name]
    if scale not in architecture.scales:
        scales = ", ".join(f"x{s}" for s in architecture.scales)
        raise UsageError(f"generator {name} has no x{scale}: its scales are {scales}")
    return architecture.build(scale=scale, **{k: v for k, v in options.items() if k in architecture.options})
