"""Models by name or path, and the card that says what one is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from srgan_edge.atomic import write_text
from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT_MODEL = "edge-m-x4"


@dataclass(frozen=True)
class ModelCard:
    """What is known of a converted model; NAME.json beside NAME.tflite."""

    name: str
    family: str
    """The architecture: edge-m, srgan, ..."""
    scale: int
    tile: int
    """Side of the fixed input in pixels; 0 = any size."""
    overlap: int
    """Input pixels around a position that its output depends on: with this overlap tiling is exact."""
    io_dtype: str
    """uint8 or float32, both 0..255, or int8, the pixel minus 128."""
    quantization: str
    """int8, fp16, float32 or dynamic."""
    parameters: int
    """Of the .tflite file, batch normalisation folded."""
    macs_per_pixel: int
    """Multiply-accumulates of the convolutions per input pixel."""
    sha256: str
    """Of the .tflite file."""
    recipe: str
    """The recipe that trained it, and to which step."""
    licence: str
    """Of the training photos."""
    commands: list[str] = field(default_factory=list)
    """What remakes it: a training and a conversion; none for another's network."""
    quality: dict[str, dict[str, float]] = field(default_factory=dict)
    """By set of photos: psnr_float, psnr, ssim_float, ssim."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of the tools that made it."""

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
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(ModelCard)}
        return ModelCard(**{k: v for k, v in values.items() if k in known})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SrganEdgeError(f"{path}: not a model card: {error}") from error


def bundled() -> list[Model]:
    """The models that come with the package, by name."""
    return [Model(p.stem, p, load_card(p.with_suffix(".json"))) for p in sorted(WEIGHTS.glob("*.tflite"))]


def find_model(name_or_path: str, prefer: str = "int8") -> Model:
    """The bundled model of a name, or a .tflite file.

    A name without a format (`edge-m-x4`) means its `prefer` export: int8 is the fastest on CPUs and
    NPUs, fp16 on GPUs.

    Raises:
        UsageError: no such name (with a suggestion) or file.
        SrganEdgeError: the card beside the file is not one, or is of another file.
    """
    if name_or_path.endswith(".tflite"):
        path = Path(name_or_path)
        if not path.is_file():
            raise UsageError(f"{path}: no such model file")
        card_path = path.with_suffix(".json")
        card = load_card(card_path) if card_path.is_file() else None
        if card is not None and card.sha256 != file_sha256(path):
            raise SrganEdgeError(f"{card_path}: is the card of another file than {path.name} (the sha256 differs)")
        return Model(path.stem, path, card)
    models = {m.name: m for m in bundled()}
    for name in (name_or_path, f"{name_or_path}-{prefer}"):
        if name in models:
            return models[name]
    families = {name.rsplit("-", 1)[0] for name in models}
    raise UnknownNameError("model", name_or_path, {*models, *families})


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
