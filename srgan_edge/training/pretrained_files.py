"""Where a generator that was trained before is: looked up without TensorFlow, which takes seconds to start."""

from __future__ import annotations

from pathlib import Path

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.models import Model, find_model


def find_pretrained(name: str, key: str) -> Path | Model:
    """A run folder; or a bundled model of a name, or a file of one of our exports.

    `key` is the recipe's key that named it, for messages.

    Raises:
        UsageError: it is none of these.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "generator").is_dir():
            raise UsageError(f"{key}: {name} is no run folder with a generator in it")
        return path
    try:
        return find_model(name, "fp16")
    except SrganEdgeError as error:
        raise UsageError(f"{key}: {name}: {error}") from error
