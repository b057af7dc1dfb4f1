"""PSNR and SSIM of models over a folder of photos."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import images, resample
from srgan_edge.imaging.metrics import Score, score
from srgan_edge.runtime.upscaler import Upscaler

Bytes = NDArray[np.uint8]

BICUBIC = "bicubic"


class Pair(NamedTuple):
    """A photo and what a model must enlarge to it."""

    name: str
    low: Bytes
    """`(h, w, 3)`"""
    high: Bytes
    """`(s h, s w, 3)`"""
    grey: bool


class Measured(NamedTuple):
    """A model's result on one photo."""

    name: str
    picture: Bytes
    score: Score
    seconds: float


def pair_of(path: Path, scale: int, twin: Path | None = None) -> Pair:
    """Read a photo, and its low-resolution twin or else shrink it."""
    truth = images.read(path)
    low = images.read(twin).rgb if twin is not None else resample.downscale(truth.rgb, scale)
    return Pair(path.name, low, truth.rgb[: low.shape[0] * scale, : low.shape[1] * scale], truth.grey)


def bench_sets(bench: Path, scale: int) -> dict[str, list[Pair]]:
    """The pairs of each folder of `bench` with `hr/` and, unless they are to be made, `lr_xS/` in it."""
    found = {}
    for folder in sorted(path.parent for path in bench.glob("*/hr")):
        twins = folder / f"lr_x{scale}"
        found[folder.name] = [
            pair_of(photo, scale, twins / photo.name if twins.is_dir() else None)
            for photo in images.find(folder / "hr")
        ]
    return found


def measure(upscale: Callable[[Bytes], Bytes], pair: Pair, scale: int, channel: str = "y") -> Measured:
    """Enlarge a pair's low resolution and score the result.

    Raises:
        SrganEdgeError: the result does not have the size of the truth, or is too small to be scored.
    """
    started = time.perf_counter()
    picture = upscale(pair.low)
    seconds = time.perf_counter() - started
    try:
        found = score(picture, pair.high, scale, "grey" if pair.grey and channel == "y" else channel)
    except SrganEdgeError as error:
        raise SrganEdgeError(f"{pair.name}: {error}") from error
    return Measured(pair.name, picture, found, seconds)


def evaluate(
    hr: Path,
    lr: Path | None,
    models: Sequence[str],
    threads: int,
    channel: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Measure each model, `bicubic` among them, on every photo of `hr`.

    The scale is the models' own; `bicubic` alone takes that of the two folders, or 4.

    Raises:
        UsageError: a folder is missing or empty, a photo has no twin, or the models differ in scale.
        SrganEdgeError: a photo cannot be read, or does not fit its twin.
    """
    photos = _photos(hr)
    twins = [_twin(photo, lr) for photo in photos] if lr is not None else []
    upscalers = {name: Upscaler(name, "auto", threads) for name in models if name != BICUBIC}
    scales = {upscaler.scale for upscaler in upscalers.values()}
    if len(scales) > 1:
        raise UsageError(
            f"models of different scales ({', '.join(f'x{s}' for s in sorted(scales))}) need runs of their own"
        )
    scale = scales.pop() if scales else _scale_of(photos, twins)
    rows: list[list[dict[str, Any]]] = [[] for _ in models]
    for index, photo in enumerate(photos):
        pair = pair_of(photo, scale, twins[index] if twins else None)
        for number, name in enumerate(models):
            upscale = upscalers.get(name) or partial(resample.upscale, scale=scale)
            rows[number].append(image_row(measure(upscale, pair, scale, channel)))
            progress(index * len(models) + number + 1, len(models) * len(photos))
    return [
        {
            "model": name if name == BICUBIC else upscalers[name].model.name,
            "psnr": float(np.mean([r["psnr"] for r in results])),
            "ssim": float(np.mean([r["ssim"] for r in results])),
            "channel": channel,
            "crop": scale,
            "images": results,
        }
        for name, results in zip(models, rows, strict=True)
    ]


def image_row(result: Measured) -> dict[str, Any]:
    """The figures of a result, as a row of JSON."""
    score = result.score
    return {"name": result.name, "psnr": score.psnr, "ssim": score.ssim, "seconds": round(result.seconds, 5)}


def _photos(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder of photos")
    found = images.find(folder)
    if not found:
        raise UsageError(f"{folder}: no image in this folder")
    return found


def _twin(photo: Path, folder: Path) -> Path:
    for name in (photo.name, *(p.name for p in folder.glob(f"{photo.stem}.*"))):
        if (folder / name).is_file():
            return folder / name
    raise UsageError(f"{folder}: has no twin of {photo.name}")


def _scale_of(photos: list[Path], twins: list[Path]) -> int:
    if not twins:
        return 4
    return round(images.read(photos[0]).width / images.read(twins[0]).width)
