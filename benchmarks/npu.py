"""Every bundled INT8 model compiled for Qualcomm's NPUs and run on the vendor's emulation, beside the CPU.

python benchmarks/npu.py [--chip SM8650]... [--model NAME]... [--tiles 4]

Needs `pip install 'srgan-edge[npu]'`. Of the middle tiles of scikit-image's photos: how near the emulation's result is
to the CPU's, in dB and levels of 0..255, and what it loses to the truth against the CPU's. No phone is involved.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from device_table import print_rows
from program import Program
from skimage import data

from srgan_edge.cli.output import json_option, say
from srgan_edge.conversion import npu
from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import Bytes, resample
from srgan_edge.imaging.metrics import psnr
from srgan_edge.models import Model, bundled, find_model
from srgan_edge.runtime.session import Session

# Three generations: Snapdragon 888 (2021), 8 Gen 3 (2023), 8 Elite Gen 5 (2025).
CHIPS = ("SM8350", "SM8650", "SM8850")
COLUMNS = ("model", "chip", "on the NPU", "pieces", "KB", "to the CPU dB", "worst", "drop dB", "s a tile")


def truths(side: int, count: int) -> list[Bytes]:
    """The middles of photos, `side` pixels high and wide or what there is, reflected."""
    found = []
    for whole in (data.coffee(), data.chelsea(), data.astronaut(), data.rocket())[:count]:
        height, width = (min(side, length) for length in whole.shape[:2])
        y, x = (whole.shape[0] - height) // 2, (whole.shape[1] - width) // 2
        cut = whole[y : y + height, x : x + width]
        found.append(np.pad(cut, ((0, side - height), (0, side - width), (0, 0)), "reflect"))
    return found


def compare(model: Model, chip: str, count: int) -> dict[str, Any]:
    """A model's figures on a chip; `error` if it is not compiled or not run."""
    row: dict[str, Any] = {"model": model.name, "chip": chip, "error": ""}
    try:
        made = npu.compiled(model.path, chip)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "compiled.tflite"
            path.write_bytes(made.content)
            with npu.HtpSession(path) as emulated, Session(model.path) as cpu:
                scale, apart, drops, worst, seconds = cpu.scale, [], [], 0, 0.0
                assert emulated.tile is not None
                for high in truths(emulated.tile[0] * cpu.scale, count):
                    low = resample.downscale(high, scale)
                    started = time.perf_counter()
                    found = emulated.run(low).astype(np.float64)
                    seconds += time.perf_counter() - started
                    wanted = cpu.run(low).astype(np.float64)
                    apart.append(psnr(found, wanted))
                    drops.append(psnr(wanted, high.astype(np.float64)) - psnr(found, high.astype(np.float64)))
                    worst = max(worst, int(np.abs(found - wanted).max()))
    except SrganEdgeError as error:
        return {**row, "error": str(error)}
    return {
        **row,
        **made.facts,
        "size_bytes": len(made.content),
        "to_cpu_db": float(np.mean(apart)),
        "worst": worst,
        "drop_db": float(np.mean(drops)),
        "tile_s": seconds / count,
    }


@click.command(cls=Program, help=__doc__)
@click.option("--chip", "chips", multiple=True, default=CHIPS, show_default=True)
@click.option("--model", "names", multiple=True, help="A model. Default: the bundled INT8 ones.")
@click.option("--tiles", type=click.IntRange(1, 4), default=4, show_default=True)
@json_option
def main(chips: tuple[str, ...], names: tuple[str, ...], tiles: int, as_json: bool) -> None:
    """Print the table."""
    for chip in chips:
        npu.npu_target(chip, 128)  # says what is missing
    models = [find_model(name) for name in names] or [m for m in bundled() if m.name.endswith("-int8")]
    rows = []
    for model in models:
        for chip in chips:
            say(f"{model.name} for {chip} …")
            rows.append(compare(model, chip, tiles))
    print_rows(rows, as_json, COLUMNS, cells)


def cells(row: dict[str, Any]) -> tuple[object, ...]:
    """Of the table."""
    return (
        row["model"],
        row["chip"],
        f"{row['operators_on_npu']} of {row['operators']}",
        row["pieces"],
        f"{row['size_bytes'] / 1000:.0f}",
        f"{row['to_cpu_db']:.1f}",
        row["worst"],
        f"{row['drop_db']:+.3f}",
        f"{row['tile_s']:.1f}",
    )


if __name__ == "__main__":
    main()
