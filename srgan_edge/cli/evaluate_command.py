"""srgan-edge evaluate."""

from __future__ import annotations

import time
from typing import Any

import click

from srgan_edge.cli.output import json_option, print_json, print_table, progress_bar
from srgan_edge.models import DEFAULT_MODEL


@click.command("evaluate")
@click.option("--hr", required=True, help="Folder of photos, or of test sets.")
@click.option("--lr", help="Folder of their LR counterparts. Default: MATLAB's bicubic.")
@click.option("-m", "--model", "models", multiple=True, help="A model or bicubic; may be repeated.")
@click.option("--threads", type=click.IntRange(0), default=0, help="CPU threads. Default: all available.")
@click.option("--channel", type=click.Choice(("y", "rgb")), default="y", show_default=True, help="Luma or RGB.")
@json_option
def command(hr: str, lr: str | None, models: tuple[str, ...], threads: int, channel: str, as_json: bool) -> None:
    """Measure PSNR and SSIM of models on a test set, by the literature's protocol.

    By default both are measured on luma, without a border as wide as the scale. Greyscale photos are compared as they
    are. Without --lr, the photos are downscaled by MATLAB's bicubic. LR counterparts are found by name: 0801.png,
    0801x4.png, 0801_LR.png and the like belong to 0801.png. In a folder of test sets, each holds hr/ (and lr_x4/).

    \b
    Examples:
      srgan-edge evaluate --hr set5/hr --lr set5/lr_x4 -m edge-m-x4 -m bicubic
      srgan-edge evaluate --hr DIV2K_valid_HR --lr DIV2K_valid_LR_bicubic/X4
      srgan-edge evaluate --hr benchmark/ -m edge-s-x4 -m edge-m-x4
      srgan-edge evaluate --hr photos/ -m my-model.tflite --json
    """
    from srgan_edge.evaluation import evaluate

    names = models or (DEFAULT_MODEL, "bicubic")
    with progress_bar() as bar:
        task = bar.add_task("evaluating", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        started = time.perf_counter()
        results: list[dict[str, Any]] = evaluate(
            hr, lr=lr, models=names, threads=threads, channel=channel, progress=progress
        )
    if as_json:
        print_json(results)
        return
    sets = len({r["set"] for r in results}) > 1
    print_table(
        (*(["set"] if sets else []), "model", "PSNR", "SSIM", "photos", "s/photo"),
        (
            (
                *([r["set"]] if sets else []),
                r["model"],
                f"{r['psnr']:.2f}",
                f"{r['ssim']:.4f}",
                len(r["images"]),
                f"{sum(i['seconds'] for i in r['images']) / len(r['images']):.3f}",
            )
            for r in results
        ),
    )
    click.echo(f"{time.perf_counter() - started:.1f} s", err=True)
