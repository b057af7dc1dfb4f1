"""An export is written once it is proved: run by its runtime, held to the gate, with a card beside it."""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from srgan_edge import __version__
from srgan_edge.conversion import verify
from srgan_edge.conversion.card_recipes import conversion_table
from srgan_edge.conversion.progress import Say
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.conversion.targets import Target
from srgan_edge.errors import GateFailedError
from srgan_edge.files.atomic import atomic_path
from srgan_edge.models import ModelCard
from srgan_edge.runtime.flatbuffer import read_graph

# What a GAN's exports may measure below bicubic, in dB: SRGAN's do by up to 0.8 (Ledig et al. 2017, table 2).
_LOOKS = 3.0


@dataclass(frozen=True)
class Export:
    """One verified export."""

    path: Path
    format: str
    size_bytes: int
    psnr: float
    psnr_float: float
    drop_db: float
    float_ops: int
    passed: bool
    target: str = "tflite"
    """The runtime or the chip that it is for."""


@dataclass(frozen=True)
class Provenance:
    """What a card says of the network that was converted."""

    name: str
    family: str
    recipe: str
    licence: str
    purpose: str = ""
    """clean, real or looks; unknown of another's network."""
    training: dict[str, Any] = field(default_factory=dict)
    """The recipe that it was trained by."""


class ForTarget(NamedTuple):
    """An export that was made of another."""

    export: Export
    quality: verify.ExportQuality
    summary: str
    """What more there is to say of it."""


def publish(
    content: bytes,
    quantization: str,
    provenance: Provenance,
    settings: Conversion,
    out: Path,
    checker: verify.Checker,
    say: Say,
) -> tuple[Export, verify.ExportQuality, ModelCard]:
    """Write a .tflite file and its card.

    Raises:
        GateFailedError: it is not what was asked for, or loses more than `max_drop`; nothing is left behind.
    """
    name = f"{provenance.name}-{quantization}"
    target = out / f"{name}.tflite"
    verify.check_structure(content, target.name, quantization, settings.tile, settings.io)
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)
        quality = checker.quality(temporary)
        _hold(target, quality, checker, settings, say, provenance.purpose)
    graph = read_graph(content, target.name)
    card = ModelCard(
        name=name,
        family=provenance.family,
        scale=checker.scale,
        tile=settings.tile,
        overlap=checker.overlap,
        io_dtype=graph.inputs[0].dtype,
        quantization=quantization,
        parameters=graph.parameters,
        macs_per_pixel=graph.macs_per_pixel,
        sha256=hashlib.sha256(content).hexdigest(),
        recipe=provenance.recipe,
        licence=provenance.licence,
        purpose=provenance.purpose,
        training=provenance.training,
        conversion=conversion_table(settings),
        quality={"valid": _figures(quality, checker)},
        versions={
            "srgan-edge": __version__,
            **_versions("tensorflow", "tensorflow-model-optimization", "ai-edge-litert"),
        },
    )
    card.save(target.with_suffix(".json"))
    made = Export(
        target, quantization, len(content), quality.psnr, quality.psnr_float, quality.drop_db, graph.float_ops, True
    )
    return made, quality, card


def publish_for(
    target: Target, export: Export, card: ModelCard, settings: Conversion, checker: verify.Checker, say: Say
) -> ForTarget:
    """Write what a target takes, made of a published export, and its card.

    Raises:
        SrganEdgeError: it cannot be made.
        GateFailedError: its runtime's results lose more than `max_drop`; nothing is left behind.
    """
    path = export.path.with_name(export.path.stem + target.suffix)
    made = target.make(export.path)
    if target.photos:
        checker = checker.middles(settings.tile, target.photos)
    with atomic_path(path) as temporary:
        temporary.write_bytes(made.content)
        quality = checker.quality(temporary, target.open_session, export.path)
        _hold(path, quality, checker, settings, say, card.purpose)
    apart = f"{quality.differing} of {quality.values} values are not those of {export.path.name}"
    apart += f", by {quality.worst_to_tflite} levels at most" if quality.differing else ""
    say(f"{path.name}: {made.summary + ': ' if made.summary else ''}{apart}")
    facts = {
        "target": target.name,
        **made.facts,
        "differing_share": quality.differing / quality.values,
        "worst_to_tflite": quality.worst_to_tflite,
    }
    # A .tflite file's card is NAME.json; another file's bears its suffix too, as its export has that name already.
    place = path.with_suffix(".json") if path.suffix == ".tflite" else path.with_name(f"{path.name}.json")
    replace(
        card,
        name=path.stem,
        sha256=hashlib.sha256(made.content).hexdigest(),
        quality={"valid": _figures(quality, checker)},
        versions=card.versions | _versions(*target.packages),
        made_for=facts,
    ).save(place)
    written = replace(
        export,
        path=path,
        size_bytes=len(made.content),
        psnr=quality.psnr,
        psnr_float=quality.psnr_float,
        drop_db=quality.drop_db,
        target=target.name,
    )
    return ForTarget(written, quality, made.summary)


def _hold(
    target: Path,
    quality: verify.ExportQuality,
    checker: verify.Checker,
    settings: Conversion,
    say: Say,
    purpose: str,
) -> None:
    """Say what an export loses, and refuse one that loses too much, or is no better than bicubic enlargement."""
    name = target.stem if target.suffix == ".tflite" else target.name
    say(f"{name}: {quality.psnr:.3f} dB, float {quality.psnr_float:.3f} dB, on {len(checker.pairs)} photos")
    shift = ", ".join(f"{s:+.2f}" for s in quality.shift)
    say(
        f"{name} against the float network: worst photo {quality.worst_photo} ({quality.worst_drop_db:+.3f} dB), "
        f"worst pixel {quality.worst_pixel} levels, mean shift of R, G, B {shift} levels"
    )
    # Written so that a drop or gain that is no number is refused.
    if not quality.drop_db <= settings.max_drop:
        raise GateFailedError(
            f"{target}: not written: it loses {quality.drop_db:.3f} dB against the float network, "
            f"more than the {settings.max_drop} dB allowed"
        )
    least = settings.min_gain - (_LOOKS if purpose == "looks" else 0.0)
    gain = quality.psnr - quality.psnr_bicubic
    if checker.scale > 1 and not gain >= least:
        raise GateFailedError(
            f"{target}: not written: its {quality.psnr:.3f} dB are {gain:+.3f} dB to bicubic enlargement's "
            f"{quality.psnr_bicubic:.3f} dB, at least {least:+g} dB are asked for. Of another's network check the "
            "ranges; of one that was trained for looks allow less, as in --set min_gain=-3.0"
        )


def _figures(quality: verify.ExportQuality, checker: verify.Checker) -> dict[str, float]:
    return {
        "photos": len(checker.pairs),
        "psnr_float": round(quality.psnr_float, 4),
        "psnr": round(quality.psnr, 4),
        "ssim_float": round(quality.ssim_float, 5),
        "ssim": round(quality.ssim, 5),
        "worst_drop_db": round(quality.worst_drop_db, 4),
        "worst_pixel": quality.worst_pixel,
    }


def _versions(*packages: str) -> dict[str, str]:
    return {package: importlib.metadata.version(package) for package in packages}
