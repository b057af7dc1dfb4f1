"""The runtime against its floor: whole calls to bare invokes, and a folder to a plain loop, as ratios.

python benchmarks/runtime.py [--model edge-m-x4] [--photos FOLDER]
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image
from program import Program

from srgan_edge import Upscaler
from srgan_edge.imaging import encoding, folders, images
from srgan_edge.models import DEFAULT_MODEL
from srgan_edge.runtime import tiling
from srgan_edge.runtime.batch import Job
from srgan_edge.runtime.interpreter import interpreter_package
from srgan_edge.runtime.pipeline import Settings, upscale_files
from srgan_edge.runtime.session import Session


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture to compute on; its content does not change the time."""
    small = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def call_ratio(model: str, threads: int, height: int, width: int, rounds: int) -> None:
    """Print the time of an Upscaler's call over that of the bare invokes of its tiles; best of `rounds` each."""
    image = noise(height, width)
    with Upscaler(model, delegate="cpu", threads=threads) as upscaler:
        plan = upscaler.plan(height, width)
        path, (rows, columns) = upscaler.model.path, upscaler.tile
        interpreter = interpreter_package().interpreter(model_path=str(path), num_threads=threads)
        interpreter.allocate_tensors()
        (given,) = interpreter.get_input_details()
        interpreter.set_tensor(given["index"], image[:rows, :columns].astype(given["dtype"])[None])
        whole, bare = [], []
        for _ in range(rounds):  # in turns, so that what else the machine does meets both
            started = time.perf_counter()
            for _ in range(plan.tiles):
                interpreter.invoke()
            bare.append(time.perf_counter() - started)
            started = time.perf_counter()
            upscaler(image)
            whole.append(time.perf_counter() - started)
    print(
        f"{upscaler.model.name}, {width}x{height}, {plan.tiles} tiles, {threads} thread{'s'[: threads > 1]}: "
        f"call {min(whole) * 1000:.0f} ms, bare invokes {min(bare) * 1000:.0f} ms; ratio {min(whole) / min(bare):.3f}"
    )


def folder_ratio(model: str, photos: list[Path], suffix: str, rounds: int) -> None:
    """Print the throughput of `srgan-edge run FOLDER` over that of a loop of decode, invoke and encode."""

    def plain(upscaler: Upscaler, out: Path) -> None:
        session = Session(upscaler.model.path)
        for path in photos:
            picture = np.asarray(Image.open(path).convert("RGB"))
            plan = upscaler.plan(*picture.shape[:2])
            result = np.concatenate(list(tiling.strips(picture, plan, upscaler.scale, session.run)))
            target = out / f"{path.stem}{suffix}"
            if suffix == ".jpg":
                Image.fromarray(result).save(target, quality=95, subsampling=0)
            else:
                Image.fromarray(result).save(target, compress_level=4)

    def ours(upscaler: Upscaler, out: Path) -> None:
        jobs = [Job(path, out / f"{path.stem}{suffix}") for path in photos]
        for outcome in upscale_files(upscaler, jobs, Settings(overwrite=True)):
            if outcome.error:
                raise SystemExit(outcome.error)

    times: dict[str, list[float]] = {"plain": [], "ours": []}
    with Upscaler(model, delegate="cpu") as upscaler, tempfile.TemporaryDirectory() as scratch:
        for _ in range(rounds):
            for name, way in (("plain", plain), ("ours", ours)):
                started = time.perf_counter()
                way(upscaler, Path(scratch))
                times[name].append(time.perf_counter() - started)
    slow, fast = statistics.median(times["plain"]), statistics.median(times["ours"])
    print(
        f"{upscaler.model.name}, {len(photos)} photos to {suffix}: {len(photos) / fast:.2f} photos/s, "
        f"plain loop {len(photos) / slow:.2f}; ratio {slow / fast:.2f}"
    )


@click.command(cls=Program, help=__doc__)
@click.option("--model", "models", multiple=True, default=(DEFAULT_MODEL, f"{DEFAULT_MODEL}-fp16"))
@click.option("--photos", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Default: 50 made ones.")
@click.option("--rounds", default=5, show_default=True)
def main(models: tuple[str, ...], photos: Path | None, rounds: int) -> None:
    """Print the ratios."""
    for model in models:
        for threads in (1, 2):
            call_ratio(model, threads, 720, 1280, rounds)
    with tempfile.TemporaryDirectory() as scratch:
        if photos is None:
            photos = Path(scratch)
            for index in range(50):
                encoding.write(images.Picture(noise(240, 320, index)), photos / f"{index:02}.jpg")
        for suffix in (".png", ".jpg"):
            folder_ratio(models[0], folders.find(photos)[:50], suffix, max(1, rounds // 2))


if __name__ == "__main__":
    main()
