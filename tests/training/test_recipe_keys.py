"""Every key of a training's recipe reaches where it acts, and nothing else; that it acts there rightly, others test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tf_keras as keras
from conftest import digest
from PIL import Image

from srgan_edge import recipes
from srgan_edge.imaging.resample import downscale
from srgan_edge.training import learner as learning
from srgan_edge.training.data.degradations.degrader import Degrader
from srgan_edge.training.data.degradations.settings import Degradation
from srgan_edge.training.data.training_data import training_data
from srgan_edge.training.distribution import Distribution
from srgan_edge.training.generators import ARCHITECTURES
from srgan_edge.training.learner import Learner
from srgan_edge.training.perceptual import efficientnet_lite0, vgg19
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import Trained

pytestmark = pytest.mark.tensorflow

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
LOSSES = ("l1", "mse", "log_mse", "ms_ssim", "colour", "lr_consistency", "focal_frequency", "ldl", "content")

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
            *((f"losses.{name}=0.3", (f"{phase} losses",)) for name in LOSSES if name != "content"),
            ("losses.content=0.3", (f"{phase} losses", f"{phase} content")),
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
            *((f"losses.{name}=0.3", ("gan losses",)) for name in LOSSES),
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

ELSEWHERE = {
    "name": "tests/training/test_loop.py: the run folder's name is the generator's",
    "licence": "tests/training/test_loop.py: the generator's",
    **{f"{phase}.losses.adversarial": "tests/test_recipes.py: refused" for phase in ("pretrain", "finetune")},
    "note": "for readers alone: it stays in the run folder's recipe.toml",
    "finetune.revive": "tests/training/test_loop.py: dead channels are revived before the phase",
    "gan.max_psnr_drop": "below",
    **{f"loop.{key}": "below" for key in ("log_every", "validate_every", "checkpoint_every", "keep")},
}


def keys(table: type[recipes.Table], prefix: str = "") -> Iterator[str]:
    """Every key below a table, those of its tables by dots."""
    for name, field in table.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, recipes.Table):
            yield from keys(kind, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_key_is_tested() -> None:
    tested = {setting.partition("=")[0] for setting, *_ in [*DATA, *LEARNING]} | set(ELSEWHERE)
    assert tested == {key for key in keys(Recipe) if key.count(".") < 2 or not key.startswith("degradation.")}


@pytest.fixture(scope="module")
def folders(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The photos, others, and twins of the photos that are like nothing else."""
    root = tmp_path_factory.mktemp("keys")
    for name in ("other", "low"):
        (root / name).mkdir()
    for path in photos.iterdir():
        image = np.asarray(Image.open(path).convert("RGB"))
        Image.fromarray(255 - image).save(root / "other" / f"{path.stem}.png")
        Image.fromarray(255 - downscale(image, 4)).save(root / "low" / f"{path.stem}.png")
    return {"photos": str(photos), "other": str(root / "other"), "low": str(root / "low")}


class Silent:
    """A journal that nobody reads."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **values: None


def load(folders: dict[str, str], *settings: str) -> Recipe:
    whole = ("data.source={photos}", *BASE, *settings)
    return recipes.load(Recipe, "train", "sample", tuple(s.format(**folders) for s in whole))


def data_of(recipe: Recipe) -> dict[str, Any]:
    """What there is to learn from, part by part."""
    samplers, valid, _ = training_data(recipe, Silent())  # type: ignore[arg-type]
    crops = {
        f"{phase} crops": digest(*(array for step in (0, 1, 5) for array in sampler(step)))
        for phase, sampler in samplers.items()
    }
    pairs = {name: digest(*(array for pair in pairs for array in (pair.lr, pair.hr))) for name, pairs in valid.items()}
    return {**crops, "valid": pairs, "kind": {type(photo).__name__ for photo in samplers["gan"].photos}}


def learner_of(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What learns, part by part."""
    found: dict[str, Any] = {}
    phases = iter(("pretrain", "finetune"))

    def spied(make: Callable[..., Any]) -> Callable[..., Any]:
        def spy(*arguments: Any) -> Any:
            loss = next(argument for argument in arguments if isinstance(argument, learning.GeneratorLoss))
            phase = "gan" if make is gan_step else next(phases)
            found[f"{phase} losses"], found[f"{phase} luma"] = loss.weights, loss.luma
            found[f"{phase} teacher"], found[f"{phase} content"] = loss.teacher, loss._content
            if phase == "gan":
                settings = arguments[4]
                found["gan adversarial"], found["gan smoothing"] = settings.losses.adversarial, settings.label_smoothing
                found["gan discriminator"] = settings.discriminator
            return make(*arguments)

        return spy

    def pretrained(name: str, key: str, *rest: Any) -> Trained:
        model = ARCHITECTURES["srcnn"].build(scale=4)
        model.set_weights([0 * weight + len(name) for weight in model.get_weights()])
        model.named = name
        return Trained(model, name, "srcnn", 4, (0.0, 1.0), 0, 0.0, 0.0, "")

    def critic(name: str, side: int, width: int, channels: tuple[int, ...]) -> Any:
        found["discriminator"] = name, side, width, tuple(channels)
        return keras.Sequential([keras.layers.Dense(1, input_shape=(3,))])

    gan_step = learning.steps.gan_step
    with monkeypatch.context() as patch:
        patch.setattr(learning.steps, "gan_step", spied(gan_step))
        patch.setattr(learning.steps, "generator_step", spied(learning.steps.generator_step))
        patch.setattr(learning, "load_pretrained", pretrained)
        unit = learning.steps.unit_network
        named = lambda network, *rest, **options: getattr(network, "named", None) or unit(network, *rest, **options)  # noqa: E731
        patch.setattr(learning.steps, "unit_network", named)
        patch.setattr(learning, "build_discriminator", critic)
        patch.setattr(vgg19, "VGG19Loss", lambda *given: ("vgg19", given))
        patch.setattr(efficientnet_lite0, "EfficientNetLite0Loss", lambda *given: ("lite0", given))
        learner = Learner(recipe.with_crops(), Distribution())
    found["generator"] = [
        (layer.name, [v.shape.as_list() for v in layer.weights]) for layer in learner.generator.layers
    ]
    found["weights"] = digest(*(w for w in learner.generator.get_weights() if w.any()))
    found["phases"] = [(phase.name, phase.last - phase.first) for phase in learner.phases]
    for name, optimizer in learner.optimizers.items():
        short = name.removesuffix("_optimizer")
        found[f"{short} optimizer"] = type(optimizer).__name__, optimizer.beta_1
        found[f"{short} clip"] = optimizer.global_clipnorm
        found[f"{short} rate"] = [float(optimizer._learning_rate(step)) for step in range(20)]
    found["precision"] = learner.policy, {layer.compute_dtype for layer in learner.generator.layers}
    before = [variable.numpy() for variable in learner.average.variables]
    for variable in learner.generator.variables:
        variable.assign_add(np.ones(variable.shape))
    learner.step.assign(1_000_000)
    learner._update_average()
    moves = [v.numpy() - b for v, b in zip(learner.average.variables, before, strict=True)]
    found["average"] = round(float(np.mean([move.mean() for move in moves])), 4)
    return found


def changed_parts(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


@pytest.fixture(scope="module")
def befores() -> dict[tuple[str, ...], dict[str, Any]]:
    """The parts as they are before the key is set, by what is set beside it: made once."""
    return {}


@pytest.mark.parametrize(("setting", "where", "context"), DATA, ids=[setting for setting, *_ in DATA])
def test_a_key_of_the_data(
    setting: str, where: tuple[str, ...], context: tuple[str, ...], folders: dict[str, str], befores: dict[Any, Any]
) -> None:
    made = ("data", *context)
    befores[made] = befores.get(made) or data_of(load(folders, *context))
    assert changed_parts(befores[made], data_of(load(folders, *context, setting))) == set(where)


@pytest.mark.parametrize(("setting", "where", "context"), LEARNING, ids=[setting for setting, *_ in LEARNING])
def test_a_key_of_what_learns(
    setting: str,
    where: tuple[str, ...],
    context: tuple[str, ...],
    folders: dict[str, str],
    befores: dict[Any, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = ("learner", *context)
    befores[made] = befores.get(made) or learner_of(load(folders, *context), monkeypatch)
    found = changed_parts(befores[made], learner_of(load(folders, *context, setting), monkeypatch))
    # Another architecture has other weights.
    assert found - {"weights"} == set(where) - {"weights"} if "generator" in where else found == set(where)


EVERYTHING: dict[str, Any] = {
    "preset": "real-esrgan",
    **{
        stage: {
            "probability": 0.9,
            "blur": {"probability": 0.9, "kernels": {"generalised_iso": 1.0, "plateau_aniso": 1.0}, "sinc": 0.3},
            "resize": {"probability": 0.9, "up": 1.0, "down": 1.0, "keep": 1.0, "factor": [0.5, 1.5]},
            "sharpen": {"probability": 0.9},
            "noise": {"probability": 0.9, "sigma": [2.0, 9.0], "softened": 0.5, "log_uniform": False},
            "jpeg": {"probability": 0.9, "quality": [50, 90], "subsampled": 0.5},
        }
        for stage in ("first", "second")
    },
    "last": {
        "blur": {"probability": 0.9, "kernels": {"generalised_iso": 1.0, "plateau_aniso": 1.0}, "sinc": 0.3},
        "sharpen": {"probability": 0.9},
        "noise": {"probability": 0.9, "sigma": [2.0, 9.0], "softened": 0.5, "log_uniform": False},
        "h264": {"probability": 0.3},
        "jpeg": {"probability": 0.9, "quality": [50, 90], "subsampled": 0.5},
        "jpeg_first": 0.5,
    },
}
"""Every fault at once."""

OTHERS: dict[str, Any] = {
    "kernels": {"iso": 1.0},
    "filters": {"area": 1.0},
    "quality": [10, 20],
    "crf": [45, 50],
    "log_uniform": True,
    "factor": [0.3, 1.2],
    "sigma": [4.0, 5.0],
    "beta_generalised": [6.0, 7.0],
    "beta_plateau": [6.0, 7.0],
    "cutoff": [0.5, 0.6],
    "radius": [3.0, 4.0],
    "amount": [4.0, 5.0],
    "up": 9.0,
    "down": 9.0,
    "keep": 9.0,
}
"""Another value by the key's last name; a share's is 0."""

FAULTS = [key for key in keys(Degradation) if "." in key]


def lows(settings: dict[str, Any], photo: np.ndarray) -> list[str]:
    made = Degrader(Degradation.model_validate(settings), 4)
    return [digest(made(photo[:64, :64], np.random.default_rng(seed))) for seed in range(12)]


@pytest.fixture(scope="module")
def before(coffee: np.ndarray) -> list[str]:
    return lows(EVERYTHING, coffee)


@pytest.mark.parametrize("key", FAULTS)
def test_a_key_of_a_fault(key: str, before: list[str], coffee: np.ndarray) -> None:
    """It changes some of a dozen degraded images."""
    *tables, last = key.split(".")
    changed: dict[str, Any] = {**EVERYTHING}
    inner = changed
    for name in tables:
        inner[name] = dict(inner.get(name, {}))
        inner = inner[name]
    inner[last] = OTHERS.get(last, 0.0)
    assert lows(changed, coffee) != before


def test_how_often_the_loop_logs_saves_and_validates(folders: dict[str, str], tmp_path: Path) -> None:
    from srgan_edge.training.loop import Trainer

    events: list[dict[str, Any]] = []
    settings = ("finetune.steps=0", "gan.steps=0", "pretrain.steps=12", "data.valid={other}")
    every = ("loop.log_every=3", "loop.validate_every=5", "loop.checkpoint_every=2", "loop.keep=4")
    Trainer(load(folders, *settings, *every), tmp_path / "run", False, events.append).run()
    assert [e["step"] for e in events if e["event"] == "train"] == [3, 6, 9, 12]
    assert [e["step"] for e in events if e["event"] == "validation"] == [5, 10, 12]
    kept = sorted(int(path.stem.removeprefix("step-")) for path in (tmp_path / "run" / "checkpoints").glob("*.index"))
    assert kept == [6, 8, 10, 12]


def test_what_the_gans_best_may_lose_reaches_its_selection(folders: dict[str, str], tmp_path: Path) -> None:
    from srgan_edge.training.loop import Trainer

    gan_alone = ("pretrain.steps=0", "finetune.steps=0", "gan.losses.content=0", "gan.max_psnr_drop=0.7")
    trainer = Trainer(load(folders, *gan_alone), tmp_path / "run", False, lambda event: None)
    assert trainer.selection is not None
    assert trainer.selection._max_psnr_drop == 0.7


def test_name_and_licence_are_the_generators(folders: dict[str, str], tmp_path: Path) -> None:
    from srgan_edge.imaging.metrics import Score
    from srgan_edge.training.run_folder import load_generator, save_generator

    recipe = load(folders, "name=mine", "licence=CC0", "note=for readers")
    model = keras.models.clone_model(ARCHITECTURES["srcnn"].build(scale=4))
    save_generator(model, recipe, tmp_path / "generator", 7, Score(30.0, 0.9))
    trained = load_generator(tmp_path)
    assert (trained.name, trained.licence, trained.step, trained.psnr) == ("mine", "CC0", 7, 30.0)
    recipes.save(recipe, tmp_path / "recipe.toml")
    assert recipes.load(Recipe, "train", str(tmp_path / "recipe.toml")).note == "for readers"
