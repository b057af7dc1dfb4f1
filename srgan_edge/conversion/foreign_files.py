"""Another's network as a function of TensorFlow, from a Keras file or a SavedModel that was looked through first."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from srgan_edge.conversion.trust import check_saved_model, checked_config
from srgan_edge.errors import SrganEdgeError, UsageError


@dataclass(frozen=True)
class Loaded:
    """A network as it was saved."""

    function: Callable[[Any], Any]
    """Takes its input's own type, gives its output or several."""
    shape: list[int | None]
    dtype: Any
    """Of its only input."""
    keep: Any
    """Holds its variables."""


def load(path: Path, trusted: bool) -> Loaded:
    """Load a network.

    Args:
        path: as `origin.find_foreign` gives it.
        trusted: its own Python code and operators may run.

    Raises:
        UsageError: there is no such file, or it has several inputs.
        SrganEdgeError: it cannot be loaded, or may do more than compute.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    try:
        return _saved_model(path, trusted) if path.is_dir() else _keras(path, trusted)
    except SrganEdgeError:
        raise
    except Exception as error:  # HDF5, zip, protobuf and both Keras raise whatever a damaged file makes them run into
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SrganEdgeError(f"{path}: cannot be loaded: {reason[:300]}") from error


def _one_input(path: Path, names: list[str]) -> None:
    if len(names) != 1:
        raise UsageError(
            f"{path}: takes {len(names)} inputs ({', '.join(names)}), and a picture is one: save a model of the "
            "picture alone, with the others fixed"
        )


def _saved_model(path: Path, trusted: bool) -> Loaded:
    if not trusted:
        check_saved_model(path)
    loaded: Any = tf.saved_model.load(str(path))
    names = list(loaded.signatures)
    if "serving_default" not in names and len(names) != 1:
        raise ValueError(f"of its signatures ({', '.join(names) or 'none'}) none is serving_default")
    signature = loaded.signatures["serving_default" if "serving_default" in names else names[0]]
    inputs = signature.structured_input_signature[1]
    _one_input(path, list(inputs))
    ((name, spec),) = inputs.items()
    if spec.shape.rank is None:
        raise UsageError(f"{path}: does not say its input's shape, [N, H, W, 3]")
    return Loaded(lambda image: signature(**{name: image}), spec.shape.as_list(), spec.dtype, loaded)


def _keras(path: Path, trusted: bool) -> Loaded:
    config, version = _keras_config(path)
    if config is None:
        raise SrganEdgeError(
            f"{path}: holds weights alone, not the network: load them into it where it was made, and save the whole "
            "with model.save"
        )
    config = checked_config(config, path, trusted)
    # A Keras 2 file by tf_keras, a Keras 3 file by Keras 3; .keras files of both look alike but for a version.
    if version < 3:
        import tf_keras as keras
    else:
        import keras  # Keras 3, which TensorFlow brings
    with _with_config(path, config) as checked:
        safe = {} if path.suffix.lower() != ".keras" and version < 3 else {"safe_mode": not trusted}
        model: Any = keras.models.load_model(checked, compile=False, **safe)
    _one_input(path, [tensor.name for tensor in model.inputs])
    shape = list(model.inputs[0].shape)
    return Loaded(lambda image: model(image, training=False), shape, tf.as_dtype(model.inputs[0].dtype), model)


def _keras_config(path: Path) -> tuple[Any, int]:
    """The network's configuration, if it is there, and the version of Keras."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            version = json.loads(file.read("metadata.json"))["keras_version"]
            config = json.loads(file.read("config.json"))
    else:
        import h5py

        with h5py.File(path) as file:
            version = file.attrs.get("keras_version", "2")
            text = file.attrs.get("model_config")
            config = None if text is None else json.loads(text)
    return config, int(str(version).split(".")[0])


@contextmanager
def _with_config(path: Path, config: Any) -> Iterator[Path]:
    """A copy of a Keras file with another configuration: what was looked through is what is loaded."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"{path.stem}{'.keras' if zipfile.is_zipfile(path) else '.h5'}"
        if copy.suffix == ".keras":
            with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
                for entry in source.infolist():
                    changed = json.dumps(config).encode() if entry.filename == "config.json" else source.read(entry)
                    target.writestr(entry.filename, changed)
        else:
            import h5py

            shutil.copyfile(path, copy)
            with h5py.File(copy, "r+") as file:
                del file.attrs["model_config"]
                file.attrs["model_config"] = json.dumps(config)
        yield copy
