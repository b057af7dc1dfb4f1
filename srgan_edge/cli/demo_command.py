"""srgan-edge demo."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from srgan_edge.cli.output import json_option, print_json, print_table, say
from srgan_edge.cli.train_progress import train_progress


@click.command("demo")
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("demo"), show_default=True, help="Folder.")
@click.option("--steps", type=click.IntRange(1), help="Training steps. Default: those of the recipe sample.")
@json_option
def command(out: Path, steps: int | None, as_json: bool) -> None:
    """Run the whole pipeline: train briefly, convert, upscale, and write a page with the results.

    The photos are scikit-image's sample photos. The demo takes a few minutes on two CPU cores.
    """
    from srgan_edge.api import import_tensorflow

    import_tensorflow()
    from srgan_edge.demo import demo

    with train_progress() as report:
        made = demo(out, steps, say, report)
    if as_json:
        exports = [{**asdict(e), "path": str(e.path)} for e in made.exports]
        print_json({"page": str(made.page), "exports": exports, "results": made.results})
        return
    print_table(
        ("model", *(image["name"] for image in made.results[0]["images"])),
        ((row["model"], *(f"{image['psnr']:.2f} dB" for image in row["images"])) for row in made.results),
    )
    click.echo(f"Look at {made.page.resolve().as_uri()}")
