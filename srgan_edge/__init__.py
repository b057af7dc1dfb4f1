"""Train, quantize and run image super-resolution on phones, boards and laptops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"
__all__ = ["Upscaler", "__version__"]

if TYPE_CHECKING:
    from srgan_edge.runtime.upscaler import Upscaler


def __getattr__(name: str) -> Any:
    """Import the public classes when they are first used, so that `import srgan_edge` is quick."""
    if name == "Upscaler":
        from srgan_edge.runtime.upscaler import Upscaler

        return Upscaler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
