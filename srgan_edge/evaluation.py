"""PSNR and SSIM of models over a folder of photos."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge import images, resample
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.metrics import score
from srgan_edge.runtime.upscaler import Upscaler

BICUBIC = "bicubic"


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
    results = []
    for name in models:
        rows = []
        for index, photo in enumerate(photos):
            truth = images.read(photo)
            small = images.read(twins[index]).rgb if twins else resample.downscale(truth.rgb, scale)
            high = truth.rgb[: small.shape[0] * scale, : small.shape[1] * scale]
            started = time.perf_counter()
            result = resample.upscale(small, scale) if name == BICUBIC else upscalers[name](small)
            seconds = time.perf_counter() - started
            try:
                measured = score(result, high, scale, "grey" if truth.grey and channel == "y" else channel)
            except SrganEdgeError as error:
                raise SrganEdgeError(f"{photo}: {error}") from error
            rows.append(
                {
                    "name": photo.name,
                    "psnr": measured.psnr,
                    "ssim": measured.ssim,
                    "seconds": round(seconds, 5),
                }
            )
            progress(len(results) * len(photos) + index + 1, len(models) * len(photos))
        results.append(
            {
                "model": name if name == BICUBIC else upscalers[name].model.name,
                "psnr": float(np.mean([r["psnr"] for r in rows])),
                "ssim": float(np.mean([r["ssim"] for r in rows])),
                "channel": channel,
                "crop": scale,
                "images": rows,
            }
        )
    return results


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
