"""The whole pipeline on sample photos: train a little, convert, upscale, and one page to look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from srgan_edge import recipes
from srgan_edge.conversion.convert import Export, convert
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.evaluation import BICUBIC, image_row, measure
from srgan_edge.imaging import Bytes, resample
from srgan_edge.imaging.pairs import PairFiles, pair_of
from srgan_edge.models import bundled, find_model
from srgan_edge.page import Comparison, PageTable, write_page
from srgan_edge.runtime.upscaler import Upscaler
from srgan_edge.training.data.lookup import HELD_OUT_SAMPLES, sample_photos
from srgan_edge.training.loop import Trainer
from srgan_edge.training.recipe import Recipe


class Demo(NamedTuple):
    """What the demo made."""

    page: Path
    exports: list[Export]
    results: list[dict[str, Any]]
    """A row a model: model, size_bytes, and per photo psnr, ssim, seconds."""


def demo(out: Path, steps: int | None, say: Callable[[str], None], report: Callable[[dict[str, Any]], None]) -> Demo:
    """Run the demo into the folder `out`, training for `steps` steps or as the recipe `sample` says."""
    run = _new_folder(out / "run")
    settings = ("gan.steps=0", *(() if steps is None else (f"pretrain.steps={steps}",)))
    recipe = recipes.load(Recipe, "train", "sample", settings)
    say(f"1/4 training {recipe.generator.name} for {recipe.pretrain.steps} steps on sample photos, into {run}")
    outcome = Trainer(recipe, run, False, report).run()
    say("2/4 converting it to INT8 and FP16")
    # A few steps may leave it below bicubic enlargement, which the page shows.
    changes = {"qat_steps": 100, "min_gain": -10.0}
    conversion = recipes.load(Conversion, "convert", "default").model_copy(update=changes)
    exports = convert(run, conversion, run / "exports", say)
    say("3/4 upscaling the photos it was not trained on")
    scale = int(recipe.generator.scale)
    pairs = [pair_of(PairFiles(path, None), scale) for path in sample_photos()[-HELD_OUT_SAMPLES:]]
    pictures = [{"original": pair.high} for pair in pairs]
    rows: list[dict[str, Any]] = []

    def compare(name: str, size: int | None, upscale: Callable[[Bytes], Bytes]) -> None:
        upscale(pairs[0].low)  # the first call pays for warming up
        results = [measure(upscale, pair, scale) for pair in pairs]
        for versions, result in zip(pictures, results, strict=True):
            versions[name] = result.picture
        rows.append({"model": name, "size_bytes": size, "images": [image_row(result) for result in results]})

    compare(BICUBIC, None, partial(resample.upscale, scale=scale))
    same_scale = (m for m in bundled() if m.card is not None and m.card.scale == scale)
    for model in (*same_scale, *(find_model(str(e.path)) for e in exports)):
        with Upscaler(model) as upscaler:
            compare(model.name, model.path.stat().st_size, upscaler)
    page = out / "index.html"
    say(f"4/4 writing {page}")
    comparisons = [Comparison(Path(p.name).stem, versions) for p, versions in zip(pairs, pictures, strict=True)]
    _write(page, comparisons, rows, recipe, outcome.step)
    return Demo(page, exports, rows)


def _write(page: Path, photos: list[Comparison], rows: list[dict[str, Any]], recipe: Recipe, step: int) -> None:
    table = PageTable(
        "Figures",
        "PSNR and SSIM against the original, on luma with a border of as many pixels as the scale left out. Time is "
        "that of the whole photo on this machine's CPU.",
        ("model", "file KB", *(f"{photo.name} {what}" for photo in photos for what in ("PSNR", "SSIM", "ms"))),
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
                        f"{image['seconds'] * 1000:.0f}",
                    )
                ),
            )
            for row in rows
        ],
    )
    intro = (
        f"Each photo was shrunk {recipe.generator.scale} times and enlarged again. The models named {recipe.name} were "
        f"trained for {step} steps by the demo itself; those named edge are the bundled ones. Drag the boundary."
    )
    write_page(page, "srgan-edge demo", intro, photos, [table])


def _new_folder(path: Path) -> Path:
    """`path`, or `path-2` and so on where it exists: a demo never mixes with an older one."""
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate
