"""Writes the test vectors that the engine must match byte for byte: tiling by the Python runtime, and YUV to RGB.

python android-demo/vectors.py    # to engine/src/test/resources/vectors.bin.gz
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import IO

import numpy as np

from srgan_edge.imaging import Bytes
from srgan_edge.runtime import tiling

TARGET = Path(__file__).parent / "engine/src/test/resources/vectors.bin.gz"
SIZES = (
    *((1, 1), (1, 2), (2, 1), (1, 40), (40, 1), (3, 50), (5, 5), (7, 11), (12, 12), (13, 12), (12, 13), (16, 16)),
    *((17, 15), (23, 31), (24, 24), (25, 48), (31, 17), (33, 33), (40, 29), (45, 61), (48, 12)),
)
TILES = ((16, 2), (8, 2), (12, 3))


def blur_and_double(tile: Bytes) -> Bytes:
    """A "model" that sees 2 pixels around, its own edges darkened as by zero padding: `(t, t, 3)` -> `(2t, 2t, 3)`."""
    padded = np.pad(tile.astype(np.int32), ((2, 2), (2, 2), (0, 0)))
    total = sum(padded[y : y + tile.shape[0], x : x + tile.shape[1]] for y in range(5) for x in range(5))
    return (np.asarray(total) // 25).astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)


def to_rgb(y: Bytes, u: Bytes, v: Bytes) -> Bytes:
    """`(h, w)` luma and `(h/2, w/2)` chroma -> `(h, w, 3)`: BT.601, full range (JFIF, section 7), in 1/65536."""
    luma = (y.astype(np.int32) << 16) + (1 << 15)
    cb, cr = (np.repeat(np.repeat(c.astype(np.int32) - 128, 2, 0), 2, 1)[: y.shape[0], : y.shape[1]] for c in (u, v))
    planes = (luma + 91881 * cr, luma - 22554 * cb - 46802 * cr, luma + 116130 * cb)
    return np.clip(np.stack([plane >> 16 for plane in planes], axis=-1), 0, 255).astype(np.uint8)


def write(file: IO[bytes] | gzip.GzipFile, *values: int | Bytes) -> None:
    """Integers of 4 bytes, arrays of bytes with their length before them."""
    for value in values:
        if isinstance(value, np.ndarray):
            file.write(struct.pack(">i", value.size) + value.tobytes())
        else:
            file.write(struct.pack(">i", value))


def tiling_vectors(file: IO[bytes] | gzip.GzipFile, random: np.random.Generator) -> None:
    """height, width, tile, overlap, tiles, image, result."""
    write(file, len(SIZES))
    for index, (height, width) in enumerate(SIZES):
        tile, overlap = TILES[index % len(TILES)]
        image = random.integers(0, 256, (height, width, 3), np.uint8)
        plan = tiling.plan(height, width, tile, overlap)
        result = np.concatenate(list(tiling.strips(image, plan, 2, tiling.copying(blur_and_double))))
        write(file, height, width, tile, overlap, plan.tiles, image, result)


def frame_vectors(file: IO[bytes] | gzip.GzipFile, random: np.random.Generator) -> None:
    """Frame height and width, strides of luma and chroma, the cut, rotation, planes, result."""
    cases = [
        (height, width, padding, pixel_stride, rotation)
        for height, width, padding in ((8, 12, 0), (9, 13, 3), (16, 10, 7))
        for pixel_stride in (1, 2)
        for rotation in (0, 90, 180, 270)
    ]
    write(file, len(cases))
    for height, width, padding, pixel_stride, rotation in cases:
        rows, columns = (height + 1) // 2, (width + 1) // 2
        row_stride, chroma_stride = width + padding, columns * pixel_stride + padding
        y = random.integers(0, 256, (height, row_stride), np.uint8)
        u, v = (random.integers(0, 256, (rows, chroma_stride), np.uint8) for _ in range(2))
        chroma = (plane[:, : columns * pixel_stride : pixel_stride] for plane in (u, v))
        whole = to_rgb(y[:, :width], *chroma)
        top, left = height // 4, width // 3
        part = whole[top : height - 1, left : width - 1]
        result = np.rot90(part, -rotation // 90)
        sizes = (height, width, row_stride, chroma_stride, pixel_stride, left, top, part.shape[1], part.shape[0])
        write(file, *sizes, rotation, y, u, v, np.ascontiguousarray(result))


def main() -> None:
    """Write the file."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with TARGET.open("wb") as target, gzip.GzipFile("", "wb", fileobj=target, mtime=0) as file:
        random = np.random.default_rng(0)
        tiling_vectors(file, random)
        frame_vectors(file, random)


if __name__ == "__main__":
    main()
