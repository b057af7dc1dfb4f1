"""What is found out of a model before it is run here: that it can be, its scale, how far it looks, its range.

A file that is not one of ours may bring the runtime down, or compute on other numbers than bytes and make black
pictures without an error. So it enlarges one picture in a process of its own, and the result is looked at.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from srgan_edge import __version__
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.files.atomic import write_text
from srgan_edge.files.user_cache import user_cache
from srgan_edge.imaging import Bytes
from srgan_edge.models import Model, ModelCard, content, shipped
from srgan_edge.runtime import isolated
from srgan_edge.runtime.flatbuffer import read_graph
from srgan_edge.runtime.graph import Graph
from srgan_edge.runtime.ranges import (
    BYTES,
    CONVENTIONS,
    UNSAID,
    Numbers,
    Ranges,
    ToNumbers,
    ToPixels,
    checked,
    read_ranges,
)
from srgan_edge.runtime.session import Session
from srgan_edge.runtime.tiling import ANY_SIZE_TILE, multiple
from srgan_edge.runtime.verdicts import runtime_version

# Overlap where it cannot be known: more than the reach of the compact networks that people exchange.
OVERLAP_UNKNOWN = 16
TIME_LIMIT = 120.0
# Mean levels of 255 that a right result, shrunk again, is off the picture at most; GANs are off by 2, wrong ranges by
# 50 to 120.
_WRONG = 24.0
# Ranges cannot be told apart if another's error is less than this times as large, and its result differs by levels.
_AS_GOOD, _DIFFERS = 1.5, 1.0
_SIDE = 64  # of the picture for models that take any size


class Facts(NamedTuple):
    """What is known of a model."""

    scale: int
    overlap: int
    """Input pixels around a tile's inner part that make tiling exact."""
    ranges: Ranges
    notes: tuple[str, ...] = ()
    """What the user should know of it."""
    stride: int = 1
    """Of how many input pixels the overlap and the sides of tiles are multiples."""


def vet(model: Model, ranges: Ranges = UNSAID) -> Facts:
    """Check a model's file against its card and itself.

    Raises:
        SrganEdgeError: it cannot be run, it makes no enlarged picture, or its card does not fit it.
        UsageError: a range is not one, is given for a model whose card has it, or has to be given.
    """
    given = Ranges(*(r and checked(r, f"--{side}-range") for side, r in zip(("input", "output"), ranges, strict=True)))
    data, card = content(model), model.card
    if card is not None and given != UNSAID:
        raise UsageError(f"{model.name}: its card says that it takes bytes; --input-range is for models without a card")
    ours = shipped().get(hashlib.sha256(data).hexdigest())
    if ours is not None and given == UNSAID:
        if card is not None:
            tile = (ours.tile, ours.tile) if ours.tile else None
            _check_card(model.path, card, ours.overlap, {"scale": ours.scale, "tile": tile, "dtype": ours.io_dtype})
        return Facts(ours.scale, max(ours.overlap, card.overlap if card else 0), given)
    graph = _graph(data, model.path)
    tried = _tried(model.path, data, given)
    reach = None if graph is None else graph.receptive_field()
    if card is not None:
        _check_card(model.path, card, reach, tried)
    _check_result(model.path, tried, given, card)
    if card is not None and reach is None:
        return Facts(tried["scale"], card.overlap, given)
    sides = tried["tile"] or (_SIDE, _SIDE)
    if graph is None or reach is None:
        overlap = min(OVERLAP_UNKNOWN, (min(sides) - 1) // 4)
        why = (
            "one of its operators may look at the whole tile"
            if graph
            else "its graph is not read without ai-edge-litert"
        )
        note = f"{why}: an overlap of {overlap} pixels is assumed, and where tiles meet there may be seams"
        return Facts(tried["scale"], overlap, given, (note,))
    if tried["tile"] and min(sides) <= 2 * reach:
        raise SrganEdgeError(
            f"{model.path}: its receptive field reaches {reach} pixels, and its tiles of {sides[1]}x{sides[0]} are too "
            "small for that: convert it with a larger input"
        )
    overlap, stride = max(reach, card.overlap if card else 0), graph.stride
    aligned = multiple(overlap, stride)
    sides = tried["tile"] or (max(ANY_SIZE_TILE, 4 * aligned),) * 2
    if min(sides) > 2 * aligned and not any(side % stride for side in sides):
        return Facts(tried["scale"], aligned, given, (), stride)
    note = (
        f"it computes in steps of {stride} pixels, and tiles of {sides[1]}x{sides[0]} cannot begin on multiples of it: "
        "where they meet there may be seams"
    )
    return Facts(tried["scale"], overlap, given, (note,))


def _graph(data: bytes, path: Path) -> Graph | None:
    try:
        return read_graph(data, str(path))
    except ImportError:  # an old board's runtime has no schema of the file
        return None


def _check_card(path: Path, card: ModelCard, reach: int | None, tried: dict[str, Any]) -> None:
    tile = (card.tile, card.tile) if card.tile else None
    facts = [("scale", card.scale, tried["scale"]), ("io_dtype", card.io_dtype, tried["dtype"])]
    if tile != (tried["tile"] and tuple(tried["tile"])):
        facts.append(("tile", card.tile, "x".join(map(str, reversed(tried["tile"] or [0])))))
    for name, said, found in facts:
        if said != found:
            raise SrganEdgeError(f"{path.with_suffix('.json')}: says {name} {said}, and {path.name} has {found}")
    if reach is not None and card.overlap < reach:
        raise SrganEdgeError(
            f"{path.with_suffix('.json')}: says overlap {card.overlap}, and the receptive field of {path.name} reaches "
            f"{reach} pixels"
        )


def _check_result(path: Path, tried: dict[str, Any], given: Ranges, card: ModelCard | None) -> None:
    """Refuse a result that is not the picture enlarged, with the option that makes it so."""
    error, others = tried["error"], tried["others"]
    best = min(others, key=lambda other: other["error"], default=None)
    if not error <= _WRONG:  # nor is a number that is none
        if best is not None and best["error"] <= _WRONG / 2:
            with_these = " with these ranges" if given != UNSAID else ""
            raise UsageError(
                f"{path}: its results are {error:.0f} levels off the test image{with_these}: try {_options(best)}"
            )
        if given == UNSAID:
            raise SrganEdgeError(
                f"{path}: its results are {error:.0f} levels off the test image: it does not upscale images, or it "
                "uses other values for black and white: give them with --input-range and --output-range"
            )
    elif card is None and given == UNSAID:
        as_good = [o for o in others if o["error"] < _AS_GOOD * error and o["difference"] > _DIFFERS]
        if as_good:
            choices = " or ".join(["--input-range 0 255", *map(_options, as_good)])
            raise UsageError(f"{path}: the file does not say which values are black and white: add {choices}")


def _options(other: dict[str, Any]) -> str:
    start, end = other["input"], other["output"]
    if start is None:
        return "without, as its file says it"
    text = f"--input-range {start[0]:g} {start[1]:g}"
    return text if start == end else f"{text} --output-range {end[0]:g} {end[1]:g}"


def _tried(path: Path, data: bytes, given: Ranges) -> dict[str, Any]:
    """What `enlarge` finds, in a process of its own; what it found of the same file before is remembered."""
    key = json.dumps([hashlib.sha256(data).hexdigest(), given, __version__, runtime_version()])
    name = f"models/{hashlib.sha256(key.encode()).hexdigest()}.json"
    with suppress(SrganEdgeError, OSError, ValueError, KeyError, TypeError):
        found = json.loads((user_cache() / name).read_text(encoding="utf-8"))
        if found["key"] == key and isinstance(found["scale"], int):
            return found
    try:
        found = isolated.call("srgan_edge.runtime.vetting:enlarge", str(path.absolute()), *given, limit=TIME_LIMIT)
    except TimeoutError as error:
        raise SrganEdgeError(f"{path}: cannot be run: one tile gave no result in {TIME_LIMIT:.0f} seconds") from error
    except isolated.ChildError as error:
        raise SrganEdgeError(f"{path}: cannot be run: the runtime crashes on this file ({error})") from error
    if "refused" in found:
        kind = UsageError if found["usage"] else SrganEdgeError
        raise kind(found["refused"].replace(str(path.absolute()), str(path)))
    with suppress(SrganEdgeError, OSError):
        write_text(user_cache() / name, json.dumps(found | {"key": key}))
    return found


def enlarge(path: str, input_range: list[float] | None, output_range: list[float] | None) -> dict[str, Any]:
    """Run a model on one picture; how far the result, shrunk again, is off it, in its own range and in others."""
    ranges = read_ranges(input_range, output_range)
    try:
        with Session(Path(path), ranges=ranges) as session:
            height, width = session.tile or (_SIDE, _SIDE)
            picture = _picture(height, width)
            result = session.run(picture)
            error, others = _error(picture, result), []
            if session.io_dtype == "float32" == session.output_dtype.name:
                others = _in_other_ranges(session, picture, result)
            elif ranges != UNSAID:
                with suppress(UsageError):
                    session.set_ranges(UNSAID)
                    others = [{"input": None, "output": None, "error": _error(picture, session.run(picture))}]
            return {
                "scale": session.scale,
                "tile": session.tile,
                "dtype": session.io_dtype,
                "error": error,
                "others": others,
            }
    except SrganEdgeError as error:
        return {"refused": str(error), "usage": isinstance(error, UsageError)}


def _in_other_ranges(session: Session, picture: Bytes, result: Bytes) -> list[dict[str, Any]]:
    numbers = Numbers(session.output_dtype)
    own, found = session.ranges, []
    for start in CONVENTIONS:
        session.to_numbers = ToNumbers(numbers, start)
        raw = session.invoke(picture).copy()
        for end in CONVENTIONS:
            if (start, end) == own:
                continue
            made = ToPixels(numbers, end)(raw)
            difference = float(np.abs(made.astype(np.int16) - result).mean())
            # A network that takes bytes and gives less than bytes is none that anybody trains.
            if start != BYTES or end == BYTES:
                found.append({"input": start, "output": end, "error": _error(picture, made), "difference": difference})
    return found


def _picture(height: int, width: int) -> Bytes:
    """Smooth colours with dark stripes, in nearly all levels."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    planes = (127.5 + 110 * np.sin(9 * x + 5 * y), 127.5 + 110 * np.cos(7 * y - 4 * x), 40 + 170 * x)
    picture = np.stack(planes, axis=-1)
    picture[np.mgrid[:height, :width].sum(axis=0) // 7 % 5 == 0] *= 0.6
    return picture.astype(np.uint8)


def _error(picture: Bytes, result: Bytes) -> float:
    """Mean difference of the result, each pixel's square averaged, away from the edges."""
    height, width = picture.shape[:2]
    scale = result.shape[0] // height
    shrunk = result.reshape(height, scale, width, scale, 3).mean(axis=(1, 3))
    m = min(8, height // 4, width // 4)
    inside = (slice(m, height - m), slice(m, width - m))
    return float(np.abs(shrunk[inside] - picture[inside]).mean())
