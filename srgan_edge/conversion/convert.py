"""A run folder becomes verified .tflite files and their cards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from srgan_edge import recipes
from srgan_edge.conversion import export, fold, quantize, rounding, verify
from srgan_edge.conversion.blend import blended
from srgan_edge.conversion.fine_tune import Selection, fine_tune
from srgan_edge.conversion.foreign import export_foreign, load_foreign
from srgan_edge.conversion.layer_noise import LayerNoise, layer_noise, without_rounding
from srgan_edge.conversion.publish import Export, Subject, publish, publish_for
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.conversion.remake import convert_command, name_of_run, train_command
from srgan_edge.conversion.report import Verified, write_report
from srgan_edge.conversion.targets import targets_of
from srgan_edge.errors import UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.runtime.ranges import Ranges
from srgan_edge.runtime.tiling import reflected
from srgan_edge.training.data import loading, lookup, sources
from srgan_edge.training.data.crops import CropSampler, batches
from srgan_edge.training.data.degradations.degrader import Degrader
from srgan_edge.training.data.training_data import DEGRADED, validation_sets
from srgan_edge.training.generators.receptive_field import overlap
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import Trained, load_generator
from srgan_edge.training.steps import RateSchedule, make_optimizer
from srgan_edge.training.validation import Inference

Report = Callable[[str], None]

REPORT = "report.html"


class Samplers(NamedTuple):
    """Where crops come from."""

    calibration: CropSampler
    """Any crops."""
    fine_tuning: CropSampler
    """Those that training would draw."""


@dataclass(frozen=True)
class Prepared:
    """A run's generator, ready for export, and what it is calibrated, fine-tuned and verified on."""

    trained: Trained
    recipe: Recipe
    network: Any
    """The same function without batch normalisation, in [0, 1]."""
    photos: sources.Source
    checker: verify.Checker
    run: str
    """What it was read from, as cards name it: NAME or NAME/best."""

    def samplers(self, settings: Conversion, report: Report) -> Samplers:
        """Crops of its photos, the same for each call."""
        degrader, cache = Degrader(self.recipe.degradation, self.trained.scale), self.recipe.data.cache
        found = loading.load(
            self.photos, self.trained.scale, settings.crop, cache, report, report, keep_low=degrader.is_bicubic
        )

        def sampler(min_gradient: float) -> CropSampler:
            size = settings.crop, settings.batch
            return CropSampler(found, self.trained.scale, *size, True, settings.seed, min_gradient, degrader)

        return Samplers(sampler(0.0), sampler(self.recipe.data.min_gradient))

    def selection(self, content: Callable[[], bytes], settings: Conversion) -> Selection:
        """Of fine-tuned weights by what they export: nearest to the truth, or, of a GAN, to its own float result."""
        to_truth = not self.recipe.gan.steps
        return Selection(lambda: self.checker.psnr(content(), settings.check_photos, to_truth), settings.check_every)

    @property
    def luma(self) -> float:
        """The luma's share in its last phase; a GAN's was judged on all colours."""
        last = self.recipe.finetune if self.recipe.finetune.steps else self.recipe.pretrain
        return 0.0 if self.recipe.gan.steps else last.luma


def newest_run(folder: Path = Path("runs")) -> Path:
    """The run folder under `folder` whose generator was written last.

    Raises:
        UsageError: there is none.
    """
    found = sorted(folder.glob("*/generator/generator.json"), key=lambda p: p.stat().st_mtime)
    if not found:
        raise UsageError(f"no trained generator under {folder}/: run srgan-edge train first, or name a run folder")
    return found[-1].parent.parent


def prepare(run: Path, settings: Conversion, report: Report) -> Prepared:
    """Load the generator of a run folder, fold it, and find the photos for it.

    Raises:
        UsageError: the folder is not a run, the tile is too small, or there are no photos.
    """
    trained = load_generator(run)
    recipe = recipes.from_toml(Recipe, (run / "recipe.toml").read_text(encoding="utf-8"), str(run / "recipe.toml"))
    reach = overlap(trained.model)
    _check_tile(settings.tile, trained.name, reach)
    data, calibration = recipe.data, settings.calibration
    source, low = (calibration, "") if calibration else (data.source, data.low)
    found = lookup.find_sources(source, settings.verify or data.valid, low, trained.scale)
    sets = validation_sets(found, recipe, report)
    # A network for photos with faults is judged on these.
    pairs = sets.get(DEGRADED) or [pair for held_out in sets.values() for pair in held_out]
    reference = Inference(trained.model, trained.scale, trained.value_range)
    network = fold.plain(trained.model, trained.value_range)
    if settings.blend:
        network = blended(network, settings.blend)
        reference = Inference(network, trained.scale, (0.0, 1.0))
        trained = replace(trained, name=f"{trained.name}-blend{round(100 * sum(settings.blend.values()))}")
    train = sources.with_downscaled(found.train, () if settings.calibration else recipe.data.downscales)
    checker = verify.Checker(pairs, trained.scale, reach, reference)
    return Prepared(trained, recipe, network, train, checker, name_of_run(run, recipe.name))


def convert(run: Path, settings: Conversion, out: Path, report: Report) -> list[Export]:
    """Export the generator of a run folder in the formats of `settings`, verify each and write its card.

    Raises:
        UsageError: as `prepare`.
        GateFailedError: an export is not what was asked for, or loses more than `max_drop`; it is not left behind.
    """
    return convert_prepared(prepare(run, settings, report), settings, out, report)


def convert_prepared(prepared: Prepared, settings: Conversion, out: Path, report: Report) -> list[Export]:
    """As `convert`; the tile, the photos and the seed of `settings` are those that it was prepared with.

    Raises:
        GateFailedError: as `convert`.
    """
    trained, checker = prepared.trained, prepared.checker
    made_by = f"{trained.name} to step {trained.step}"
    commands = [train_command(prepared.recipe), convert_command(prepared.run, settings)]
    subject = Subject(trained.name, trained.architecture, made_by, trained.licence, commands, prepared.recipe.purpose)

    def make(name: str) -> tuple[bytes, list[LayerNoise]]:
        if name != "int8":
            return export.export_float(fold.byte_range(prepared.network), settings.tile, name), []
        content, twin = int8(prepared, settings, report)
        return content, layer_noise(content, twin, _tile(checker.pairs[0].lr, settings.tile))

    return _exports(make, subject, settings, out, checker, report)


def convert_foreign(
    path: Path, ranges: Ranges, settings: Conversion, out: Path, report: Report, trusted: bool = False
) -> list[Export]:
    """Export somebody else's Keras file or SavedModel likewise, INT8 by calibration alone.

    `ranges` are what black and white are to it. Without `settings.calibration` it is calibrated on sample photos. What
    it holds may do more than compute if it is `trusted`.

    Raises:
        UsageError: the network does not enlarge images, or there are no photos.
        SrganEdgeError: it cannot be loaded, or may do more than compute.
        GateFailedError: as `convert`.
    """
    network = load_foreign(path, ranges, trusted)
    if network.note:
        report(f"{network.name}: {network.note}")
    tile = network.side or settings.tile
    settings = settings.model_copy(update={"tile": tile})
    _check_tile(tile, network.name, network.overlap)
    found = lookup.find_sources(settings.calibration or lookup.SAMPLE, settings.verify, scale=network.scale)
    pairs = [p for held_out in found.valid.values() for p in loading.decode(held_out, network.scale, 16, report)]
    side = tile or settings.crop
    report(f"{network.name}: x{network.scale}, looks {network.overlap} pixels far; calibrating on {found.description}")
    training = loading.decode(found.train, network.scale, side, report)
    sampler = CropSampler(training, network.scale, side, settings.calibration_batches, True, settings.seed)
    checker = verify.Checker(pairs, network.scale, network.overlap, network.reference(tile or 256))
    subject = Subject(network.name, "foreign", path.name, "", [])

    def make(name: str) -> tuple[bytes, list[LayerNoise]]:
        return export_foreign(network, tile, name, settings.io, sampler(0)[0]), []

    return _exports(make, subject, settings, out, checker, report)


def _check_tile(tile: int, name: str, reach: int) -> None:
    if tile and tile <= 2 * reach:
        raise UsageError(f"a tile of {tile} has no inner part: {name} needs an overlap of {reach}")


def _exports(
    make: Callable[[str], tuple[bytes, list[LayerNoise]]],
    subject: Subject,
    settings: Conversion,
    out: Path,
    checker: verify.Checker,
    report: Report,
) -> list[Export]:
    """Make each format and what is made of it, verify it and write its card, then the page of them all."""
    exports, verified, targets = [], [], targets_of(settings)
    for name in dict.fromkeys(settings.formats):
        content, noise = make(name)
        made, quality, card = publish(content, name, subject, settings, out, checker, report)
        others = [publish_for(target, made, card, settings, checker, report) for target in targets]
        exports += [made, *(other.export for other in others)]
        verified.append(Verified(made.path.stem, made.path, quality, noise, others))
    page = out / REPORT
    write_report(page, subject.name, verified, checker)
    report(f"look at {page.resolve().as_uri()}")
    return exports


def _tile(photo: Bytes, side: int) -> Bytes:
    """The middle of a photo, continued by reflection where it is smaller."""
    rows, columns = (reflected((length - side) // 2, side, length) for length in photo.shape[:2])
    return photo[rows][:, columns] if side else photo


def _optimizer(settings: Conversion) -> Any:
    """A new one for the fine-tuning; its learning rate falls to 0 by half a cosine."""
    schedule = RateSchedule(settings.learning_rate, "cosine", settings.qat_steps)
    return make_optimizer(settings.optimizer, schedule, clip_norm=0.5, precision="float32")


def int8(prepared: Prepared, settings: Conversion, report: Report) -> tuple[bytes, Any]:
    """The INT8 export, calibrated and fine-tuned, and its float twin: the export's weights before their rounding."""
    network = fold.sums_apart(prepared.network)
    samplers = prepared.samplers(settings, report)
    photo_count = len(samplers.calibration.photos)
    report(f"calibrating on {settings.calibration_batches * settings.batch} crops of {photo_count} photos")
    calibration = list(batches(samplers.calibration, 0, settings.calibration_batches))
    quantized = quantize.quantize(rounding.rounded(network, calibration), calibration, settings.clip_ratio)

    def content() -> bytes:
        with quantize.in_bytes(quantized) if settings.io == "float32" else nullcontext():
            return export.export_int8(quantized, settings.tile, settings.io)

    if settings.qat_steps:
        fine_tune(
            quantized,
            network,
            batches(samplers.fine_tuning, 0, settings.qat_steps),
            settings.qat_steps,
            _optimizer(settings),
            prepared.luma,
            settings.truth_weight,
            prepared.selection(content, settings),
            report,
        )
    return content(), without_rounding(quantized, network)
