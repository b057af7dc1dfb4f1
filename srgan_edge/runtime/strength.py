"""The strength of texture: results of a network for looks, mixed with those of the faithful one of its size."""

from __future__ import annotations

import re

import numpy as np

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.models import Model, bundled, find_model

_SCALE = re.compile(r"(?=-x\d+(-|$))")


def faithful_of(name: str) -> str:
    """What the faithful network is called whose twin for looks has a name: `edge-m-real-x4` of `edge-m-real-gan-x4`."""
    return name.replace("-gan", "")


def pair(model: Model) -> tuple[Model, Model]:
    """The faithful network of a pair and the one for looks, of which `model` is either.

    They are told by their names, `edge-m-real-x4` and `edge-m-real-gan-x4`: both bundled, or files in one folder.

    Raises:
        UsageError: there is no such pair, or a strength makes no sense for it.
    """
    looks = faithful_of(model.name) != model.name
    twin = faithful_of(model.name) if looks else _SCALE.sub("-gan", model.name, count=1)
    bundles = {each.name: each for each in bundled()}
    try:
        if bundles.get(model.name) == model:
            other = find_model(twin)
        else:
            other = find_model(str(model.path.with_name(twin + model.path.suffix)))
    except SrganEdgeError:
        sharp = (name for name in bundles if faithful_of(name) != name and faithful_of(name) in bundles)
        pairs = sorted({name.rsplit("-", 1)[0] for name in sharp})
        raise UsageError(
            f"{model.name}: has no {twin} beside it to mix results with; a strength goes with {' or '.join(pairs)}"
        ) from None
    return (other, model) if looks else (model, other)


def mix(faithful: Bytes, looks: Bytes, strength: float) -> Bytes:
    """`strength` of the one for looks, the rest of the faithful one: bytes, rounded."""
    mixed = faithful.astype(np.float32)
    mixed += np.float32(strength) * (looks - mixed)
    return np.rint(mixed, out=mixed).astype(np.uint8)
