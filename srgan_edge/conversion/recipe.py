"""The recipe of a conversion."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from srgan_edge.recipes import Natural, Positive, Rate, Table

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
    """How a run's generator becomes .tflite files."""

    note: str = ""
    """What to expect: drop, time, machine."""
    formats: list[Format] = Field(default=["int8", "fp16"], min_length=1)
    """int8; fp16 (weights of 16 bits); float32; dynamic (weights of 8 bits, activations quantized while it runs)."""
    io: Literal["uint8", "int8", "float32"] = "uint8"
    """Input and output of INT8 exports: pixels, pixels minus 128, or pixels as numbers 0..255."""
    blend: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(default={})
    """Runs of the same architecture whose weights are mixed in, and their shares: `{"runs/gan" = 0.3}`."""
    tile: Natural = 128
    """Side of the fixed input; 0 = any size."""
    qat_steps: Natural = 300
    """Steps of quantization-aware fine-tuning; 0 = calibrated ranges only."""
    optimizer: Literal["adam", "muon"] = "adam"
    """Of the fine-tuning; muon for thousands of steps, see docs/experiments.md."""
    learning_rate: Rate = 2e-5
    """At the start of the fine-tuning; it falls to 0 by half a cosine."""
    truth_weight: Annotated[float, Field(ge=0)] = 0.0
    """Of a loss to the truth beside that to the float results, which trains the network further as well."""
    clip_ratio: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of each ReLU's calibrated range that is kept: what is above is cut off, the rest rounded the finer, and
    thousands of steps of fine-tuning make up for it (Choi et al. 2018, "PACT")."""
    check_every: Positive = 100
    """Steps of fine-tuning after which the network is converted and measured; the best is kept, calibrated ranges
    without any step among them: by PSNR to the truth, of a GAN's to the float network's results."""
    check_photos: Positive = 8
    batch: Positive = 8
    crop: Annotated[int, Field(ge=8)] = 48
    """Side of the LR crops of fine-tuning and calibration."""
    calibration_batches: Positive = 16
    calibration: str = ""
    """A folder of photos; empty: what the run was trained on."""
    verify: str = ""
    """A folder of photos to verify the exports on; empty: what the run was validated on."""
    max_drop: Annotated[float, Field(ge=0)] = 0.1
    """Largest loss of mean PSNR in dB, float to export, that passes the gate."""
    min_gain: float = 0.0
    """Least mean PSNR over bicubic enlargement, in dB, that passes it; of a GAN's exports, which look better than they
    measure, 3 dB less."""
    transpose_conv: bool = False
    """DEPTH_TO_SPACE written as TRANSPOSE_CONV, for NPU compilers that lack it; the results are the same."""
    onnx: bool = False
    """Each export as an ONNX file too."""
    npu: list[str] = Field(default=[])
    """Qualcomm's chips that each export is compiled for too, as SM8650."""
    seed: Natural = 0

    renamed: ClassVar[dict[str, str]] = {
        "rate": "learning_rate",
        "kept_range": "clip_ratio",
        "truth": "truth_weight",
    }
