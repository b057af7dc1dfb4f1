"""The whole pipeline on sample photos: train a little, convert, upscale, and one page to look at."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge import images, recipes, resample
from srgan_edge.conversion.convert import Export, convert
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.metrics import Score, score
from srgan_edge.models import bundled, find_model
from srgan_edge.page import Comparison, PageTable, write_page
from srgan_edge.runtime.upscaler import Upscaler
from srgan_edge.training import data
from srgan_edge.training.loop import Trainer
from srgan_edge.training.recipe import Recipe

Bytes = NDArray[np.uint8]


class Demo(NamedTuple):
    """What the demo made."""

    page: Path
    exports: list[Export]
    results: list[dict[str, Any]]
    """A row a model: model, size_bytes, and per photo psnr, ssim, seconds."""


class _Result(NamedTuple):
    picture: Bytes
    score: Score
    seconds: float


def demo(out: Path, steps: int | None, say: Callable[[str], None], report: Callable[[dict[str, Any]], None]) -> Demo:
    """Run the demo into the folder `out`, training for `steps` steps or as the recipe `sample` says."""
    run = _new_folder(out / "run")
    settings = () if steps is None else (f"pretrain.steps={steps}",)
    recipe = recipes.load(Recipe, "train", "sample", settings)
    say(f"1/4 training {recipe.generator.name} for {recipe.pretrain.steps} steps on sample photos, into {run}")
    outcome = Trainer(recipe, run, False, report).run()
    say("2/4 converting it to INT8 and FP16")
    conversion = recipes.load(Conversion, "convert", "default").model_copy(update={"qat_steps": 100})
    exports = convert(run, conversion, run / "exports", say)
    say("3/4 upscaling the photos it was not trained on")
    models = [*bundled(), *(find_model(str(e.path)) for e in exports)]
    files = data.photos("sample", "").valid
    photos, names = [images.read(path) for path in files], [path.stem for path in files]
    pictures: list[dict[str, Bytes]] = []
    rows: list[dict[str, Any]] = []
    for photo in photos:
        low = resample.downscale(photo.rgb, recipe.generator.scale)
        high = photo.rgb[: low.shape[0] * 4, : low.shape[1] * 4]
        pictures.append({"original": high, "bicubic": resample.upscale(low, 4)})
    rows.append(_row("bicubic", None, names, [_timed(lambda p=p: p["bicubic"], p["original"]) for p in pictures]))
    for model in models:
        with Upscaler(model) as upscaler:
            results = []
            for photo, versions in zip(photos, pictures, strict=True):
                low = resample.downscale(photo.rgb, 4)
                upscaler(low)  # the first call pays for warming up
                result = _timed(lambda low=low, u=upscaler: u(low), versions["original"])
                versions[model.name] = result.picture
                results.append(result)
        rows.append(_row(model.name, model.path.stat().st_size, names, results))
    page = out / "index.html"
    say(f"4/4 writing {page}")
    comparisons = [Comparison(name, versions) for name, versions in zip(names, pictures, strict=True)]
    _write(page, comparisons, rows, names, recipe, outcome.step)
    return Demo(page, exports, rows)


def _write(
    page: Path, photos: list[Comparison], rows: list[dict[str, Any]], names: list[str], recipe: Recipe, step: int
) -> None:
    table = PageTable(
        "Figures",
        "PSNR and SSIM against the original, on luma with a border of 4 pixels left out. Time is that of the whole "
        "photo on this machine's CPU.",
        ("model", "file KB", *(f"{name} {what}" for name in names for what in ("PSNR", "SSIM", "ms"))),
        [
            (
                row["model"],
                f"{row['size_bytes'] / 1000:.0f}" if row["size_bytes"] else "-",
                *(
                    text
                    for image in row["images"]
                    for text in (
                        f"{image['psnr']:.2f}",
                        f"{image['ssim']:.4f}",
                        f"{image['seconds'] * 1000:.0f}" if row["size_bytes"] else "-",
                    )
                ),
            )
            for row in rows
        ],
    )
    intro = (
        f"Each photo was shrunk 4 times and enlarged again. The models named {recipe.name} were trained for {step} "
        "steps by the demo itself; those named edge are the bundled ones. Drag the boundary."
    )
    write_page(page, "srgan-edge demo", intro, photos, [table])


def _row(model: str, size: int | None, names: list[str], results: list[_Result]) -> dict[str, Any]:
    return {
        "model": model,
        "size_bytes": size,
        "images": [
            {"name": name, "psnr": r.score.psnr, "ssim": r.score.ssim, "seconds": r.seconds}
            for name, r in zip(names, results, strict=True)
        ],
    }


def _timed(upscale: Callable[[], Bytes], truth: Bytes) -> _Result:
    started = time.perf_counter()
    picture = upscale()
    seconds = time.perf_counter() - started
    return _Result(picture, score(picture, truth, 4), seconds)


def _new_folder(path: Path) -> Path:
    """`path`, or `path-2` and so on where it exists: a demo never mixes with an older one."""
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate
