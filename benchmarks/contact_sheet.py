"""Contact sheets: a row for each picture, in columns the input, the contenders' results and the truth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from degraded_sets import KINDS, Sets
from PIL import Image, ImageDraw

from srgan_edge.errors import UnknownNameError, UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.imaging.metrics import luma

Results = dict[str, dict[str, dict[str, Bytes]]]
"""By model, kind and photo."""

ALL = "all"
SIDE = 160
ZOOM = 2
ROWS = 4
"""Photos of a kind that are shown where none is named: those with the busiest crops."""
_LABEL = 14


class Row(NamedTuple):
    """A part of a picture, its top left corner in pixels of the result."""

    kind: str
    photo: str
    x: int
    y: int


def contrast(picture: Bytes, side: int) -> tuple[float, int, int]:
    """Of the part with the most contrast between neighbours: the contrast, left and top."""
    plane = luma(picture)
    step = max(side // 4, 1)
    return max(
        (float(np.abs(np.diff(plane[y : y + side, x : x + side])).mean()), x, y)
        for y in range(0, max(plane.shape[0] - side, 0) + 1, step)
        for x in range(0, max(plane.shape[1] - side, 0) + 1, step)
    )


def rows_of(wanted: str, sets: Sets, scale: int) -> list[Row]:
    """Of "KIND/PHOTO@X,Y", "KIND/PHOTO" (its busiest part), "KIND" (the photos with the busiest parts) or "all".

    Raises:
        UsageError: there is no such kind, photo or place.
    """
    if wanted == ALL:
        return [row for kind in sets.lows for row in rows_of(kind, sets, scale)]
    where, _, place = wanted.partition("@")
    kind, _, photo = where.partition("/")
    if kind not in sets.lows:
        raise UnknownNameError("set", kind, (*sets.lows, ALL))
    lows = sets.lows[kind]
    # What is busy is judged in the truth: noise and JPEG's blocks are not detail.
    unit = 1 if kind in KINDS else scale
    busy = {
        name: contrast(low if (truth := sets.truth(kind, name)) is None else truth, SIDE // unit)
        for name, low in lows.items()
        if photo in ("", name)
    }
    if not busy:
        raise UnknownNameError("photo", photo, lows)
    if place:
        try:
            x, y = (int(n) for n in place.split(","))
        except ValueError as error:
            raise UsageError(f"{wanted}: write KIND/PHOTO@X,Y") from error
        height, width = (side * scale for side in lows[photo].shape[:2]) if photo else (0, 0)
        if not (0 <= x < width and 0 <= y < height):
            raise UsageError(f"{wanted}: {x},{y} is not in a picture of {width}x{height}")
        return [Row(kind, photo, x, y)]
    chosen = sorted(busy, key=lambda name: busy[name], reverse=True)[:ROWS]
    return [Row(kind, name, busy[name][1] * unit, busy[name][2] * unit) for name in chosen]


def sheet(rows: list[Row], sets: Sets, results: Results, scale: int) -> Image.Image:
    """The sheet of these rows: input (enlarged by repetition), each model, truth where there is one."""
    with_truth = any(row.kind in KINDS for row in rows)
    columns = ("input", *results, *(("truth",) if with_truth else ()))
    cell = SIDE * ZOOM
    page = Image.new("RGB", (len(columns) * (cell + 2), len(rows) * (cell + _LABEL)), "white")
    draw = ImageDraw.Draw(page)
    for number, (kind, photo, x, y) in enumerate(rows):
        low = sets.lows[kind][photo]
        pictures = {"input": low.repeat(scale, 0).repeat(scale, 1)}
        pictures |= {name: found[kind][photo] for name, found in results.items()}
        truth = sets.truth(kind, photo)
        if truth is not None:
            pictures["truth"] = truth
        for column, name in enumerate(columns):
            left, top = column * (cell + 2), number * (cell + _LABEL)
            draw.text((left + 2, top), f"{name}  {kind}/{photo}"[: cell // 6], fill="black")
            if name in pictures:
                part = Image.fromarray(pictures[name][y : y + SIDE, x : x + SIDE])
                size = (part.width * ZOOM, part.height * ZOOM)
                page.paste(part.resize(size, Image.Resampling.NEAREST), (left, top + _LABEL))
    return page
