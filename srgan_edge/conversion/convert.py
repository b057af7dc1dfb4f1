"""A network becomes verified .tflite files and their cards: prepare, quantize, publish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from srgan_edge.conversion import export, fold
from srgan_edge.conversion.card_recipes import training_table
from srgan_edge.conversion.foreign import ForeignNetwork, export_foreign, load_foreign
from srgan_edge.conversion.layer_noise import LayerNoise, layer_noise
from srgan_edge.conversion.prepare import Prepared, check_tile, prepare
from srgan_edge.conversion.progress import Progress, Say, unseen
from srgan_edge.conversion.publish import Export, Provenance, publish, publish_for
from srgan_edge.conversion.quantize import int8
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.conversion.report import REPORT, Verified, write_report
from srgan_edge.conversion.targets import Target
from srgan_edge.conversion.transposed import transposed
from srgan_edge.conversion.verify import Checker
from srgan_edge.errors import UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.runtime.flatbuffer import read_graph
from srgan_edge.runtime.ranges import Ranges
from srgan_edge.runtime.tiling import ANY_SIZE_TILE, multiple, reflected
from srgan_edge.training.data import loading, lookup
from srgan_edge.training.data.crops import CropSampler


def convert(run: Path, settings: Conversion, out: Path, say: Say, progress: Progress = unseen) -> list[Export]:
    """Export the generator of a run folder in the formats of `settings`, verify each and write its card.

    `say` is told in words what goes on, `progress` how many steps of the fine-tuning are done.

    Raises:
        UsageError: as `prepare`.
        GateFailedError: an export is not what was asked for, or loses more than `max_drop`; it is not left behind.
    """
    return convert_prepared(prepare(run, settings, say), settings, out, say, progress)


def convert_prepared(
    prepared: Prepared, settings: Conversion, out: Path, say: Say, progress: Progress = unseen
) -> list[Export]:
    """As `convert`; the tile, the photos and the seed of `settings` are those that it was prepared with.

    Raises:
        GateFailedError: as `convert`.
    """
    trained, checker = prepared.trained, prepared.checker
    made_by = f"{trained.name} to step {trained.step}"
    provenance = Provenance(
        trained.name,
        trained.architecture,
        made_by,
        trained.licence,
        prepared.recipe.purpose,
        training_table(prepared.recipe),
    )

    def make(name: str) -> tuple[bytes, list[LayerNoise]]:
        if name != "int8":
            return export.export_float(fold.byte_range(prepared.network), settings.tile, name), []
        content, twin = int8(prepared, settings, say, progress)
        return content, layer_noise(content, twin, _tile(checker.pairs[0].lr, settings.tile))

    return _exports(make, provenance, settings, out, checker, say)


def convert_foreign(
    path: Path, ranges: Ranges, settings: Conversion, out: Path, say: Say, trusted: bool = False
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
        say(f"{network.name}: {network.note}")
    tile = network.side or settings.tile
    settings = settings.model_copy(update={"tile": tile})
    network = _laid_in_tiles(network, tile, say)
    check_tile(tile, network.name, network.overlap)
    found = lookup.find_sources(settings.calibration or lookup.SAMPLE, settings.verify, scale=network.scale)
    pairs = [p for held_out in found.valid.values() for p in loading.decode(held_out, network.scale, 16, say)]
    side = tile or settings.crop
    say(f"{network.name}: x{network.scale}, receptive field {network.overlap} px; calibrating on {found.description}")
    photos = loading.load(found.train, network.scale, side, "auto", say, say)
    sampler = CropSampler(photos, network.scale, side, settings.calibration_batches, True, settings.seed)
    checker = Checker(pairs, network.scale, network.overlap, network.reference(tile or 256))
    provenance = Provenance(network.name, "foreign", path.name, "")

    def make(name: str) -> tuple[bytes, list[LayerNoise]]:
        return export_foreign(network, tile, name, settings.io, sampler(0)[0]), []

    return _exports(make, provenance, settings, out, checker, say)


def _laid_in_tiles(network: ForeignNetwork, tile: int, say: Say) -> ForeignNetwork:
    """A network with the overlap that its graph asks for: running it has shown how far a single position looks.

    Raises:
        UsageError: tiles of this side cannot begin where the network's own steps do.
    """
    side = tile or ANY_SIZE_TILE
    graph = read_graph(export_foreign(network, side, "float32", "float32", []), network.name)
    reach, stride = graph.receptive_field(), graph.stride
    if side % stride:
        steps = f"{network.name}: computes in steps of {stride} pixels"
        if not network.side:
            raise UsageError(f"{steps}: use a multiple of it, as --tile {multiple(side, stride)}, not {side}")
        say(f"{steps}, of which its input's {side} are no multiple: where tiles meet there may be seams")
        stride = 1
    return replace(network, overlap=multiple(network.overlap if reach is None else reach, stride))


def _exports(
    make: Callable[[str], tuple[bytes, list[LayerNoise]]],
    provenance: Provenance,
    settings: Conversion,
    out: Path,
    checker: Checker,
    say: Say,
) -> list[Export]:
    """Make each format and what is made of it, verify it and write its card, then the page of them all."""
    exports, verified, targets = [], [], targets_of(settings)
    for name in dict.fromkeys(settings.formats):
        content, noise = make(name)
        content = transposed(content) if settings.transpose_conv else content
        made, quality, card = publish(content, name, provenance, settings, out, checker, say)
        others = [publish_for(target, made, card, settings, checker, say) for target in targets]
        exports += [made, *(other.export for other in others)]
        verified.append(Verified(made.path.stem, made.path, quality, noise, others))
    page = out / REPORT
    write_report(page, provenance.name, verified, checker)
    say(f"look at {page.resolve().as_uri()}")
    return exports


def targets_of(settings: Conversion) -> list[Target]:
    """The targets that a conversion asks for.

    Raises:
        UsageError: one is unknown, needs a package that is not installed, or cannot take an export asked for.
    """
    if settings.transpose_conv and not settings.tile:
        raise UsageError("--transpose-conv needs a fixed tile: the operator is told its result's size")
    targets = []
    if settings.onnx:
        from srgan_edge.conversion.onnx import onnx_target

        targets.append(onnx_target())
    if settings.npu:
        from srgan_edge.conversion.npu import npu_target

        targets += [npu_target(chip, settings.tile) for chip in dict.fromkeys(settings.npu)]
    for target in targets:
        unfit = [name for name in settings.formats if name not in target.formats]
        if unfit:
            raise UsageError(f"{target.name} is made of {', '.join(target.formats)} exports, not of {unfit[0]}")
    return targets


def _tile(photo: Bytes, side: int) -> Bytes:
    """The middle of a photo, continued by reflection where it is smaller."""
    rows, columns = (reflected((length - side) // 2, side, length) for length in photo.shape[:2])
    return photo[rows][:, columns] if side else photo
