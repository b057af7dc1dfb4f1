"""The keys of a training's recipe, and what each changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from srgan_edge import recipes
from srgan_edge.training.recipe import Recipe

BASE = (
    "name=base",
    "generator.name=srcnn",
    "data.batch=3",
    "data.crop=12",
    *(f"{phase}.steps=20" for phase in ("pretrain", "finetune", "gan")),
    *(f"{phase}.warmup=2" for phase in ("pretrain", "finetune", "gan")),
    "generator.collapsible=true",
    "pretrain.optimizer=adam",
    "finetune.schedule=drop",
    "gan.schedule=constant",
    "gan.batch=0",
    "gan.crop=0",
    "gan.discriminator=pooled",
    "gan.discriminator_width=2",
    "perceptual.network=efficientnet-lite0",
    "loop.precision=float32",
    "loop.validate_photos=2",
)
EVERY_CROP = ("pretrain crops", "finetune crops", "gan crops")

DATA: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    # Key and value, what it changes, and what must be set for it to matter.
    ("data.source={other}", (*EVERY_CROP, "valid"), ()),
    ("data.low={low}", EVERY_CROP, ("data.valid={other}",)),
    ("data.valid={other}", (*EVERY_CROP, "valid"), ()),  # what was held out joins what is trained on
    ("data.batch=4", EVERY_CROP, ()),
    ("data.crop=16", EVERY_CROP, ()),
    ("data.flip_rotate=false", EVERY_CROP, ()),
    ("data.downscales=[0.5]", EVERY_CROP, ()),
    ("data.min_gradient=12", EVERY_CROP, ()),
    ("data.cache=none", ("kind",), ()),
    ("gan.batch=5", ("gan crops",), ()),
    ("gan.crop=24", ("gan crops",), ()),
    ("degradation.preset=real", (*EVERY_CROP, "valid", "kind"), ()),  # no LR is kept
    ("degradation.clean=1", EVERY_CROP, ("degradation.preset=real", "degradation.ramp=0")),
    ("degradation.ramp=1", EVERY_CROP, ("degradation.preset=real", "degradation.clean=0", "degradation.ramp=0")),
    ("loop.seed=1", EVERY_CROP, ()),
    ("loop.validate_photos=1", ("valid",), ("data.valid={other}",)),
    ("generator.scale=2", (*EVERY_CROP, "valid"), ()),
]

SRGAN = ("generator.name=srgan", "generator.blocks=1")
CHAIN = ("generator.name=chain-s",)
PROJECTED = ("gan.discriminator=projected",)
DISTILLED = ("pretrain.losses.distillation=1", "finetune.losses.distillation=1", "gan.losses.distillation=1")
LOSSES = ("l1", "mse", "log_mse", "ms_ssim", "colour", "lr_consistency", "focal_frequency", "ldl")
OF_FEATURES = ("content", "dists")

LEARNING: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("generator.name=vdsr", ("generator",), ()),
    ("generator.scale=2", ("generator", "discriminator"), ()),
    ("generator.collapsible=false", ("generator",), CHAIN),
    ("generator.blocks=2", ("generator",), SRGAN),
    ("generator.upsampler=resize", ("generator",), SRGAN),
    ("generator.init=before", ("weights",), ()),
    (
        "teacher=taught",
        tuple(f"{phase} teacher" for phase in ("pretrain", "finetune", "gan")),
        ("teacher=x", *DISTILLED),
    ),
    *(
        (f"{phase}.{key}", where, ())
        for phase in ("pretrain", "finetune")
        for key, where in (
            ("steps=30", ("phases", f"{phase} rate")),
            *((f"losses.{name}=0.3", (f"{phase} losses",)) for name in LOSSES),
            *((f"losses.{name}=0.3", (f"{phase} losses", f"{phase} content")) for name in OF_FEATURES),
            ("luma=0.5", (f"{phase} luma",)),
            ("optimizer=muon", (f"{phase} optimizer",)),
            ("learning_rate=0.3", (f"{phase} rate",)),
            ("schedule=constant", (f"{phase} rate",)),
            ("warmup=9", (f"{phase} rate",)),
            ("clip_norm=0.123", (f"{phase} clip",)),
        )
    ),
    *(
        (f"gan.{key}", where, ())
        for key, where in (
            ("steps=30", ("phases",)),
            *((f"losses.{name}=0.3", ("gan losses",)) for name in (*LOSSES, *OF_FEATURES)),
            ("losses.adversarial=0.3", ("gan adversarial",)),
            ("luma=0.5", ("gan luma",)),
            ("learning_rate=0.3", ("gan rate", "discriminator rate")),
            ("discriminator_learning_rate=0.3", ("discriminator rate",)),
            ("schedule=cosine", ("gan rate", "discriminator rate")),
            ("warmup=9", ("gan rate", "discriminator rate")),
            ("clip_norm=0.123", ("gan clip", "discriminator clip")),
            ("beta_1=0.5", ("gan optimizer", "discriminator optimizer")),
            ("label_smoothing=0.1", ("gan smoothing",)),
            ("discriminator=unet", ("discriminator", "gan discriminator")),
            ("discriminator_width=3", ("discriminator",)),
        )
    ),
    *(
        (f"{phase}.losses.distillation=0.3", (f"{phase} losses",), ("teacher=x", *DISTILLED))
        for phase in ("pretrain", "finetune", "gan")
    ),
    ("gan.crop=24", ("discriminator",), ()),
    ("data.crop=24", ("discriminator",), ()),
    ("perceptual.network=vgg19", ("discriminator", "gan content"), PROJECTED),
    ("perceptual.weights=own.pth", ("gan content",), ()),
    ("perceptual.vgg19_layers=real-esrgan", ("discriminator", "gan content"), (*PROJECTED, "perceptual.network=vgg19")),
    ("perceptual.lite0_levels=[1.0, 0.0, 0.0, 1.0]", ("gan content",), ()),
    ("loop.seed=1", ("weights",), ()),
    ("loop.precision=mixed_bfloat16", ("precision",), ()),
    ("loop.ema=0.5", ("average",), ()),
]


def keys(table: type[recipes.Table], prefix: str = "") -> Iterator[str]:
    """Every key below a table, those of its tables by dots."""
    for name, field in table.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, recipes.Table):
            yield from keys(kind, f"{prefix}{name}.")
        else:
            yield prefix + name


def load(folders: dict[str, str], *settings: str) -> Recipe:
    whole = ("data.source={photos}", *BASE, *settings)
    return recipes.load(Recipe, "train", "sample", tuple(s.format(**folders) for s in whole))


def changed_parts(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}
