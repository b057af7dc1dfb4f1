"""The TFLite interpreter of whichever package is installed."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

from srgan_edge.errors import SrganEdgeError

# LiteRT is current; tflite-runtime serves old boards; TensorFlow's own is the last resort.
_PACKAGES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow.lite.python.interpreter")


class InterpreterPackage(NamedTuple):
    """An importable TFLite runtime."""

    name: str
    interpreter: Any
    load_delegate: Any


def interpreter_package() -> InterpreterPackage:
    """The first TFLite runtime that can be imported.

    Raises:
        SrganEdgeError: none can; the message has each one's reason.
    """
    reasons = []
    for name in _PACKAGES:
        try:
            module = importlib.import_module(name)
            return InterpreterPackage(name.split(".")[0], module.Interpreter, module.load_delegate)
        except ImportError as error:
            reasons.append(f"{name}: {error}")
    raise SrganEdgeError(f"no TFLite runtime is installed; pip install ai-edge-litert ({'; '.join(reasons)})")
