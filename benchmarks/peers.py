"""The bundled models beside what else enlarges photos here, on the literature's test sets: the README's table.

python benchmarks/peers.py --bench BENCH [MODEL ...]

BENCH holds a folder for each set with `hr/` and `lr_xS/` in it. The bundled models and bicubic are always there; one
MODEL more is a .tflite, a run folder, ncnn's .param, OpenCV's ALGORITHM_xS.pb, or a model in another runtime, as
edge-m-x4-int8:onnxruntime or :openvino, edge-m-x4-fp16:ncnn. Times are of a 320x180 frame on one thread, the ratio is
to the time of the default model.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from contenders import FRAME, Contender, open_contender
from program import Program
from timing import milliseconds

from srgan_edge.cli.output import json_option, print_json, print_table, say
from srgan_edge.evaluation import measure
from srgan_edge.imaging.pairs import EvaluationPair, bench_sets
from srgan_edge.models import DEFAULT_MODEL, bundled, find_model

ROUNDS = 5


def rows_of(contenders: list[Contender], sets: dict[str, list[EvaluationPair]], scale: int) -> list[dict[str, Any]]:
    """Each contender's figures."""
    rows: list[dict[str, Any]] = []
    frame = np.random.default_rng(0).integers(0, 256, (*FRAME, 3), np.uint8)
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
                "frame_ms": milliseconds(partial(contender.upscale, frame), ROUNDS),
            }
        )
    default = next((row for row in rows if row["model"] == find_model(DEFAULT_MODEL).name), rows[0])
    return [{**row, "ratio": row["frame_ms"] / default["frame_ms"]} for row in rows]


def print_quality(rows: list[dict[str, Any]]) -> None:
    """As a table."""
    sets = rows[0]["quality"]
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


@click.command(cls=Program, help=__doc__)
@click.argument("models", nargs=-1)
@click.option("--bench", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--scale", type=click.Choice(("2", "3", "4")), default="4", show_default=True)
@json_option
def main(models: tuple[str, ...], bench: Path, scale: str, as_json: bool) -> None:
    """Print the table."""
    factor = int(scale)
    ours = [model.name for model in bundled() if model.card and model.card.scale == factor]
    found = [open_contender(what, factor) for what in (*ours, *models, "bicubic")]
    sets = bench_sets(bench, factor)
    rows = rows_of(found, sets, factor)
    if as_json:
        print_json(rows)
    else:
        print_quality(rows)


if __name__ == "__main__":
    main()
