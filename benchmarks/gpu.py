"""Every bundled model on the GPU beside the CPU: does it compute the same, and is it faster?

python benchmarks/gpu.py [--half] [--size 640x480] [--limit SECONDS] [--model NAME]...

Needs a Vulkan driver; one in software (SwiftShader, lavapipe) proves the code and is slow. Milliseconds are medians of
a tile and of a photo; levels are of 0..255, over that photo.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from device_table import print_rows
from program import Program
from timing import milliseconds

from srgan_edge import Upscaler
from srgan_edge.cli.output import json_option, say
from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import Bytes
from srgan_edge.models import Model, bundled, find_model
from srgan_edge.runtime import captured, probe

ROUNDS = 3
COLUMNS = ("model", "worst", "mean", "opening s", "tile ms GPU", "CPU", "photo ms GPU", "CPU", "CPU / GPU")


def photo(width: int, height: int) -> Bytes:
    """Smooth areas, edges and grain."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    planes = [128 + 90 * np.sin(x / (9 + 7 * c)) * np.cos(y / (13 + 5 * c)) for c in range(3)]
    image = np.stack(planes, axis=-1) + np.random.default_rng(0).normal(0, 3, (height, width, 3))
    image[(x + y) % 61 < 9] += 50
    return np.clip(image, 0, 255).astype(np.uint8)


def compare(model: Model, half: bool, image: Bytes) -> dict[str, Any]:
    """A model's figures; `error` if the GPU does not compute it."""
    started = time.perf_counter()
    try:
        with Upscaler(model, delegate="gpu", half=half) as gpu:
            opening = time.perf_counter() - started
            with Upscaler(model, delegate="cpu") as cpu:
                results, times = [], {}
                for name, upscaler in (("gpu", gpu), ("cpu", cpu)):
                    plan = upscaler.plan(*image.shape[:2])
                    tile = np.ascontiguousarray(np.resize(image, (*plan.tile, 3)))
                    times[f"{name}_tile_ms"] = milliseconds(partial(upscaler.tile_alone, tile), ROUNDS)
                    times[f"{name}_photo_ms"] = milliseconds(partial(upscaler, image), ROUNDS)
                    results.append(upscaler(image).astype(np.int16))
            difference = np.abs(results[0] - results[1])
            figures = {"worst": int(difference.max()), "mean": float(difference.mean()), "opening_s": opening}
            return {"model": model.name, "device": gpu.device, "error": "", **figures, **times}
    except SrganEdgeError as error:
        return {"model": model.name, "device": "", "error": str(error)}


@click.command(cls=Program, help=__doc__)
@click.option("--model", "names", multiple=True, help="A model. Default: the bundled ones.")
@click.option("--half", is_flag=True, help="The GPU computes in 16-bit floating point.")
@click.option("--size", default="640x480", show_default=True, metavar="WIDTHxHEIGHT", help="Of the photo.")
@click.option("--limit", default=probe.TIME_LIMIT, show_default=True, help="Seconds for a driver to compile a model.")
@json_option
def main(names: tuple[str, ...], half: bool, size: str, limit: float, as_json: bool) -> None:
    """Print the table."""
    try:
        width, height = (int(n) for n in size.split("x"))
    except ValueError as error:
        raise click.UsageError(f"--size {size}: say it as 640x480") from error
    probe.TIME_LIMIT = limit
    captured.own_process()  # what drivers print stays out of the table
    rows, image = [], photo(width, height)
    for model in [find_model(name) for name in names] or bundled():
        say(f"{model.name} …")
        rows.append(compare(model, half, image))
    devices = sorted({row["device"] for row in rows} - {""})
    print_rows(rows, as_json, COLUMNS, cells, "\n".join(f"on {device}, beside {cpu()}" for device in devices))


def cells(row: dict[str, Any]) -> tuple[object, ...]:
    """Of the table."""
    return (
        row["model"],
        row["worst"],
        f"{row['mean']:.4f}",
        f"{row['opening_s']:.1f}",
        f"{row['gpu_tile_ms']:.1f}",
        f"{row['cpu_tile_ms']:.1f}",
        f"{row['gpu_photo_ms']:.0f}",
        f"{row['cpu_photo_ms']:.0f}",
        f"{row['cpu_photo_ms'] / row['gpu_photo_ms']:.2f}",
    )


def cpu() -> str:
    """The processor's name, where Linux says it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "this CPU")


if __name__ == "__main__":
    main()
