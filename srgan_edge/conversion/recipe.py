"""The recipe of a conversion."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from srgan_edge.models import LARGEST_TILE
from srgan_edge.recipes import Natural, Positive, Rate, Table, Text

Format = Literal["int8", "fp16", "float32", "dynamic"]


OF_RUNS = (
    "qat_steps",
    "optimizer",
    "learning_rate",
    "truth_weight",
    "clip_ratio",
    "check_every",
    "check_photos",
    "batch",
    "blend",
)
"""Keys of what is done to the networks of run folders alone: fine-tuning, and mixing with another run."""


class Conversion(Table):
    """How a run's generator is exported."""

    note: Text = ""
    """Expected drop in PSNR and time, and the machine."""
    formats: list[Format] = Field(default=["int8", "fp16"], min_length=1)
    """int8; fp16 (16-bit weights); float32; dynamic (8-bit weights, activations quantized at run time)."""
    io: Literal["uint8", "int8", "float32"] = "uint8"
    """Input and output type of INT8 exports: pixels, pixels minus 128, or pixels as floats 0..255."""
    blend: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(default={})
    """Runs of the same architecture whose weights are mixed in, with their shares: `{"runs/gan" = 0.3}`."""
    tile: Annotated[int, Field(ge=0, le=LARGEST_TILE)] = 128
    """Side of the fixed input in pixels; 0 = any size."""
    qat_steps: Natural = 300
    """Steps of quantization-aware fine-tuning; 0 = calibration only."""
    optimizer: Literal["adam", "muon"] = "adam"
    """Optimizer of the fine-tuning; muon suits thousands of steps, see docs/experiments.md."""
    learning_rate: Rate = 2e-5
    """At the start of the fine-tuning; it falls to 0 along half a cosine."""
    truth_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a loss to the ground truth beside that to the float results; it also trains the network further."""
    clip_ratio: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of each ReLU's calibrated range that is kept. Larger values are clipped, so that the others are rounded
    more finely; thousands of steps of fine-tuning make up for the clipping (Choi et al. 2018, "PACT")."""
    check_every: Positive = 100
    """Steps of fine-tuning between two checks, which convert the network and measure it. The best version is kept; the
    calibrated network before the first step is one of them. The best has the highest PSNR to the ground truth, or for a
    GAN to the float network's results."""
    check_photos: Positive = 8
    """Photos measured at each check."""
    batch: Positive = 8
    crop: Annotated[int, Field(ge=8)] = 48
    """Side of the LR crops for fine-tuning and calibration, in pixels."""
    calibration_batches: Positive = 16
    calibration: str = ""
    """A folder of photos to calibrate and fine-tune on; empty: the run's training photos."""
    verify: str = ""
    """A folder of photos to verify the exports on; empty: the run's validation photos."""
    max_drop: Annotated[float, Field(ge=0)] = 0.1
    """Largest drop in mean PSNR from float network to export that passes verification, in dB."""
    min_gain: float = 0.0
    """Least gain in mean PSNR over bicubic interpolation that passes verification, in dB; for exports of a GAN, whose
    PSNR understates their quality, 3 dB less."""
    transpose_conv: bool = False
    """Write DEPTH_TO_SPACE as TRANSPOSE_CONV, for NPU compilers that lack it; the results are the same."""
    onnx: bool = False
    """Also write each export as an ONNX file."""
    npu: list[str] = Field(default=[])
    """Qualcomm chips that each export is also compiled for, such as SM8650."""
    seed: Natural = 0

    renamed: ClassVar[dict[str, str]] = {
        "rate": "learning_rate",
        "kept_range": "clip_ratio",
        "truth": "truth_weight",
    }
