"""The bundled models beside what else enlarges photos here, on the literature's test sets: the README's table.

python benchmarks/peers.py --bench BENCH [MODEL.tflite ...] [--dnn-superres FSRCNN_x4.pb ...]

BENCH holds a folder for each set with `hr/` and `lr_xS/` in it. Bicubic is always there; OpenCV's dnn_superres takes
model files named ALGORITHM_xS.pb and needs opencv-contrib-python. Times are of a 320x180 frame on one thread, the
ratio is to the time of the default model.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from srgan_edge import Upscaler
from srgan_edge.cli.output import json_option, print_json, print_table, say
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.evaluation import measure
from srgan_edge.imaging import resample
from srgan_edge.imaging.pairs import Pair, bench_sets
from srgan_edge.models import DEFAULT_MODEL, bundled, find_model
from srgan_edge.runtime.graph import inspect

Bytes = NDArray[np.uint8]

FRAME = (180, 320)
ROUNDS = 5


class Contender(NamedTuple):
    """Something that enlarges."""

    name: str
    upscale: Callable[[Bytes], Bytes]
    parameters: int | None = None
    macs: int | None = None
    """For a result of 1280x720."""
    size_bytes: int | None = None


def our_model(name: str, scale: int) -> Contender | None:
    """A model by name or path; None if it is of another scale."""
    model = find_model(name)
    upscaler = Upscaler(model, "cpu", threads=1)
    if upscaler.scale != scale:
        upscaler.close()
        return None
    graph = inspect(model)
    _, height, width, _ = graph.inputs[0].shape
    macs = graph.macs // (height * width) * (1280 * 720 // scale**2)
    return Contender(model.name, upscaler, graph.parameters, macs, model.path.stat().st_size)


def dnn_superres(path: Path, scale: int) -> Contender:
    """A model file of OpenCV's dnn_superres.

    Raises:
        SrganEdgeError: this OpenCV has no dnn_superres, or does not take the file.
        UsageError: the file's name does not say algorithm and scale.
    """
    module = getattr(cv2, "dnn_superres", None)
    if module is None:
        raise SrganEdgeError(f"{path}: this OpenCV has no dnn_superres; opencv-contrib-python has")
    algorithm, _, factor = path.stem.partition("_x")
    if factor != str(scale):
        raise UsageError(f"{path}: the name must be ALGORITHM_x{scale}.pb")
    engine = module.DnnSuperResImpl_create()
    try:
        engine.readModel(str(path))
        engine.setModel(algorithm.lower(), scale)
    except cv2.error as error:
        raise SrganEdgeError(f"{path}: {str(error).strip()}") from error

    def upscale(low: Bytes) -> Bytes:
        return np.ascontiguousarray(engine.upsample(np.ascontiguousarray(low[..., ::-1]))[..., ::-1])

    return Contender(path.stem, upscale, size_bytes=path.stat().st_size)


def milliseconds(upscale: Callable[[Bytes], Bytes]) -> float:
    """Median time of a frame."""
    frame = np.random.default_rng(0).integers(0, 256, (*FRAME, 3), np.uint8)
    times = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        upscale(frame)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:]) * 1000


def rows_of(contenders: list[Contender], sets: dict[str, list[Pair]], scale: int) -> list[dict[str, Any]]:
    """Each contender's figures."""
    rows: list[dict[str, Any]] = []
    for contender in contenders:
        quality = {}
        for name, pairs in sets.items():
            scores = [measure(contender.upscale, pair, scale).score for pair in pairs]
            quality[name] = {
                "psnr": float(np.mean([s.psnr for s in scores])),
                "ssim": float(np.mean([s.ssim for s in scores])),
            }
        say(f"{contender.name}: " + ", ".join(f"{name} {q['psnr']:.2f} dB" for name, q in quality.items()))
        rows.append(
            {
                "model": contender.name,
                "quality": quality,
                "parameters": contender.parameters,
                "macs": contender.macs,
                "size_bytes": contender.size_bytes,
                "frame_ms": milliseconds(contender.upscale),
            }
        )
    default = next((row for row in rows if row["model"] == find_model(DEFAULT_MODEL).name), rows[0])
    return [{**row, "ratio": row["frame_ms"] / default["frame_ms"]} for row in rows]


@click.command(help=__doc__)
@click.argument("models", nargs=-1, type=click.Path(exists=True, dir_okay=False))
@click.option("--bench", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--dnn-superres", "opencv", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--scale", type=click.Choice(("2", "3", "4")), default="4", show_default=True)
@json_option
def main(models: tuple[str, ...], bench: Path, opencv: tuple[Path, ...], scale: str, as_json: bool) -> None:
    """Print the table."""
    factor = int(scale)
    cv2.setNumThreads(1)
    names = (*(model.name for model in bundled()), *models)
    found = [contender for name in names if (contender := our_model(name, factor))]
    try:
        found += [dnn_superres(path, factor) for path in opencv]
    except SrganEdgeError as error:
        raise click.ClickException(str(error)) from error
    found.append(Contender("bicubic", partial(resample.upscale, scale=factor)))
    sets = bench_sets(bench, factor)
    rows = rows_of(found, sets, factor)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("model", *(f"{name}, dB / SSIM" for name in sets), "parameters", "MACs at 720p", "KB", "ms a frame", "ratio"),
        (
            (
                row["model"],
                *(f"{q['psnr']:.2f} / {q['ssim']:.4f}" for q in row["quality"].values()),
                f"{row['parameters']:,}" if row["parameters"] else "",
                f"{row['macs'] / 1e9:.2f}G" if row["macs"] else "",
                f"{row['size_bytes'] / 1000:.0f}" if row["size_bytes"] else "",
                f"{row['frame_ms']:.1f}",
                f"{row['ratio']:.2f}",
            )
            for row in rows
        ),
    )


if __name__ == "__main__":
    main()
