"""What conversion costs: each format of each run against its float network, on the literature's test sets.

python benchmarks/quantization.py --bench BENCH runs/edge-m-x4:edge runs/srresnet-x4:srgan

BENCH holds a folder for each set with `hr/` and `lr_xS/` in it. A run is named with its recipe of convert/. INT8 is
measured with and without fine-tuning.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import numpy as np
from program import Program
from timing import milliseconds

from srgan_edge import Upscaler, recipes
from srgan_edge.cli.output import json_option, print_json, print_table, say
from srgan_edge.conversion.convert import convert_prepared
from srgan_edge.conversion.prepare import Prepared, prepare
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.evaluation import measure
from srgan_edge.imaging import Bytes
from srgan_edge.imaging.pairs import EvaluationPair, bench_sets
from srgan_edge.runtime import xnnpack
from srgan_edge.runtime.session import Session


class Arm(NamedTuple):
    """A network to be measured."""

    label: str
    path: Path
    """Its export."""
    upscale: Callable[[Bytes], Bytes] | None
    """Float networks are measured by TensorFlow, photo by photo: the same result, sooner."""


def arms(prepared: Prepared, settings: Conversion, folder: Path) -> list[Arm]:
    """Every export of a run."""
    whole = settings.model_copy(update={"max_drop": 99.0})
    plain = whole.model_copy(update={"formats": ["float32", "fp16"]})
    ptq = whole.model_copy(update={"formats": ["int8"], "qat_steps": 0, "clip_ratio": 1.0})
    qat = whole.model_copy(update={"formats": ["int8"]})
    floats, fp16 = convert_prepared(prepared, plain, folder / "float", say)
    (calibrated,) = convert_prepared(prepared, ptq, folder / "ptq", say)
    (tuned,) = convert_prepared(prepared, qat, folder / "qat", say)
    return [
        Arm("float", floats.path, prepared.checker.reference),
        Arm("FP16", fp16.path, None),
        Arm("INT8, calibrated", calibrated.path, None),
        Arm("INT8, fine-tuned", tuned.path, None),
    ]


def psnr_of(arm: Arm, pairs: list[EvaluationPair], scale: int) -> float:
    """Its mean over photos."""
    if arm.upscale is not None:
        return float(np.mean([measure(arm.upscale, pair, scale).score.psnr for pair in pairs]))
    with Upscaler(arm.path, delegate="cpu") as upscaler:
        return float(np.mean([measure(upscaler, pair, scale).score.psnr for pair in pairs]))


def tile_milliseconds(path: Path) -> float:
    """Median time of a tile on one thread."""
    with Session(path, threads=1) as session:
        tile = np.random.default_rng(0).integers(0, 256, (*(session.tile or (128, 128)), 3), np.uint8)
        return milliseconds(partial(session.run, tile), 15, warm_up=2)


@click.command(cls=Program, help=__doc__)
@click.argument("runs", nargs=-1, required=True)
@click.option("--bench", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@json_option
def main(runs: tuple[str, ...], bench: Path, as_json: bool) -> None:
    """Print a table for each run."""
    results = []
    for argument in runs:
        run, _, name = argument.partition(":")
        settings = recipes.load(Conversion, "convert", name or "default")
        prepared = prepare(Path(run), settings, say)
        scale = prepared.trained.scale
        with tempfile.TemporaryDirectory() as scratch:
            found = arms(prepared, settings, Path(scratch))
            psnr: dict[str, dict[str, float]] = {arm.label: {} for arm in found}
            sets = bench_sets(bench, scale)
            for name_of_set, pairs in sets.items():
                for arm in found:
                    psnr[arm.label][name_of_set] = psnr_of(arm, pairs, scale)
                    say(f"{name_of_set}: {arm.label}: {psnr[arm.label][name_of_set]:.3f} dB")
            rows = [
                {
                    "run": run,
                    "recipe": name or "default",
                    "export": arm.label,
                    "psnr": psnr[arm.label],
                    "drop_db": {s: psnr["float"][s] - p for s, p in psnr[arm.label].items()},
                    "size_bytes": arm.path.stat().st_size,
                    "tile_ms": tile_milliseconds(arm.path),
                    "xnnpack_partitions": xnnpack.partitions(arm.path.read_bytes()),
                }
                for arm in found
            ]
        results += rows
        if not as_json:
            say(f"{run}, recipe {name or 'default'}; drop against float")
            print_table(
                (
                    "export",
                    *(f"{name_of_set}, dB" for name_of_set in sets),
                    *("drop" for _ in sets),
                    "KB",
                    "ms a tile, 1 thread",
                    "partitions",
                ),
                (
                    (
                        row["export"],
                        *(f"{p:.3f}" for p in row["psnr"].values()),
                        *(f"{row['drop_db'][s]:+.3f}" for s in sets),
                        f"{row['size_bytes'] / 1000:.0f}",
                        f"{row['tile_ms']:.1f}",
                        row["xnnpack_partitions"],
                    )
                    for row in rows
                ),
            )
    if as_json:
        print_json(results)


if __name__ == "__main__":
    main()
