"""Writes what the engine must give for every bundled model: pictures, and what the Python runtime makes of them.

python android-demo/verify/references.py references.bin any-size.tflite

A number is 4 bytes, big-endian; a name and bytes have their length before them. For each model: name, scale, tile,
overlap, then the pictures: height, width, RGB bytes, the result's RGB bytes. Then, for each model for looks that has a
faithful twin and each strength: the model's name, the strength in percent, one picture. The second file is
edge-s-x4-int8 with its height and width left open, as `srgan-edge convert --tile 0` writes models.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from srgan_edge.imaging import Bytes
from srgan_edge.models import Model, bundled, content, find_model
from srgan_edge.runtime.flatbuffer import packed, unpacked
from srgan_edge.runtime.strength import faithful_of
from srgan_edge.runtime.upscaler import Upscaler

STRENGTHS = (0, 37, 50, 100)


def picture(height: int, width: int, random: np.random.Generator) -> Bytes:
    """Edges, flat parts, ramps and noise: `(height, width, 3)`."""
    blocks = random.integers(0, 256, (height // 9 + 1, width // 9 + 1, 3)).repeat(9, 0).repeat(9, 1)[:height, :width]
    rows, columns = np.mgrid[:height, :width]
    waves = 128 + 100 * np.sin(rows[..., None] / 3 + columns[..., None] / np.array([2, 5, 11]))
    noise = random.normal(0, 6, (height, width, 3))
    mixed = np.where((columns < width // 2)[..., None], blocks, waves) + noise
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def sizes(tile: int, overlap: int, slow: bool) -> list[tuple[int, int]]:
    """Less than a tile's inner part, exactly that, and several tiles that do not fit."""
    inner = tile - 2 * overlap
    if slow:
        return [(inner, inner + 9)]
    return [(23, 17), (inner, inner), (inner + 13, 2 * inner + 31)]


def write(file: BinaryIO, *values: int | str | Bytes) -> None:
    """Numbers, names and bytes as the module says."""
    for value in values:
        if isinstance(value, int):
            file.write(struct.pack(">i", value))
        else:
            data = value.encode() if isinstance(value, str) else value.tobytes()
            file.write(struct.pack(">i", len(data)) + data)


def any_size(content: bytes) -> bytes:
    """The same model with every picture's height and width left open."""
    _, model = unpacked(content)
    (graph,) = model.subgraphs
    pictures = {int(t) for op in graph.operators for t in op.outputs} | {int(t) for t in graph.inputs}
    for tensor in (graph.tensors[index] for index in pictures):
        tensor.shapeSignature = np.array([1, -1, -1, tensor.shape[3]], np.int32)
        tensor.shape = np.array([1, 1, 1, tensor.shape[3]], np.int32)
    return packed(model)


def write_mixed(file: BinaryIO, models: Sequence[Model]) -> None:
    """The pictures of models for looks at each strength."""
    names = {model.name for model in models}
    looks = [model for model in models if faithful_of(model.name) != model.name and faithful_of(model.name) in names]
    write(file, len(looks) * len(STRENGTHS))
    for model in looks:
        for percent in STRENGTHS:
            with Upscaler(model, delegate="cpu", threads=2, strength=percent / 100) as upscaler:
                image = picture(131, 77, np.random.default_rng(percent))
                write(file, model.name, percent, *image.shape[:2], image, upscaler(image))


def main() -> None:
    """Write the files."""
    Path(sys.argv[2]).write_bytes(any_size(content(find_model("edge-s-x4-int8"))))
    models = bundled()
    with Path(sys.argv[1]).open("wb") as file:
        write(file, len(models))
        for model in models:
            with Upscaler(model, delegate="cpu", threads=2) as upscaler:
                slow = model.card is not None and model.card.parameters > 500_000
                tile = upscaler.tile[0]  # of ours, which are square
                pictures = sizes(tile, upscaler.overlap, slow)
                write(file, model.name, upscaler.scale, tile, upscaler.overlap, len(pictures))
                for height, width in pictures:
                    image = picture(height, width, np.random.default_rng(height))
                    write(file, height, width, image, upscaler(image))
        write_mixed(file, models)


if __name__ == "__main__":
    main()
