"""srgan-edge run."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srgan_edge.cli.output import json_option, print_json, progress_bar, say
from srgan_edge.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from srgan_edge.runtime.upscaler import Upscaler


@click.command("run")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INPUT...")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File for one input, folder for several.")
@click.option("-m", "--model", default=DEFAULT_MODEL, show_default=True, help="A bundled model, or a .tflite file.")
@click.option("--delegate", default="auto", show_default=True, help="What computes: auto or cpu.")
@click.option("--threads", type=click.IntRange(0), default=0, help="CPU threads. Default: all that may be used.")
@click.option("--recursive", is_flag=True, help="Go into the folders of input folders, and keep their tree.")
@click.option("--skip-existing", is_flag=True, help="Leave alone what has a result already.")
@click.option("--overwrite", is_flag=True, help="Write over results that exist.")
@json_option
def command(
    inputs: tuple[Path, ...],
    out: Path | None,
    model: str,
    delegate: str,
    threads: int,
    recursive: bool,
    skip_existing: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Upscale photos.

    INPUT is an image or a folder of images. A result is written beside its photo as NAME_x4.png (or
    the photo's own format), or where -o says. A photo that fails is named, the others go on, and the
    exit code is 1.

    \b
    Examples:
      srgan-edge run photo.jpg
      srgan-edge run photo.jpg -o large.png
      srgan-edge run holiday/ --recursive -o large/
      srgan-edge run photo.jpg -m runs/edge/exports/edge-int8.tflite
    """
    from srgan_edge.errors import SrganEdgeError, UsageError
    from srgan_edge.runtime.batch import jobs
    from srgan_edge.runtime.upscaler import Upscaler

    if skip_existing and overwrite:
        raise UsageError("--skip-existing and --overwrite exclude each other")
    failed = done = skipped = 0
    with Upscaler(model, delegate, threads) as upscaler, progress_bar() as bar:
        planned = jobs(inputs, out, upscaler.scale, recursive)
        task = bar.add_task("upscaling", total=len(planned))
        for job in planned:
            if job.output.exists() and skip_existing:
                skipped += 1
                bar.advance(task)
                continue
            line: dict[str, Any] = {"input": str(job.input), "output": None, "error": None}
            try:
                if job.output.exists() and not overwrite:
                    raise SrganEdgeError(f"{job.output}: exists; use --overwrite or --skip-existing")
                line |= _upscale(upscaler, job.input, job.output)
                done += 1
            except SrganEdgeError as error:
                failed += 1
                line["error"] = str(error)
                say(f"srgan-edge: {error}")
            if as_json:
                print_json(line)
            elif line["error"] is None:
                notes = f" ({', '.join(line['notes'])})" if line["notes"] else ""
                say(
                    f"{line['output']}: {line['width']}x{line['height']} in {line['seconds']:.2f} s, "
                    f"{line['model']}, {line['device']}{notes}"
                )
            bar.advance(task)
    if len(planned) > 1:
        say(f"{done} upscaled, {skipped} skipped, {failed} failed")
    if failed:
        sys.exit(1)


def _upscale(upscaler: Upscaler, source: Path, target: Path) -> dict[str, Any]:
    from srgan_edge import encoding, images

    started = time.perf_counter()
    picture = images.read(source)
    result = encoding.write(upscaler.upscale(picture), target)
    return {
        "output": str(target),
        "width": result.width,
        "height": result.height,
        "scale": upscaler.scale,
        "model": upscaler.model.name,
        "delegate": upscaler.delegate,
        "device": upscaler.device,
        "seconds": round(time.perf_counter() - started, 4),
        "tiles": upscaler.plan(picture.height, picture.width).tiles,
        "notes": list(result.notes),
    }
