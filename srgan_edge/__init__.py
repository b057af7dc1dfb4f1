"""Train, quantize and run image super-resolution on phones, boards and laptops."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"
__all__ = ["Upscaler", "__version__", "convert", "evaluate", "inspect", "train"]

if TYPE_CHECKING:
    from srgan_edge.api import convert, train
    from srgan_edge.evaluation import evaluate
    from srgan_edge.runtime.inspection import inspect
    from srgan_edge.runtime.upscaler import Upscaler

_MODULES = {
    "Upscaler": "runtime.upscaler",
    "convert": "api",
    "evaluate": "evaluation",
    "inspect": "runtime.inspection",
    "train": "api",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import srgan_edge` is quick."""
    if name in _MODULES:
        return getattr(importlib.import_module(f"srgan_edge.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
