"""What a GAN changed: colours, checkerboards, and distances in features that it was not trained on.

python benchmarks/perception.py --photos PHOTOS --sheet sheet.png PSNR_MODEL GAN_MODEL

Distances are the forms of LPIPS and DISTS in EfficientNet-Lite1's features at 1/2 to 1/16 of the resolution
(srgan_edge/training/perceptual/distances.py); training uses Lite0's. Spectra are the luma's power at the periods of the
upsampling, over the truth's. The sheet has the most textured crop of each of 12 photos: bicubic, PSNR model, GAN model,
truth.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import numpy as np
from contact_sheet import contrast
from PIL import Image
from program import Program

from srgan_edge import Upscaler
from srgan_edge.cli.output import print_table
from srgan_edge.errors import UsageError
from srgan_edge.imaging import Bytes, folders, images, resample
from srgan_edge.imaging.metrics import luma
from srgan_edge.training.perceptual.distances import Levels, dists, lite1_features, lpips

WINDOW = 128
CROP = 160
CROPS = 12


def power(picture: Bytes, period: int) -> float:
    """Mean power of the luma's rows and columns at `period` pixels, in windows of 128."""
    plane = luma(picture)
    found = []
    for lines in (plane, plane.T):
        width = lines.shape[1] // WINDOW * WINDOW
        parts = lines[:, :width].reshape(-1, WINDOW)
        spectrum = np.fft.rfft((parts - parts.mean(axis=1, keepdims=True)) * np.hanning(WINDOW))
        found.append(np.mean(np.abs(spectrum[:, WINDOW // period]) ** 2))
    return float(np.mean(found))


@click.command(cls=Program, help=__doc__)
@click.argument("psnr_model")
@click.argument("gan_model")
@click.option("--photos", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--sheet", type=click.Path(dir_okay=False, path_type=Path), required=True)
def main(psnr_model: str, gan_model: str, photos: Path, sheet: Path) -> None:
    """Print the figures and write the sheet."""
    features = lite1_features()
    names = ("bicubic", "PSNR model", "GAN model")
    distances: dict[str, list[tuple[Levels, Levels]]] = {name: [] for name in names}
    periods: dict[int, dict[str, list[float]]] = {}
    shifts, crops = [], []
    with Upscaler(psnr_model) as first, Upscaler(gan_model) as second:
        scale = first.scale
        if second.scale != scale:
            raise UsageError(f"{psnr_model} enlarges by {scale} and {gan_model} by {second.scale}")
        for path in folders.find(photos):
            truth = images.read(path).rgb
            low = resample.downscale(truth, scale)
            truth = truth[: low.shape[0] * scale, : low.shape[1] * scale]
            results = dict(zip(names, (resample.upscale(low, scale), first(low), second(low)), strict=True))
            truth_maps = features(truth)
            for name, result in results.items():
                maps = features(result)
                distances[name].append((lpips(truth_maps, maps), dists(truth_maps, maps)))
            for period in {2, scale}:
                row = periods.setdefault(period, {name: [] for name in (*names, "truth")})
                for name, picture in (*results.items(), ("truth", truth)):
                    row[name].append(power(picture, period))
            shifts.append(results["GAN model"].mean(axis=(0, 1)) - results["PSNR model"].mean(axis=(0, 1)))
            if min(truth.shape[:2]) >= CROP and len(crops) < CROPS:
                _, x, y = contrast(truth, CROP)
                crops.append(
                    np.concatenate([p[y : y + CROP, x : x + CROP] for p in (*results.values(), truth)], axis=1)
                )
    if not crops:
        raise UsageError(f"{photos}: holds no photo of {CROP}x{CROP} pixels or more")
    Image.fromarray(np.concatenate(crops)).save(sheet)
    # Model, measure, level.
    means = np.array([np.mean(distances[name], axis=0) for name in names])
    print_table(
        ("", *names),
        [
            *(
                (f"{kind}'s distance{where}", *(f"{mean:.4f}" for mean in column))
                for which, kind in enumerate(("LPIPS", "DISTS"))
                for where, column in (
                    ("", means[:, which].mean(axis=-1)),
                    *((f" at 1/{2 ** (level + 1)}", means[:, which, level]) for level in range(means.shape[-1])),
                )
            ),
            *(
                (
                    f"power at {period} pixels, over the truth's",
                    *(f"{np.sum(row[name]) / np.sum(row['truth']):.2f}" for name in names),
                )
                for period, row in sorted(periods.items())
            ),
        ],
    )
    red, green, blue = np.mean(shifts, axis=0)
    print(f"mean R, G, B of the GAN model minus the PSNR model's: {red:+.2f}, {green:+.2f}, {blue:+.2f} levels")
    print(f"worst photo: {np.abs(shifts).max():.2f} levels")


if __name__ == "__main__":
    main()
