"""What is to be converted: a run folder or another's network, told apart without TensorFlow, which takes seconds."""

from __future__ import annotations

from pathlib import Path

from srgan_edge.errors import UsageError
from srgan_edge.models import KERAS_SUFFIXES

# Files of networks that cannot be converted, and what leads to one that can.
_ELSEWHERE = {
    ".onnx": "is an ONNX model: make a SavedModel of it first: pip install onnx2tf, onnx2tf -i {name} -o FOLDER",
    ".tflite": "is a .tflite model already: srgan-edge run -m {name}, or srgan-edge inspect {name}",
    **dict.fromkeys(
        (".pth", ".pt", ".ckpt", ".safetensors", ".bin"),
        "holds PyTorch's weights, no network: export it to ONNX (torch.onnx.export), then to a SavedModel (onnx2tf)",
    ),
    ".pb": "is a frozen graph of TensorFlow 1: only SavedModels, folders with a saved_model.pb, can be converted",
    ".json": "is no network: name the Keras file or the SavedModel",
}


def newest_run(folder: Path = Path("runs")) -> Path:
    """The run folder under `folder` whose generator was written last.

    Raises:
        UsageError: there is none.
    """
    found = sorted(folder.glob("*/generator/generator.json"), key=lambda p: p.stat().st_mtime)
    if not found:
        raise UsageError(f"no trained generator under {folder}/: run srgan-edge train first, or name a run folder")
    return found[-1].parent.parent


def find_foreign(path: Path) -> Path | None:
    """The Keras file or the folder of the SavedModel that a path names; None if it may be a run folder.

    Raises:
        UsageError: it is something else that cannot be converted; the message says what to do.
    """
    suffix = path.suffix.lower()
    if path.name == "saved_model.pb":
        return path.parent
    if (path / "saved_model.pb").is_file():
        return path
    if path.is_dir() and (path / "keras_metadata.pb").exists():
        raise UsageError(f"{path}: a SavedModel without its saved_model.pb")
    if path.is_dir():
        return None
    if suffix in KERAS_SUFFIXES:
        return path
    if path.is_file():
        raise UsageError(f"{path}: {_ELSEWHERE.get(suffix, 'is neither a run folder nor a network').format(name=path)}")
    return None
