"""srgan-edge run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from os.path import lexists
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srgan_edge.cli.output import json_option, progress_bar, say
from srgan_edge.cli.tally import Tally
from srgan_edge.errors import ResultExistsError, UsageError
from srgan_edge.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from srgan_edge.runtime.pipeline import Settings
    from srgan_edge.runtime.upscaler import Upscaler


def delegate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What commands that compute have in common."""
    for option in (
        click.option("--threads", type=click.IntRange(0), default=0, help="CPU threads. Default: all available."),
        click.option("--fp16", "half", is_flag=True, help="16-bit arithmetic on a GPU: faster, slightly less exact."),
        click.option("--delegate-option", "pairs", multiple=True, metavar="KEY=VALUE", help="Option of the delegate."),
        click.option(
            "--delegate",
            default="auto",
            show_default=True,
            help="Where to run the model: auto, cpu, gpu, npu, or a TFLite delegate library.",
        ),
        click.option(
            "--output-range",
            nargs=2,
            type=float,
            metavar="LOW HIGH",
            help="The same for its output. Default: that of the input.",
        ),
        click.option(
            "--input-range",
            nargs=2,
            type=float,
            metavar="LOW HIGH",
            help="Values of black and white in the input of a third-party model, such as 0 1.",
        ),
    ):
        command = option(command)
    return command


def parse_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    """KEY=VALUE options as a dictionary.

    Raises:
        UsageError: one has no `=`.
    """
    for pair in pairs:
        if "=" not in pair:
            raise UsageError(f"--delegate-option {pair}: not of the form KEY=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


@click.command("run")
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("-o", "--out", help="Output file for one input, output folder for several.")
@click.option("-m", "--model", default=DEFAULT_MODEL, show_default=True, help="A bundled model or a .tflite file.")
@click.option("--strength", type=float, help="Share of a perceptual model: 0 (fidelity-oriented one only) to 1.")
@delegate_options
@click.option("--scale", "factor", type=float, help="Scale of the results, such as 2 or 3. Default: the model's.")
@click.option("--format", "format_name", help="Format of upscaled photos: png, jpg, ... Default: that of the photo.")
@click.option(
    "--quality", type=click.IntRange(1, 100), default=95, show_default=True, help="Of JPEG, WebP, AVIF and videos."
)
@click.option("--max-megapixels", type=click.IntRange(1), default=537, show_default=True, help="Refuse larger photos.")
@click.option("--recursive", is_flag=True, help="Include subfolders, and keep their structure.")
@click.option("--skip-existing", is_flag=True, help="Skip inputs that already have a result.")
@click.option("--overwrite", is_flag=True, help="Overwrite existing results.")
@click.option("--camera", metavar="N", help="Show a camera's live picture in a window; 0 is the first camera.")
@click.option("--ray", "address", is_flag=False, flag_value="", metavar="[ADDRESS]", help="Use a Ray cluster.")
@click.option("--headless", is_flag=True, help="With --camera: write frames to the folder -o, without a window.")
@json_option
def command(
    inputs: tuple[str, ...],
    out: str | None,
    model: str,
    strength: float | None,
    delegate: str,
    threads: int,
    half: bool,
    pairs: tuple[str, ...],
    input_range: tuple[float, float] | None,
    output_range: tuple[float, float] | None,
    factor: float | None,
    format_name: str | None,
    quality: int,
    max_megapixels: int,
    recursive: bool,
    skip_existing: bool,
    overwrite: bool,
    camera: str | None,
    address: str | None,
    headless: bool,
    as_json: bool,
) -> None:
    """Upscale photos, videos or a camera's picture.

    INPUT is a photo, a video or a folder. The result of photo.jpg is written beside it as photo_x4.jpg, or to the
    path given by -o. Formats that cannot be written become PNG or MKV. If a file fails, it is named, the others are
    processed, and the exit code is 1.

    Video formats are .mp4 .mkv .mov .webm .avi .m4v .wmv .flv .mpg .mpeg .vob .ts .mts .m2ts .3gp .ogv. Results
    are written in the first six; others become .mkv. To continue an interrupted video, run the same command again.

    \b
    Examples:
      srgan-edge run photo.jpg
      srgan-edge run photo.jpg -o large.png --scale 2
      srgan-edge run holiday/ --recursive -o large/ --format webp
      srgan-edge run photo.jpg --delegate gpu
      srgan-edge run photo.jpg -m edge-m-real-gan-x4 --strength 0.5
      srgan-edge run clip.mp4 -o large.mp4
      srgan-edge run --camera 0
      srgan-edge run --ray photos/ -o large/
      srgan-edge run --ray head:6379 s3://bucket/photos -o s3://bucket/large --skip-existing
      srgan-edge run photo.jpg -m runs/edge/exports/edge-int8.tflite
      srgan-edge run photo.jpg -m srgan.tflite --input-range 0 1 --output-range -1 1
    """
    from srgan_edge.imaging.encoding import format_suffix
    from srgan_edge.runtime.batch import is_video
    from srgan_edge.runtime.pipeline import Settings
    from srgan_edge.runtime.upscaler import Upscaler

    if address:
        from srgan_edge.runtime.cluster import is_address

        if not is_address(address):  # --ray FOLDER
            inputs, address = (address, *inputs), ""
    if "" in (*inputs, out, camera) or out == "-":
        raise UsageError("an empty name" if out != "-" else "-o -: results are written to files, not to stdout")
    if bool(inputs) == (camera is not None):
        both = "--camera and photos exclude each other"
        raise UsageError(both if inputs else "name photos, folders or videos, or a --camera")
    if address is None and (url := next((text for text in (*inputs, out or "") if "://" in text), None)):
        raise UsageError(f"{url}: is an address, and files are read; --ray takes addresses of stores, as s3://")
    if headless != (camera is not None and out is not None):
        raise UsageError("--headless goes with --camera and the folder -o")
    if skip_existing and overwrite:
        raise UsageError("--skip-existing and --overwrite exclude each other")
    if camera and (factor or format_name or recursive or skip_existing or as_json):
        raise UsageError("--scale, --format, --recursive, --skip-existing and --json are for files")
    has_videos = any(is_video(Path(name)) for name in inputs)
    if format_name and has_videos:
        raise UsageError("--format is for photos; -o NAME.mkv says what a video becomes")
    suffix = format_suffix(format_name) if format_name else None
    settings = Settings(quality, factor, overwrite, max_megapixels * 1_000_000)
    if address is not None:
        if delegate not in ("auto", "cpu") or half or pairs or camera or has_videos:
            raise UsageError("--ray computes photos on CPUs")
        if input_range or output_range:
            raise UsageError("--ray: models with a range of their own run on one machine, without --ray")
        if strength is not None:
            raise UsageError("--ray: a --strength mixes two models, on one machine, without --ray")
        _on_ray(inputs, out, model, settings, address or None, threads or 1, recursive, suffix, skip_existing, as_json)
        return
    opened = Upscaler(
        model,
        delegate=delegate,
        threads=threads,
        half=half,
        options=parse_pairs(pairs),
        input_range=input_range,
        output_range=output_range,
        strength=strength,
    )
    with opened as upscaler:
        if upscaler.reason:
            say(f"computing on {upscaler.device} ({upscaler.reason})")
        if camera is not None:
            _camera(upscaler, camera, Path(out) if out else None, quality, overwrite)
        else:
            _here(upscaler, inputs, out, settings, recursive, suffix, skip_existing, as_json)


def _here(
    upscaler: Upscaler,
    inputs: tuple[str, ...],
    out: str | None,
    settings: Settings,
    recursive: bool,
    suffix: str | None,
    skip_existing: bool,
    as_json: bool,
) -> None:
    """Photos and videos on this machine."""
    from srgan_edge.files.atomic import sweep
    from srgan_edge.runtime.batch import is_video, jobs
    from srgan_edge.runtime.pipeline import check_factor, upscale_files
    from srgan_edge.runtime.video import upscale_videos
    from srgan_edge.runtime.video.kept import kept_frames

    check_factor(settings.factor, upscaler.scale)
    tally = Tally(skip_existing)
    paths = tuple(map(Path, inputs))
    scale = settings.factor or upscaler.scale
    planned = jobs(paths, Path(out) if out else None, scale, recursive, suffix, tally.left_out)
    for folder in {job.output.parent for job in planned}:
        sweep(folder)
    todo = [job for job in planned if not (skip_existing and lexists(job.output))]
    tally.skipped = len(planned) - len(todo)
    films = [job for job in todo if is_video(job.input)]
    with progress_bar() as bar:
        task = bar.add_task("upscaling", total=len(todo))
        frames = bar.add_task("frames", visible=False)

        def tell(count: int, total: int) -> None:
            if count == bar.tasks[frames].completed + 1:
                bar.update(frames, completed=count, total=total, visible=True)
            else:  # another video, or one that goes on: its speed is measured from here
                bar.reset(frames, completed=count, total=total, visible=True)

        outcomes = chain(
            upscale_files(upscaler, (job for job in todo if not is_video(job.input)), settings),
            upscale_videos(upscaler, films, settings, tell),
        )
        try:
            for outcome in outcomes:
                tally.tell(outcome, (upscaler.name, upscaler.delegate, upscaler.device), as_json)
                bar.advance(task)
        except BaseException:  # interrupted
            for job in films:
                if count := kept_frames(job.output):
                    say(f"{job.output}: {count} frames are kept, and the same command goes on from there")
            raise
    tally.end()


def _on_ray(
    inputs: tuple[str, ...],
    out: str | None,
    model: str,
    settings: Settings,
    address: str | None,
    threads: int,
    recursive: bool,
    suffix: str | None,
    skip_existing: bool,
    as_json: bool,
) -> None:
    from srgan_edge.models import find_model
    from srgan_edge.runtime.cluster import exists, plan, upscale_on_ray
    from srgan_edge.runtime.pipeline import FileOutcome, check_factor
    from srgan_edge.runtime.upscaler import Upscaler

    found, tally = find_model(model), Tally(skip_existing)
    with Upscaler(found, delegate="cpu", threads=1) as upscaler:  # here too, so that a bad model is refused at once
        check_factor(settings.factor, upscaler.scale)
        planned = plan(inputs, out, settings.factor or upscaler.scale, recursive, suffix, tally.left_out)
    there = {job for job in planned if not settings.overwrite and exists(job.output)}
    todo = [job for job in planned if job not in there]
    for job in planned:
        if job in there:
            tally.tell(FileOutcome.failed(job, ResultExistsError(job.output)), ("", "", ""), as_json)
    with progress_bar() as bar:
        task = bar.add_task("upscaling", total=len(todo))
        # A task that is run again may find its own result.
        for outcome in upscale_on_ray(found, todo, replace(settings, overwrite=True), address, threads):
            tally.tell(outcome, (found.name, "cpu", f"Ray, {outcome.facts.get('node', '')}"), as_json)
            bar.advance(task)
    tally.end()


def _camera(upscaler: Upscaler, camera: str, out: Path | None, quality: int, overwrite: bool) -> None:
    from srgan_edge.runtime.camera import record, view

    if out is None:
        say(f"{view(upscaler, camera)} frames shown")
        return
    with progress_bar() as bar:
        task = bar.add_task("frames", total=None)
        count = record(upscaler, camera, out, lambda done: bar.update(task, completed=done), quality, overwrite)
        say(f"{count} frames in {out}")
