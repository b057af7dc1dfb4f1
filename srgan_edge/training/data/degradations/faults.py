"""The faults, each a function of `(H, W, 3)` bytes, its settings and a random generator, that returns bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srgan_edge.imaging import Bytes
from srgan_edge.training.data.degradations import kernels
from srgan_edge.training.data.degradations.settings import Blur, Filter, Jpeg, Noise, Resize, Sharpen
from srgan_edge.training.data.opencv import opencv

Random = np.random.Generator
T = TypeVar("T")

# Pillow's filters widen as they shrink: all are antialiased.
FILTERS: dict[Filter, Image.Resampling] = {
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def choose(shares: Mapping[T, float], random: Random) -> T:
    """One of the keys, by their relative shares."""
    names, weights = list(shares), np.array(list(shares.values()), np.float64)
    return names[int(np.searchsorted(np.cumsum(weights) / weights.sum(), random.random(), "right"))]


def blur(image: Bytes, settings: Blur, random: Random) -> Bytes:
    """Convolve with a kernel of random kind, shape and direction."""
    if random.random() < settings.sinc:
        return _filtered(image, kernels.sinc(random.uniform(*settings.cutoff)))
    kind = choose(settings.kernels, random)
    along = random.uniform(*settings.sigma)
    if kind == "iso":
        return opencv().GaussianBlur(image, (0, 0), along, borderType=opencv().BORDER_REPLICATE)
    shape, _, direction = kind.rpartition("_")
    across, angle = (random.uniform(*settings.sigma), random.uniform(0, np.pi)) if direction == "aniso" else (along, 0)
    if shape == "generalised":
        kernel = kernels.gaussian((along, across), angle, _exponent(settings.beta_generalised, random))
    elif shape == "plateau":
        kernel = kernels.plateau((along, across), angle, _exponent(settings.beta_plateau, random))
    else:
        kernel = kernels.gaussian((along, across), angle)
    return _filtered(image, kernel)


def factor(settings: Resize, random: Random) -> float:
    """Of a change of size: up, down or none."""
    low, high = settings.factor
    way = choose({"up": settings.up, "down": settings.down, "keep": settings.keep}, random)
    if way == "keep":
        return 1.0
    return random.uniform(max(low, 1.0), high) if way == "up" else random.uniform(low, min(high, 1.0))


def resize(image: Bytes, height: int, width: int, filters: Mapping[Filter, float], random: Random) -> Bytes:
    """To another size, by one of the filters."""
    how = FILTERS[choose(filters, random)]
    return np.asarray(Image.fromarray(image).resize((width, height), how))


def sharpen(image: Bytes, settings: Sharpen, random: Random) -> Bytes:
    """Add to the image what it is above its blur."""
    radius, amount = random.uniform(*settings.radius), random.uniform(*settings.amount)
    sharp = image.astype(np.float32)
    sharp += np.float32(amount) * (
        sharp - opencv().GaussianBlur(sharp, (0, 0), radius, borderType=opencv().BORDER_REPLICATE)
    )
    return _bytes(sharp)


def noise(image: Bytes, settings: Noise, random: Random) -> Bytes:
    """Add Gaussian noise, or Poisson noise of as many photons as give the deviation at middle grey."""
    low, high = settings.sigma
    sigma = (
        float(np.exp(random.uniform(np.log(low), np.log(high)))) if settings.log_uniform else random.uniform(low, high)
    )
    grey = random.random() < settings.grey
    if random.random() < settings.shot:
        # Poisson's variance is its mean: with n photons at level 128 the deviation there is 128 / sqrt(n) levels.
        photons = 128 / sigma**2
        light = image.mean(axis=2, keepdims=True) if grey else image
        grains = (random.poisson(light * photons) / photons - light).astype(np.float32)
    else:
        shape = (*image.shape[:2], 1 if grey else 3)
        grains = random.standard_normal(shape, np.float32) * np.float32(sigma)
    if random.random() < settings.softened:
        grains = _softened(grains, random.uniform(0.4, 0.8))
    return _bytes(image + grains)


def jpeg(image: Bytes, settings: Jpeg, random: Random) -> Bytes:
    """Encode and decode."""
    quality = int(random.integers(settings.quality[0], settings.quality[1] + 1))
    # libjpeg-turbo, as in Pillow, whose way in and out takes five times as long for so small an image.
    cv = opencv()
    sampling = (
        cv.IMWRITE_JPEG_SAMPLING_FACTOR_420
        if random.random() < settings.subsampled
        else cv.IMWRITE_JPEG_SAMPLING_FACTOR_444
    )
    options = [cv.IMWRITE_JPEG_QUALITY, quality, cv.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    _, file = cv.imencode(".jpg", cv.cvtColor(image, cv.COLOR_RGB2BGR), options)
    return cv.cvtColor(cv.imdecode(file, cv.IMREAD_COLOR), cv.COLOR_BGR2RGB)


def _softened(grains: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blurred, and as strong as before."""
    before = float(grains.std())
    soft = opencv().GaussianBlur(grains, (0, 0), sigma).reshape(grains.shape)
    return soft * np.float32(before / max(float(soft.std()), 1e-6))


def _exponent(beta: tuple[float, float], random: Random) -> float:
    """As Real-ESRGAN draws it: below 1 as often as above."""
    low, high = beta
    if low < 1 < high and random.random() < 0.5:
        return random.uniform(low, 1)
    return random.uniform(max(low, 1), high) if high > 1 else random.uniform(low, high)


def _filtered(image: Bytes, kernel: Any) -> Bytes:
    return opencv().filter2D(image, -1, kernel, borderType=opencv().BORDER_REPLICATE)


def _bytes(image: NDArray[np.floating]) -> Bytes:
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)
