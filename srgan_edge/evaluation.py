"""PSNR and SSIM of models over a folder of photos."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.imaging import Bytes, pairs, resample
from srgan_edge.imaging.metrics import CHANNELS, Score, score
from srgan_edge.imaging.pairs import EvaluationPair
from srgan_edge.models import DEFAULT_MODEL
from srgan_edge.runtime.upscaler import Upscaler

BICUBIC = "bicubic"


class Measured(NamedTuple):
    """A model's result on one photo."""

    name: str
    picture: Bytes
    score: Score
    seconds: float


def measure(upscale: Callable[[Bytes], Bytes], pair: EvaluationPair, scale: int, channel: str = "y") -> Measured:
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
    hr: str | Path,
    *,
    lr: str | Path | None = None,
    models: str | Sequence[str] = (DEFAULT_MODEL, BICUBIC),
    threads: int = 0,
    channel: str = "y",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Measure each model, `bicubic` among them, on every photo of `hr`, or of each set in it.

        for row in evaluate("set5/hr", lr="set5/lr_x4", models=["edge-m-x4", "bicubic"]):
            print(row["model"], row["psnr"], row["ssim"])

    The scale is the models' own; `bicubic` alone takes that of the two folders, or 4. All photos are looked at before
    the first is measured.

    Args:
        hr: a folder of photos, or of folders with `hr/` (and `lr_x4/`) in them.
        lr: a folder of their low resolution; None: made by MATLAB's bicubic.
        models: one or several: bundled models by name, .tflite files, "bicubic".
        threads: CPU threads; 0 = as many as this process may use.
        channel: y, on luma as the literature, or rgb.
        progress: told how many results of how many are measured.

    Returns:
        A row for each set and model: `set`, `model`, `psnr` in dB and `ssim`, means over the photos, `channel`,
        `crop`, pixels left out at the border, and `images`, the figures of each photo.

    Raises:
        UsageError: there is no such channel, a folder is missing or empty, a photo has no twin, or the models differ
            in scale.
        SrganEdgeError: a photo cannot be read, does not fit its twin, or is too small.
    """
    if channel not in CHANNELS[:2]:
        raise UnknownNameError("channel", channel, CHANNELS[:2])
    models = [models] if isinstance(models, str) else models
    with ExitStack() as opened:
        upscalers = {
            name: opened.enter_context(Upscaler(name, threads=threads))
            for name in dict.fromkeys(models)
            if name != BICUBIC
        }
        scales = {upscaler.scale for upscaler in upscalers.values()}
        if len(scales) > 1:
            raise UsageError(
                f"models of different scales ({', '.join(f'x{s}' for s in sorted(scales))}) need runs of their own"
            )
        scale = scales.pop() if scales else None
        sets = pairs.sets_of(Path(hr), Path(lr) if lr else None, scale)
        if scale is None:
            first = next(iter(sets.values()))[0]
            scale = 4 if first.low is None else pairs.scale_of(first)
        for sources in sets.values():
            pairs.check(sources, scale)
        total, done = len(models) * sum(map(len, sets.values())), 0
        rows: list[dict[str, Any]] = []
        for name, sources in sets.items():
            results: list[list[dict[str, Any]]] = [[] for _ in models]
            for source in sources:
                pair = pairs.pair_of(source, scale)
                for number, model in enumerate(models):
                    upscale = upscalers.get(model) or partial(resample.upscale, scale=scale)
                    results[number].append(image_row(measure(upscale, pair, scale, channel)))
                    done += 1
                    progress(done, total)
            for model, images in zip(models, results, strict=True):
                shown = model if model == BICUBIC else upscalers[model].model.name
                rows.append({"set": name, "model": shown, **_means(images), "channel": channel, "crop": scale})
                rows[-1]["images"] = images
    return rows


def _means(images: list[dict[str, Any]]) -> dict[str, float]:
    return {key: float(np.mean([image[key] for image in images])) for key in ("psnr", "ssim")}


def image_row(result: Measured) -> dict[str, Any]:
    """The figures of a result, as a row of JSON."""
    score = result.score
    return {"name": result.name, "psnr": score.psnr, "ssim": score.ssim, "seconds": round(result.seconds, 5)}
