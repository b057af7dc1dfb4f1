"""MATLAB-compatible bicubic resampling, the degradation that the literature measures against; Lanczos of strips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srgan_edge.imaging import Bytes
from srgan_edge.imaging.images import MODES, image_of

_ALL = slice(None)


def cubic(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """Keys' cubic kernel with a = -0.5 (Keys 1981, eq. 15), zero outside [-2, 2]."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


@lru_cache(maxsize=256)
def contributions(length: int, out_length: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Source indices and weights of every output sample along one axis, both `(taps, out_length)`.

    As MATLAB's `imresize`: half-pixel centres, the kernel widened by the scale when shrinking
    (antialiasing), weights normalised, indices past the border clamped to it.
    """
    scale = out_length / length
    width = 4 / min(scale, 1)
    centre = (np.arange(out_length) + 0.5) / scale - 0.5
    first = np.floor(centre - width / 2).astype(np.int64)
    taps = first + np.arange(int(np.ceil(width)) + 2)[:, None]
    weights = cubic((centre - taps) * min(scale, 1))
    weights /= weights.sum(axis=0)
    used = np.any(weights != 0, axis=1)
    return np.clip(taps[used], 0, length - 1), weights[used].astype(np.float32)


def _resize_rows(image: Bytes, out_rows: int, part: slice = _ALL) -> Bytes:
    if image.shape[0] == out_rows:
        return image[part]
    indices, weights = contributions(image.shape[0], out_rows)
    indices, weights = indices[:, part], weights[:, part]
    flat = image.reshape(image.shape[0], -1)
    total = np.zeros((indices.shape[1], flat.shape[1]), np.float32)
    share = np.empty_like(total)
    for index, weight in zip(indices, weights, strict=True):
        np.multiply(flat[index], weight[:, None], out=share)
        total += share
    # MATLAB rounds half away from zero; the values are not negative where it matters.
    total += 0.5
    np.clip(np.floor(total, out=total), 0, 255, out=total)
    return total.astype(np.uint8).reshape(-1, *image.shape[1:])


def resize(image: Bytes, height: int, width: int, part: tuple[slice, slice] = (_ALL, _ALL)) -> Bytes:
    """Bicubic resize of `(H, W, C)` bytes to `(height, width, C)`, rounded to bytes between the passes.

    Equal to MATLAB's `imresize(image, [height width], 'bicubic')` up to 1 level where a sum ends
    within float32 rounding of a half. Of the result `part`, rows and columns, is computed alone.
    """
    rows, columns = part
    rows_first = height / image.shape[0] <= width / image.shape[1]
    if rows_first:
        image = _resize_rows(image, height, rows)
    image = _resize_rows(image.transpose(1, 0, 2), width, columns).transpose(1, 0, 2)
    if not rows_first:
        image = _resize_rows(image, height, rows)
    return np.ascontiguousarray(image)


def downscale(image: Bytes, scale: int) -> Bytes:
    """`(H, W, C)` bytes, cut to a multiple of `scale`, shrunk to `(H // scale, W // scale, C)`."""
    height, width = image.shape[0] // scale, image.shape[1] // scale
    return resize(image[: height * scale, : width * scale], height, width)


def upscale(image: Bytes, scale: int) -> Bytes:
    """`(H, W, C)` bytes enlarged to `(H * scale, W * scale, C)`: the baseline of every table."""
    return resize(image, image.shape[0] * scale, image.shape[1] * scale)


def lanczos(strips: Iterable[Bytes], height: int, width: int, out_height: int, out_width: int) -> Iterator[Bytes]:
    """Resize an image that comes as strips `(n, width, C)` to strips of `(out_height, out_width, C)`, by Pillow.

    As much of it is in memory as the kernel of 3 lobes needs. Colours are weighed by their transparency.
    """
    ratio = height / out_height
    reach = 3 * max(ratio, 1) + 1
    top = end = done = 0
    window: Image.Image | None = None
    for strip in strips:
        image, mode = image_of(strip), MODES[strip.shape[2]]
        premultiplied = {"LA": "La", "RGBA": "RGBa"}.get(mode, mode)
        image = image.convert(premultiplied).resize((out_width, image.height), Image.Resampling.LANCZOS)
        end += image.height
        kept = max(0, math.floor(done * ratio - reach))
        if window is not None:
            both = Image.new(premultiplied, (out_width, end - kept))
            both.paste(window.crop((0, kept - top, out_width, window.height)), (0, 0))
            both.paste(image, (0, end - image.height - kept))
            image, top = both, kept
        window = image
        ready = out_height if end == height else max(done, math.floor((end - reach) / ratio))
        if ready > done:
            box = (0, done * ratio - top, out_width, min(ready * ratio - top, window.height))
            result = window.resize((out_width, ready - done), Image.Resampling.LANCZOS, box)
            values = np.asarray(result.convert(mode))
            yield values[..., None] if values.ndim == 2 else values
            done = ready
