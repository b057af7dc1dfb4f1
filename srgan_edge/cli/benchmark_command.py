"""srgan-edge benchmark."""

from __future__ import annotations

import re

import click

from srgan_edge.cli.output import json_option, print_json, print_table, progress_bar, say
from srgan_edge.cli.run_command import delegate_options, parse_pairs
from srgan_edge.errors import UsageError
from srgan_edge.models import DEFAULT_MODEL


@click.command("benchmark")
@click.option("-m", "--model", "models", multiple=True, help="A bundled model or a .tflite file; may be repeated.")
@delegate_options
@click.option("--size", default="320x180", show_default=True, help="Width x height of the input image.")
@click.option("--runs", type=click.IntRange(1), default=50, show_default=True, help="Number of images to measure.")
@json_option
def command(
    models: tuple[str, ...],
    delegate: str,
    threads: int,
    half: bool,
    pairs: tuple[str, ...],
    input_range: tuple[float, float] | None,
    output_range: tuple[float, float] | None,
    size: str,
    runs: int,
    as_json: bool,
) -> None:
    """Measure the speed of models on this machine.

    Times are for whole images, including tiling; `tile ms` is the time of the model alone for one tile. Each
    model runs in a separate process, whose peak memory is reported.

    \b
    Examples:
      srgan-edge benchmark
      srgan-edge benchmark -m edge-m-x4-int8 -m edge-m-x4-fp16 --threads 1
      srgan-edge benchmark --size 1280x720 --delegate gpu --fp16
    """
    from srgan_edge.runtime.benchmark import benchmark

    found = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", size)
    if found is None:
        raise UsageError(f"--size {size}: not of the form 320x180")
    speeds = []
    with progress_bar() as bar:
        task = bar.add_task("measuring", total=len(models or (DEFAULT_MODEL,)))
        for model in models or (DEFAULT_MODEL,):
            say(f"measuring {model}")
            given = (int(found[1]), int(found[2]))
            ranges = (input_range, output_range)
            speeds.append(benchmark(model, delegate, threads, given, runs, half, parse_pairs(pairs), *ranges))
            bar.advance(task)
    if as_json:
        print_json([speed._asdict() for speed in speeds])
        return
    print_table(
        ("model", "on", "compile ms", "first", "median", "p90", "least", "tile ms", "MP/s", "peak MB"),
        (
            (
                s.model,
                s.device,
                *(f"{t:.1f}" for t in (s.compile_ms, s.first_ms, s.median_ms, s.p90_ms, s.min_ms, s.invoke_median_ms)),
                f"{s.megapixels_per_second:.1f}",
                f"{s.peak_rss_mb:.0f}",
            )
            for s in speeds
        ),
    )
