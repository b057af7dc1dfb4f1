"""The strength of texture: results of a network for looks, mixed with those of the faithful one of its size."""

from __future__ import annotations

import re

import numpy as np

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.models import Model, bundled, find_model

_LOOKS = re.compile(r"-gan(?=-x\d)")
_SCALE = re.compile(r"(?=-x\d+(-|$))")


def pair(model: Model) -> tuple[Model, Model]:
    """The faithful network of a pair and the one for looks, of which `model` is either.

    They are told by their names, `edge-m-x4` and `edge-m-gan-x4`: both bundled, or files in one folder.

    Raises:
        UsageError: there is no such pair, or a strength makes no sense for it.
    """
    looks = _LOOKS.search(model.name) is not None
    twin = _LOOKS.sub("", model.name) if looks else _SCALE.sub("-gan", model.name, count=1)
    bundles = {each.name: each for each in bundled()}
    try:
        if bundles.get(model.name) == model:
            other = find_model(twin)
        else:
            other = find_model(str(model.path.with_name(twin + model.path.suffix)))
    except SrganEdgeError:
        pairs = sorted({name.rsplit("-", 1)[0] for name in bundles if _LOOKS.search(name)} & _with_twins(bundles))
        raise UsageError(
            f"{model.name}: has no {twin} beside it to mix results with; a strength goes with {' or '.join(pairs)}"
        ) from None
    return (other, model) if looks else (model, other)


def mix(faithful: Bytes, looks: Bytes, strength: float) -> Bytes:
    """`strength` of the one for looks, the rest of the faithful one: bytes, rounded."""
    mixed = faithful.astype(np.float32)
    mixed += np.float32(strength) * (looks - mixed)
    return np.rint(mixed, out=mixed).astype(np.uint8)


def _with_twins(bundles: dict[str, Model]) -> set[str]:
    return {name.rsplit("-", 1)[0] for name in bundles if _LOOKS.sub("", name) in bundles}
