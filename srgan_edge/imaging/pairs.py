"""Photos and their low-resolution twins, by the conventions of the field's test sets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import Bytes, folders, images, resample
from srgan_edge.imaging.metrics import SSIM_WINDOW
from srgan_edge.imaging.twins import Twins

_LOW, _HIGH = (re.compile(rf"[ _.\-](?:{marks})$", re.IGNORECASE) for marks in ("lr|lq", "hr|hq|gt"))
# Where sets keep their photos and twins, S being the scale.
_HIGH_FOLDERS = ("hr", "gt", "original")
_LOW_FOLDERS = ("lr_xS", "lrxS", "lrbicxS", "lr_bicubic/xS", "lr/xS", "lr")


class EvaluationPair(NamedTuple):
    """A photo and what a model must enlarge to it."""

    name: str
    low: Bytes
    """`(h, w, 3)`"""
    high: Bytes
    """`(s h, s w, 3)`"""
    grey: bool


class PairFiles(NamedTuple):
    """A photo's file and its twin's; None = it is made."""

    high: Path
    low: Path | None


def pair_of(source: PairFiles, scale: int) -> EvaluationPair:
    """Read a photo, and its low-resolution twin or else shrink it.

    Raises:
        SrganEdgeError: a file cannot be read, or the sizes do not fit.
    """
    truth = images.read(source.high)
    given = images.read(source.low).rgb if source.low is not None else None
    _check_fit(source, truth.rgb.shape[:2], None if given is None else given.shape[:2], scale)
    low = given if given is not None else resample.downscale(truth.rgb, scale)
    return EvaluationPair(source.high.name, low, truth.rgb[: low.shape[0] * scale, : low.shape[1] * scale], truth.grey)


def check(sources: Sequence[PairFiles], scale: int) -> None:
    """Refuse pairs that cannot be measured, by their headers.

    Raises:
        SrganEdgeError: a file cannot be read, the sizes do not fit, or nothing of a photo is left to be measured.
    """
    for source in sources:
        low = images.size(source.low) if source.low is not None else None
        _check_fit(source, images.size(source.high), low, scale)


def scale_of(source: PairFiles) -> int:
    """How many times larger than its twin a photo is.

    Raises:
        SrganEdgeError: a file cannot be read, or it is no whole number.
    """
    if source.low is None:
        raise UsageError(f"{source.high}: has no LR counterpart, which gives the scale")
    (height, width), (low_height, low_width) = images.size(source.high), images.size(source.low)
    scale = height // low_height
    if scale < 1 or scale != width // low_width:
        raise SrganEdgeError(
            f"{source.high}: {width}x{height} is no multiple of its LR counterpart {source.low}, "
            f"{low_width}x{low_height}"
        )
    return scale


def _check_fit(source: PairFiles, high: tuple[int, ...], low: tuple[int, ...] | None, scale: int) -> None:
    """A truth may be larger than its twin's multiple by less than the scale: sets that are not cut are so."""
    (height, width), (low_height, low_width) = high, low or (high[0] // scale, high[1] // scale)
    if not all(0 <= of - part * scale < scale for of, part in ((height, low_height), (width, low_width))):
        raise SrganEdgeError(
            f"{source.high}: {width}x{height} is not {scale} times its LR counterpart {source.low}, "
            f"{low_width}x{low_height}"
        )
    if min(low_height, low_width) * scale - 2 * scale < SSIM_WINDOW:
        raise SrganEdgeError(
            f"{source.high}: {width}x{height} is too small: without a border of {scale} pixels less than "
            f"{SSIM_WINDOW}x{SSIM_WINDOW} are left to be measured"
        )


def sources_of(high: Path, low: Path | None, scale: int | None) -> list[PairFiles]:
    """The photos of a folder, each with its twin of another folder, or of the same one by names with HR and LR.

    Raises:
        UsageError: a folder is missing or empty, or a photo has no twin or several.
    """
    photos = _photos(high)
    if low is None:
        return [PairFiles(photo, None) for photo in photos]
    twins = _photos(low)
    if low.resolve() == high.resolve():
        photos, twins = ([p for p in photos if mark.search(p.stem)] for mark in (_HIGH, _LOW))
        if not photos:
            raise UsageError(f"{high}: holds no names with HR and LR, as a folder of both must")
    finder = Twins(low, twins, scale)
    return [PairFiles(photo, finder.of(photo, high)) for photo in photos]


def sets_of(high: Path, low: Path | None, scale: int | None) -> dict[str, list[PairFiles]]:
    """The sets that a folder stands for: its own photos, or those of `hr/` in it, or of `*/hr/`, with their twins.

    Raises:
        UsageError: as `sources_of`.
    """
    if not high.is_dir():
        raise UsageError(f"{high}: no such folder of photos")
    if low is not None or folders.find(high):
        return {high.resolve().name: sources_of(high, low, scale)}
    inner = [high] if _inside(high, _HIGH_FOLDERS) else sorted(path for path in high.iterdir() if path.is_dir())
    # By its own name and not that of what it links to, which another may link to as well; "." alone has none.
    found = {folder.name or folder.resolve().name: folder for folder in inner if _inside(folder, _HIGH_FOLDERS)}
    if not found:
        raise UsageError(f"{high}: no image in this folder")
    lows = [name.replace("S", str(scale or 4)) for name in _LOW_FOLDERS]
    return {
        name: sources_of(_inside(folder, _HIGH_FOLDERS) or folder, _inside(folder, lows), scale)
        for name, folder in found.items()
    }


def bench_sets(bench: Path, scale: int) -> dict[str, list[EvaluationPair]]:
    """The pairs of each set of a folder, all of them read.

    Raises:
        SrganEdgeError: as `sets_of` and `pair_of`.
    """
    return {
        name: [pair_of(source, scale) for source in sources] for name, sources in sets_of(bench, None, scale).items()
    }


def _photos(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder of photos")
    found = folders.find(folder)
    if not found:
        raise UsageError(f"{folder}: no image in this folder")
    return found


def _inside(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of some folders in a folder, small and capital letters being the same."""
    for name in names:
        found: Path | None = folder
        for part in name.split("/"):
            found = next((p for p in sorted(found.iterdir()) if p.is_dir() and p.name.lower() == part), None)
            if found is None:
                break
        if found is not None:
            return found
    return None
