"""The recipe's `[degradation]`: presets and their ranges."""

from __future__ import annotations

from copy import deepcopy
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from srgan_edge.recipes import Table

Share = Annotated[float, Field(ge=0, le=1)]
Relative = Annotated[float, Field(ge=0)]


# TOML has lists and no tuples.
_PAIR = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)


_Above0 = Annotated[float, Field(gt=0)]
Floats = Annotated[tuple[_Above0, _Above0], _PAIR]
_Quality = Annotated[int, Field(ge=1, le=100)]
_Crf = Annotated[int, Field(ge=0, le=51)]
Kernel = Literal["iso", "aniso", "generalised_iso", "generalised_aniso", "plateau_iso", "plateau_aniso"]
Filter = Literal["area", "bilinear", "bicubic"]


class Shares(Table):
    """A table of relative shares, at least one of which is above 0."""

    @model_validator(mode="after")
    def _some_share(self) -> Shares:
        for name, value in self:
            if isinstance(value, dict) and not sum(value.values()):
                raise ValueError(f"{name} needs a share above 0")
        return self


class Fault(Shares):
    """One degradation. Values are drawn uniformly from each range `[low, high]` unless stated otherwise."""

    @model_validator(mode="after")
    def _ranges_ascend(self) -> Fault:
        for name, value in self:
            if isinstance(value, tuple) and len(value) == 2 and value[0] > value[1]:
                raise ValueError(f"{name} = [{value[0]}, {value[1]}] begins above its end")
        return self


class Blur(Fault):
    """A blur of random shape (Wang et al. 2021, "Real-ESRGAN", section 3.1), or an ideal low-pass with its ringing."""

    probability: Share = 0.0
    kernels: dict[Kernel, Relative] = Field(default={"iso": 2 / 3, "aniso": 1 / 3})
    """Relative shares."""
    sigma: Floats = (0.3, 1.5)
    """Standard deviation, in pixels of the image that is blurred."""
    beta_generalised: Floats = (0.5, 4.0)
    """Exponents of generalised Gaussians; 1 is a Gaussian."""
    beta_plateau: Floats = (1.0, 2.0)
    sinc: Share = 0.0
    """Share of the blurs that are a sinc filter instead (section 3.2)."""
    cutoff: Floats = (1.0471975511965976, 3.141592653589793)
    """Cutoff of the sinc filter, in radians per pixel."""


class Resize(Fault):
    """Resizing with an antialiasing filter."""

    probability: Share = 0.0
    up: Relative = 0.0
    """Relative share of enlargements; likewise `down` (reductions) and `keep` (no resizing)."""
    down: Relative = 1.0
    keep: Relative = 0.0
    factor: Floats = (1.0, 1.0)
    """Relative to the HR image's size in `first`, to the LR image's size in `second`. If the range includes 1,
    enlargements are drawn above 1 and reductions below."""
    filters: dict[Filter, Relative] = Field(default={"area": 1.0, "bilinear": 1.0, "bicubic": 1.0})
    """Relative shares."""

    @model_validator(mode="after")
    def _factors_suit_the_ways(self) -> Resize:
        low, high = self.factor
        if self.up and high < 1:
            raise ValueError(f"factor = [{low}, {high}] has no enlargement in it: set up = 0")
        if self.down and low > 1:
            raise ValueError(f"factor = [{low}, {high}] only enlarges: set down = 0")
        if not self.up + self.down + self.keep:
            raise ValueError("up, down and keep need a share above 0")
        return self


class Sharpen(Fault):
    """An unsharp mask, as phones apply it."""

    probability: Share = 0.0
    radius: Floats = (0.5, 1.5)
    """Standard deviation of its blur, in pixels."""
    amount: Floats = (0.3, 1.5)


class Noise(Fault):
    """Gaussian noise, or shot noise, whose variance grows with brightness."""

    probability: Share = 0.0
    sigma: Floats = (1.0, 10.0)
    """Standard deviation in levels of 255; for shot noise, at middle grey."""
    log_uniform: bool = True
    """Draw the logarithm of sigma uniformly, so that low values are more frequent."""
    shot: Share = 0.5
    """Share of the noise that is shot noise."""
    grey: Share = 0.4
    """Share of the noise that is equal in R, G and B."""
    softened: Share = 0.0
    """Share of the noise that is blurred by 0.4 to 0.8 pixels, as after demosaicing and denoising."""


class Jpeg(Fault):
    """JPEG compression by libjpeg."""

    probability: Share = 0.0
    quality: Annotated[tuple[_Quality, _Quality], _PAIR] = (45, 95)
    subsampled: Share = 0.7
    """Share of the files with chroma at half the resolution (4:2:0); the others are 4:4:4."""


class H264(Fault):
    """H.264 compression by libx264, as of a video frame."""

    probability: Share = 0.0
    """Share of the images that are compressed as a video frame; these get no JPEG afterwards."""
    crf: Annotated[tuple[_Crf, _Crf], _PAIR] = (20, 35)


class DegradationStage(Table):
    """A round of degradations, in the order of its keys."""

    probability: Share = 1.0
    """Probability that the round is applied."""
    blur: Blur = Blur()
    resize: Resize = Resize()
    sharpen: Sharpen = Sharpen()
    noise: Noise = Noise()
    jpeg: Jpeg = Jpeg()


class Last(Shares):
    """Downscaling to the LR size, then degradations in the order of the keys."""

    filters: dict[Filter, Relative] = Field(default={"bicubic": 4.0, "area": 1.0, "bilinear": 1.0})
    """Relative shares of the filters that downscale to the LR size."""
    blur: Blur = Blur()
    sharpen: Sharpen = Sharpen()
    noise: Noise = Noise()
    h264: H264 = H264()
    jpeg: Jpeg = Jpeg()
    jpeg_first: Share = 0.0
    """Share of the images whose JPEG precedes the downscaling and the blur (Real-ESRGAN: 0.5)."""


_ESRGAN_KERNELS = {
    "iso": 0.45,
    "aniso": 0.25,
    "generalised_iso": 0.12,
    "generalised_aniso": 0.03,
    "plateau_iso": 0.12,
    "plateau_aniso": 0.03,
}
_MILD: dict[str, Any] = {
    "clean": 0.2,
    "ramp": 0.2,
    "first": {"blur": {"probability": 0.5}},
    "second": {
        "probability": 0.25,
        "resize": {"probability": 1.0, "factor": [1.2, 2.0], "up": 1.0, "down": 0.0},
        "jpeg": {"probability": 0.7, "quality": [70, 95]},
    },
    "last": {
        "sharpen": {"probability": 0.3},
        "noise": {"probability": 0.5, "softened": 1 / 3},
        "jpeg": {"probability": 0.8},
    },
}
# Real-ESRGAN's options/train_realesrgan_x4plus.yml.
_ESRGAN: dict[str, Any] = {
    "first": {
        "blur": {"probability": 1.0, "kernels": _ESRGAN_KERNELS, "sigma": [0.2, 3.0], "sinc": 0.1},
        "resize": {"probability": 1.0, "up": 0.2, "down": 0.7, "keep": 0.1, "factor": [0.15, 1.5]},
        "noise": {"probability": 1.0, "sigma": [1.0, 30.0], "log_uniform": False},
        "jpeg": {"probability": 1.0, "quality": [30, 95], "subsampled": 1.0},
    },
    "second": {
        "blur": {"probability": 0.8, "kernels": _ESRGAN_KERNELS, "sigma": [0.2, 1.5], "sinc": 0.1},
        "resize": {"probability": 1.0, "up": 0.3, "down": 0.4, "keep": 0.3, "factor": [0.3, 1.2]},
        "noise": {"probability": 1.0, "sigma": [1.0, 25.0], "log_uniform": False},
    },
    "last": {
        "filters": {"area": 1.0, "bilinear": 1.0, "bicubic": 1.0},
        "blur": {"probability": 0.8, "sinc": 1.0},
        "jpeg": {"probability": 1.0, "quality": [30, 95], "subsampled": 1.0},
        "jpeg_first": 0.5,
    },
}
PRESETS: dict[str, dict[str, Any]] = {
    "bicubic": {},
    "real": _MILD,
    "real-esrgan": _ESRGAN,
    "video": {**_MILD, "last": {**_MILD["last"], "h264": {"probability": 0.7}}},
}


class Degradation(Table):
    """How the LR image is generated from the HR image. A preset sets all keys; keys given beside it replace its values.

    "bicubic" is MATLAB's bicubic downscaling alone, as in the literature. "real" is one mild round, in which each
    degradation is applied at random. "real-esrgan" is the two rounds of Wang et al. 2021. "video" is "real" with H.264.
    """

    preset: Literal["bicubic", "real", "real-esrgan", "video"] = "bicubic"
    clean: Share = 0.0
    """Share of the crops that are downscaled by MATLAB's bicubic without degradations."""
    ramp: Share = 0.0
    """Share of the first phase's steps during which the share of degraded crops rises from 0."""
    first: DegradationStage = DegradationStage()
    """Applied at the HR image's size."""
    second: DegradationStage = DegradationStage(probability=0.0)
    """Applied at `resize.factor` times the LR size."""
    last: Last = Last()

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, given: Any) -> Any:
        preset = given.get("preset", "bicubic") if isinstance(given, dict) else None
        # What is no string may be a table, which cannot be looked up.
        return _merged(PRESETS[preset], given) if isinstance(preset, str) and preset in PRESETS else given

    @model_validator(mode="after")
    def _bicubic_has_no_faults(self) -> Degradation:
        if self.preset == "bicubic" and self.model_dump(exclude={"preset"}) != _NO_FAULTS:
            raise ValueError('preset "bicubic" has no faults to set: choose another preset')
        return self


def _merged(preset: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    merged = deepcopy(preset)
    for key, value in given.items():
        # Shares of kinds are replaced as a whole: a kind that is not named is not wanted.
        deeper = isinstance(value, dict) and isinstance(merged.get(key), dict) and key not in ("kernels", "filters")
        merged[key] = _merged(merged[key], value) if deeper else value
    return merged


_NO_FAULTS = Degradation.model_construct().model_dump(exclude={"preset"})
