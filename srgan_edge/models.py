"""Models by name or path, and the card that says what one is."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.files.atomic import write_text

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT_MODEL = "edge-l-real-x4"
KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
"""Of networks that are to be converted before they run."""
PURPOSES = ("clean", "real", "looks")
"""Photos without faults, photos as cameras and the web make them, and those made to look good rather than be near."""

LARGEST_TILE = 8192
"""Side in pixels."""
NAME = re.compile(r"[\w.+() -]{1,200}")
"""What a model may be called: a file's name anywhere."""

_LONGEST = 10_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class ModelCard:
    """The model card of a converted model: NAME.json beside NAME.tflite."""

    name: str
    family: str
    """The architecture: edge-m, srgan, ..."""
    scale: int
    tile: int
    """Side of the fixed input in pixels; 0 = any size."""
    overlap: int
    """Receptive field: input pixels on each side that an output depends on. Tiles with this overlap join exactly."""
    io_dtype: str
    """uint8 or float32, both 0..255, or int8, which is the pixel minus 128."""
    quantization: str
    """int8, fp16, float32 or dynamic."""
    parameters: int
    """Number of parameters in the .tflite file, with batch normalisation folded."""
    macs_per_pixel: int
    """Multiply-accumulates of the convolutions per input pixel."""
    sha256: str
    """SHA-256 of the .tflite file."""
    recipe: str
    """The recipe that it was trained with, and the step."""
    licence: str
    """Licences of the training photos."""
    quality: dict[str, dict[str, float]] = field(default_factory=dict)
    """For each set of photos: psnr_float, psnr, ssim_float, ssim."""
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of the tools that it was made with."""
    purpose: str = ""
    """clean (clean photos), real (degraded photos) or looks (perceptual); empty on older cards."""
    training: dict[str, Any] = field(default_factory=dict)
    """The complete training recipe, with the purposes of folders in place of their paths; empty if unknown."""
    conversion: dict[str, Any] = field(default_factory=dict)
    """The complete conversion recipe, likewise."""
    made_for: dict[str, str | int | float] = field(default_factory=dict)
    """For a file for another runtime than TFLite: the target, and how much its results differ from TFLite's."""

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            ValueError: one is of another type, or makes no sense.
        """
        for name, (holds, wanted) in _MAY_HOLD.items():
            value = getattr(self, name)
            if not holds(value):
                shown = ascii(value)
                shown = shown if len(shown) < 60 else shown[:60] + "..."
                raise ValueError(f"its {name} is {shown}, not {wanted}")

    def save(self, path: Path) -> None:
        """Write the card as JSON."""
        write_text(path, json.dumps(asdict(self), indent=2) + "\n")


class Model(NamedTuple):
    """A model file and its card, if it has one."""

    name: str
    path: Path
    card: ModelCard | None


def load_card(path: Path) -> ModelCard:
    """Read a card.

    Raises:
        SrganEdgeError: the file is not a card.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it holds no values by name")
        missing = [
            f.name for f in fields(ModelCard) if f.default is f.default_factory is MISSING and f.name not in values
        ]
        if missing:
            raise ValueError(f"{missing[0]} is missing")
        known = {f.name for f in fields(ModelCard)}
        return ModelCard(**{k: v for k, v in values.items() if k in known})
    except (OSError, ValueError, RecursionError) as error:
        raise SrganEdgeError(f"{path}: not a model card: {error}") from error


def bundled() -> list[Model]:
    """The models that come with the package, by name; `content` checks a file against its card's hash."""
    return [Model(p.stem, p, load_card(p.with_suffix(".json"))) for p in sorted(WEIGHTS.glob("*.tflite"))]


@cache
def shipped() -> dict[str, ModelCard]:
    """The cards of the files that come with the package, by the files' SHA-256."""
    return {model.card.sha256: model.card for model in bundled() if model.card}


def content(model: Model) -> bytes:
    """The bytes of a model's file, which are those that its card is of.

    Raises:
        SrganEdgeError: it cannot be read, or is another than its card's.
    """
    path, card = model.path, model.card
    try:
        found = path.read_bytes()
    except OSError as error:
        raise SrganEdgeError(f"{path}: cannot be read: {error.strerror}") from error
    if card is not None and card.sha256 != hashlib.sha256(found).hexdigest():
        if path.parent == WEIGHTS:
            raise SrganEdgeError(f"{path}: is damaged (its sha256 is not its card's): install srgan-edge again")
        raise SrganEdgeError(f"{path.with_suffix('.json')}: is the card of another file than {path.name} (sha256)")
    return found


def find_model(name_or_path: str, prefer: str = "int8") -> Model:
    """The bundled model of a name, or a .tflite file.

    A name without a format (`edge-m-x4`) means its `prefer` export: int8 is the fastest on CPUs and
    NPUs, fp16 on GPUs.

    Raises:
        UsageError: no such name (with a suggestion) or file.
        SrganEdgeError: the card beside the file is not one, or is of another file.
    """
    path = Path(name_or_path)
    if path.suffix.lower() == ".tflite":
        try:
            if not path.is_file():
                raise UsageError(f"{path}: no such model file")
            card_path = path.with_suffix(".json")
            card = load_card(card_path) if card_path.is_file() else None
        except OSError as error:
            raise SrganEdgeError(f"{path}: cannot be read: {error.strerror}") from error
        model = Model(path.stem, path, card)
        content(model)
        return model
    models = {m.name: m for m in bundled()}
    for name in (name_or_path, f"{name_or_path}-{prefer}"):
        if name in models:
            content(models[name])
            return models[name]
    if name_or_path and (hint := _hint(path)):
        raise UsageError(f"{path}: {hint}")
    families = {name.rsplit("-", 1)[0] for name in models}
    raise UnknownNameError("model", name_or_path, {*models, *families})


def _hint(path: Path) -> str:
    """What to do with a file or folder that is no .tflite file; empty if there is none."""
    try:
        if (path / "generator").is_dir():
            return f"is a run folder: its exports are made by srgan-edge convert {shlex.quote(str(path))}"
        if path.is_dir() and (found := sorted(path.glob("*.tflite"))):
            return f"is a folder: name a file of it, {found[0]}"
        if path.suffix.lower() in KERAS_SUFFIXES or (path / "saved_model.pb").is_file():
            return f"is to be converted first: srgan-edge convert {shlex.quote(str(path))}" if path.exists() else ""
        return "is no .tflite model" if path.exists() else "no such model file" if len(path.parts) > 1 else ""
    except OSError:  # a name too long
        return ""


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()


def _is_table(value: Any, depth: int = 6) -> bool:
    """What a recipe may hold: tables of tables, lists, text of several lines, numbers and truth values."""
    return depth > 0 and _holds(_is_line, lambda item: _is_value(item, depth - 1))(value)


def _is_value(value: Any, depth: int) -> bool:
    if isinstance(value, list):
        return depth > 0 and all(_is_value(item, depth - 1) for item in value)
    if isinstance(value, str):
        return len(value) <= _LONGEST and not _CONTROL.search(value)
    return isinstance(value, bool) or _is_number(value) or _is_table(value, depth)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -1e300 < value < 1e300


def _holds(key: Callable[[Any], bool], value: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Of a table: whether all keys and values are as they may be."""
    return lambda table: isinstance(table, dict) and all(key(k) and value(v) for k, v in table.items())


def _whole(least: int, most: int) -> tuple[Callable[[Any], bool], str]:
    return lambda value: type(value) is int and least <= value <= most, f"a number from {least} to {most}"


def _one_of(*words: str) -> tuple[Callable[[Any], bool], str]:
    return lambda value: isinstance(value, str) and value in words, " or ".join(filter(None, words))


_MAY_HOLD: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda value: _is_line(value) and NAME.fullmatch(value) is not None, "a file's name"),
    "family": (_is_line, "a line of text"),
    "scale": _whole(1, 16),
    "tile": _whole(0, LARGEST_TILE),
    "overlap": _whole(0, 4096),
    "io_dtype": _one_of("uint8", "int8", "float32"),
    "quantization": _one_of("int8", "fp16", "float32", "dynamic"),
    "parameters": _whole(0, 10**12),
    "macs_per_pixel": _whole(0, 10**12),
    "sha256": (
        lambda value: isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None,
        "a SHA-256 in hexadecimal",
    ),
    "recipe": (_is_line, "a line of text"),
    "licence": (_is_line, "a line of text"),
    "quality": (_holds(_is_line, _holds(_is_line, _is_number)), "numbers by set of photos"),
    "versions": (_holds(_is_line, _is_line), "names and versions"),
    "purpose": _one_of("", *PURPOSES),
    "training": (_is_table, "a recipe"),
    "conversion": (_is_table, "a recipe"),
    "made_for": (_holds(_is_line, lambda value: _is_line(value) or _is_number(value)), "names, and lines or numbers"),
}
"""Of a card by key: whether it may hold a value, and what it may hold in words."""
