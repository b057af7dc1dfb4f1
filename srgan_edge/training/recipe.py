"""The recipe of a training: everything that decides what it yields."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from srgan_edge.recipes import Natural, Positive, Rate, Table


class Generator(Table):
    """What is trained."""

    name: Literal["edge-s", "edge-m", "edge-l", "srgan", "srcnn", "vdsr"] = "edge-m"
    scale: Literal[2, 3, 4] = 4
    collapsible: bool = True
    """Edge only: train each hidden convolution over-parameterised, collapsed for inference."""
    blocks: Positive = 16
    """SRGAN only: residual blocks."""


class Data(Table):
    """Where photos come from and how they are cut."""

    source: str = "sample"
    """A folder of photos, or "sample": those that scikit-image ships."""
    valid: str = ""
    """A folder of photos to validate on; empty: some of the source are held out."""
    batch: Positive = 16
    crop: Annotated[int, Field(ge=8)] = 48
    """Side of the LR crop in pixels; the HR crop is `scale` times it."""
    flips: bool = True
    """Each crop is turned and mirrored at random (8 ways)."""


class Pretrain(Table):
    """The first phase: a pixel loss."""

    steps: Natural = 20_000
    loss: Literal["l1", "mse"] = "l1"
    rate: Rate = 5e-4
    """Adam's learning rate after the warm-up."""
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup: Natural = 500
    """Steps over which the learning rate rises from 0."""
    clip: Annotated[float, Field(ge=0)] = 0.5
    """Largest global norm of the gradient; 0 = unbounded."""


class Gan(Table):
    """The second phase: content and adversarial loss (Ledig et al. 2017, eq. 3)."""

    steps: Natural = 0
    rate: Rate = 1e-4
    schedule: Literal["constant", "cosine"] = "constant"
    content: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the content loss on VGG19's features."""
    adversarial: Annotated[float, Field(ge=0)] = 1e-3
    pixel: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a mean-squared-error term on pixels in [-1, 1]."""


class Perceptual(Table):
    """The network whose features the content loss compares."""

    weights: str = "imagenet"
    """"imagenet" (downloaded by Keras) or a file of VGG19's weights without its top (.h5)."""


class Loop(Table):
    """How the loop runs; nothing here changes what is learnt but seed, ema and precision."""

    seed: Natural = 0
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Decay of the running average of the generator's weights that is validated and exported; 0 = none."""
    log_every: Positive = 100
    validate_every: Positive = 1000
    validate_photos: Positive = 24
    checkpoint_every: Positive = 500
    keep: Positive = 3
    """Checkpoints kept."""


class Recipe(Table):
    """A whole training."""

    name: str = "edge-m"
    note: str = ""
    """What to expect: result, time, machine."""
    licence: str = ""
    """Licences of the training photos, for the model's card."""
    generator: Generator = Generator()
    data: Data = Data()
    pretrain: Pretrain = Pretrain()
    gan: Gan = Gan()
    perceptual: Perceptual = Perceptual()
    loop: Loop = Loop()
