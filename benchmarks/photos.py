"""Models on photos as people have them: six sets of faults, what each result is worth, and sheets to look at.

python benchmarks/photos.py PHOTOS -o RESULTS MODEL... [--fast] [--bench BENCH] [--sheet all]
    [--sheet noise/PHOTO@64,64]

PHOTOS are clean; of each the middle 384x384 pixels are the truth. MODEL is a bundled name, a .tflite, a run folder of
`srgan-edge train`, ncnn's .param or OpenCV's ALGORITHM_xS.pb; NAME=MODEL names it in the table. Bicubic is always
there. The sets: bicubic (clean), jpeg75, jpeg50 (4:2:0), camera (out of focus, noise, JPEG 80), noise (shot), phone
(sharpened, JPEG 85).

PSNR (dB) and SSIM are of luma, a border of the scale's pixels left out. Better when lower: GMSD; the distances in
EfficientNet-Lite1's features in the forms of LPIPS and DISTS; grain, the deviation in levels where the truth is flat
(less than the truth's own is too smooth); colour, the error of Cb and Cr in levels; NIQE over all blocks of a set,
which takes noise for texture and is never a gate. BENCH adds the literature's test sets, as peers.py has them, with
milliseconds a frame. A model is worse than bicubic where it has less PSNR, more grain or
more colour error. Seconds are of one processor for a frame of 320x180, MACs for a result of 1280x720.

RESULTS gets sets/KIND/hr and sets/KIND/lr_xS, which a recipe may validate on (data.valid), the pictures in enlarged/,
sheets/ and figures.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import click
import numpy as np
from contact_sheet import Results, rows_of, sheet
from contenders import Contender, open_contender, seconds_of_cpu
from degraded_sets import CLEAN, KINDS, REAL, Sets, make_sets, real_set, save
from niqe import Natural, niqe_features
from peers import print_quality
from peers import rows_of as literature_rows
from program import Program

from srgan_edge.cli.output import print_table, say
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.files.atomic import write_text
from srgan_edge.imaging import Bytes, images
from srgan_edge.imaging.metrics import score
from srgan_edge.imaging.pairs import bench_sets
from srgan_edge.imaging.quality import Grain, colour_error, deviation, gmsd, grain

Figures = dict[str, float]

REFERENCE = "bicubic"
FAULTY = tuple(kind for kind in KINDS if kind != CLEAN)
DECIMALS = {"psnr": 2, "ssim": 4, "gmsd": 4, "lpips": 4, "dists": 4, "grain": 2, "colour": 2, "niqe": 2}
# In what a model must not be worse than bicubic; 1: more is better, -1: less is.
GUARDED = {"psnr": 1, "grain": -1, "colour": -1}


class Bench:
    """The sets and what measures results on them."""

    def __init__(self, sets: Sets, scale: int, fast: bool, natural: Natural | None) -> None:
        self.sets, self.scale, self.fast, self.natural = sets, scale, fast, natural
        self.truth_grain = deviation(grain(truth, truth) for truth in sets.truths.values())
        self._features: Any = None
        if not fast:
            from srgan_edge.training.perceptual.distances import Lite1Features

            self._features = Lite1Features()
            self._truth_maps = {name: self._features(truth) for name, truth in sets.truths.items()}

    def measure(self, kind: str, pictures: dict[str, Bytes]) -> Figures:
        """Figures of a set's results by photo: means over the photos; grain over all flat blocks of the set."""
        rows: list[Figures] = []
        grains: list[Grain] = []
        for photo, picture in pictures.items():
            truth = self.sets.truth(kind, photo)
            if truth is None:
                continue
            try:
                rows.append(self._row(photo, picture, truth))
                grains.append(grain(picture, truth))
            except SrganEdgeError as error:
                raise SrganEdgeError(f"{kind}/{photo}: {error}") from error
        figures = {key: float(np.mean([row[key] for row in rows])) for key in (rows[0] if rows else ())}
        if sum(g.blocks for g in grains):
            figures["grain"] = deviation(grains)
        if self.natural is not None:
            features = np.concatenate([niqe_features(picture) for picture in pictures.values()])
            if len(features) > 1:
                figures["niqe"] = self.natural.distance(features)
        return {key: figures[key] for key in DECIMALS if key in figures}

    def _row(self, photo: str, picture: Bytes, truth: Bytes) -> Figures:
        found = score(picture, truth, self.scale)
        row = {"psnr": found.psnr, "ssim": found.ssim, "colour": colour_error(picture, truth)}
        if self._features is not None:
            from srgan_edge.training.perceptual.distances import dists, lpips

            maps, truth_maps = self._features(picture), self._truth_maps[photo]
            row["gmsd"] = gmsd(picture, truth)
            row["lpips"] = float(lpips(truth_maps, maps).mean())
            row["dists"] = float(dists(truth_maps, maps).mean())
        return row


def enlarge(contender: Contender, sets: Sets, folder: Path) -> dict[str, dict[str, Bytes]]:
    """Results by kind and photo, kept in `folder`; those of the same model files and sets are read from there."""
    digest = hashlib.sha256(contender.fingerprint.encode())
    for kind, lows in sets.lows.items():
        for photo, low in lows.items():
            digest.update(f"{kind}/{photo} {low.shape}".encode() + low.tobytes())
    made_from = folder / "made_from.txt"
    if not made_from.is_file() or made_from.read_text(encoding="utf-8") != digest.hexdigest():
        shutil.rmtree(folder, ignore_errors=True)
        write_text(made_from, digest.hexdigest())
    results: dict[str, dict[str, Bytes]] = {}
    for kind, lows in sets.lows.items():
        results[kind] = {}
        for photo, low in lows.items():
            kept = folder / kind / f"{photo}.png"
            if not kept.is_file():
                save(contender.upscale(low), kept)
            results[kind][photo] = images.read(kept).rgb
    return results


def mean_row(by_kind: dict[str, Figures]) -> Figures:
    """Means over the faulty sets, and the grain of the worst of them."""
    first = by_kind[FAULTY[0]]
    means = {key: float(np.mean([by_kind[kind][key] for kind in FAULTY])) for key in first}
    if "grain" in first:
        means["worst grain"] = max(by_kind[kind]["grain"] for kind in FAULTY)
    return means


def worse_than(reference: dict[str, Figures], by_kind: dict[str, Figures]) -> dict[str, list[str]]:
    """By figure the sets in which a model is worse than the reference, as far as two decimals show it."""
    found = {
        key: [kind for kind in KINDS if sign * (by_kind[kind][key] - reference[kind][key]) < -0.005]
        for key, sign in GUARDED.items()
        if key in reference[CLEAN]
    }
    return {key: kinds for key, kinds in found.items() if kinds}


def print_figures(rows: dict[str, dict[str, Any]], truth_grain: float) -> None:
    """The tables: one a set, the means, the cost."""
    for kind in (*KINDS, REAL):
        named = {name: row["sets"][kind] for name, row in rows.items() if row["sets"].get(kind)}
        if named:
            keys = next(iter(named.values()))
            print(f"\n{kind}" + (f" (the truth's grain: {truth_grain:.2f})" if "grain" in keys else ""))
            print_table(("", *keys), [(n, *(f"{f[k]:.{DECIMALS[k]}f}" for k in keys)) for n, f in named.items()])
    keys = next(iter(rows.values()))["mean"]
    print("\nmean of the faulty sets")
    print_table(
        ("", *keys),
        [(name, *(f"{row['mean'][k]:.{DECIMALS.get(k, 2)}f}" for k in keys)) for name, row in rows.items()],
    )
    for name, row in rows.items():
        worse = "; ".join(f"{key} on {', '.join(kinds)}" for key, kinds in row["worse_than_bicubic"].items())
        if name != REFERENCE:
            print(f"{name} is worse than bicubic: {worse or 'nowhere'}")
    print("\ncost")
    print_table(
        ("", "seconds a frame", "parameters", "MACs"),
        [
            (
                name,
                f"{row['seconds']:.3f}",
                f"{row['parameters']:,}" if row["parameters"] else "",
                f"{row['macs'] / 1e9:.2f}G" if row["macs"] else "",
            )
            for name, row in rows.items()
        ],
    )


def open_all(models: tuple[str, ...], scale: int) -> list[Contender]:
    """Bicubic and the models."""
    contenders = [open_contender(spec, scale) for spec in dict.fromkeys((REFERENCE, *models))]
    names = [contender.name for contender in contenders]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two models are called {name}: name one of them, NAME=MODEL")
        if "/" in name or name.startswith("."):
            raise UsageError(f"{name!r} cannot be a folder's name: write NAME=MODEL")
    return contenders


def run(
    photos: Path,
    out: Path,
    models: tuple[str, ...],
    scale: int = 4,
    crop: int = 384,
    fast: bool = False,
    wanted: tuple[str, ...] = (),
    real: Path | None = None,
    niqe: Path | None = None,
    literature: Path | None = None,
) -> bool:
    """Do all; False if a model failed, the others having been measured.

    Raises:
        SrganEdgeError: photos, models or rows that cannot be used, or a sheet that cannot be written.
    """
    natural = Natural.read(niqe) if niqe else None
    contenders = open_all(models, scale)
    literature_sets = bench_sets(literature, scale) if literature else {}
    sets = make_sets(photos, out / "sets", scale, crop)
    if real:
        sets.lows[REAL] = real_set(real)
    shown = list(dict.fromkeys(row for what in wanted for row in rows_of(what, sets, scale)))
    bench = Bench(sets, scale, fast, natural)
    rows: dict[str, dict[str, Any]] = {}
    results: Results = {}
    for contender in contenders:
        try:
            found = enlarge(contender, sets, out / "enlarged" / contender.name)
            by_kind = {kind: bench.measure(kind, pictures) for kind, pictures in found.items()}
            seconds = seconds_of_cpu(contender.upscale)
        except SrganEdgeError as error:
            if contender.name == REFERENCE:
                raise
            say(f"{contender.name}: failed: {error}")
            continue
        results[contender.name] = found
        worse = worse_than(rows[REFERENCE]["sets"], by_kind) if rows else {}
        rows[contender.name] = {
            "sets": by_kind,
            "mean": mean_row(by_kind),
            "worse_than_bicubic": worse,
            "seconds": seconds,
            "parameters": contender.parameters,
            "macs": contender.macs,
        }
        say(f"{contender.name}: mean PSNR {rows[contender.name]['mean']['psnr']:.2f} dB")
    about = {"photos": len(sets.truths), "scale": scale, "crop": crop, "truth_grain": bench.truth_grain}
    table = []
    if literature_sets:
        measured = [contender for contender in contenders if contender.name in rows]
        table = literature_rows(measured, literature_sets, scale)
        for row in table:
            rows[row["model"]] |= {"literature": row["quality"], "frame_ms": row["frame_ms"]}
    write_text(out / "figures.json", json.dumps({**about, "models": rows}, indent=1) + "\n")
    for kind in dict.fromkeys(row.kind for row in shown):
        path = out / "sheets" / f"{kind}.png"
        save(np.asarray(sheet([row for row in shown if row.kind == kind], sets, results, scale)), path)
        say(f"{path}: written")
    print_figures(rows, bench.truth_grain)
    if table:
        print("\nthe literature's sets")
        print_quality(table)
    return len(rows) == len(contenders)


@click.command(cls=Program, help=__doc__)
@click.argument("photos", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("models", nargs=-1)
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--fast", is_flag=True, help="PSNR, SSIM, grain and colour only: no network of features.")
@click.option("--sheet", "wanted", multiple=True, metavar="ROW", help="all, KIND, KIND/PHOTO or KIND/PHOTO@X,Y.")
@click.option(
    "--bench",
    "literature",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The literature's sets.",
)
@click.option("--real", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Pictures without truth.")
@click.option("--niqe", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="niqe_pris_params.npz")
@click.option("--scale", type=click.IntRange(2, 4), default=4, show_default=True)
@click.option(
    "--crop", type=click.IntRange(0), default=384, show_default=True, help="Side of the truth; 0 = all of it."
)
def main(photos: Path, models: tuple[str, ...], out: Path, **options: Any) -> None:
    """Print the tables."""
    sys.exit(0 if run(photos, out, models, **options) else 1)


if __name__ == "__main__":
    main()
