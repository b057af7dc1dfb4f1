"""Other runtimes than TFLite's own that an export is made for, and run on before it is handed out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge.conversion.verify import OpenSession
from srgan_edge.imaging import Bytes

if TYPE_CHECKING:
    from typing import Self


class Made(NamedTuple):
    """A file for a target."""

    content: bytes
    facts: dict[str, str | int | float]
    """What the card says of it beside its quality."""
    summary: str = ""
    """The same to read, without a full stop."""


@dataclass(frozen=True)
class Target:
    """A runtime, or a chip."""

    name: str
    suffix: str
    """Of its files: NAME of the export, and this."""
    formats: tuple[str, ...]
    """The exports that it can be made of."""
    make: Callable[[Path], Made]
    """From a .tflite file."""
    open_session: OpenSession
    """Its runtime with such a file."""
    packages: tuple[str, ...]
    """Whose versions the card names."""
    photos: int = 0
    """Run on the middle tile of so many photos alone, where a tile takes seconds; 0 = on whole photos, all of them."""


class OnnxRuntime:
    """A network in ONNX Runtime: tiles of bytes in, tiles of bytes out."""

    def __init__(self, session: Any, tile: tuple[int, int] | None) -> None:
        """Of an InferenceSession and its fixed input's height and width, None = any."""
        self._session: Any = session
        self.tile = tile

    def run(self, tile: Bytes, out: Bytes | None = None, margin: int = 0) -> Bytes:
        """As `Session.run`."""
        (image,) = self._session.get_inputs()
        dtype = np.uint8 if image.type == "tensor(uint8)" else np.float32
        (result,) = self._session.run(None, {image.name: tile[None].astype(dtype, copy=False)})
        return as_pixels(result[0], out, margin)

    def close(self) -> None:
        """Free the network."""
        self._session = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def as_pixels(result: NDArray[Any], out: Bytes | None, margin: int) -> Bytes:
    """Another runtime's result, pixels as uint8 or as numbers, as `Session.run` delivers it."""
    if result.dtype != np.uint8:
        result = np.clip(np.rint(result), 0, 255).astype(np.uint8)
    if out is None:
        return result
    out[...] = result[margin : margin + out.shape[0], margin : margin + out.shape[1]]
    return out
