"""More than 8 bits: greys scaled by what the file says is black and white, never by guessing; colours as Pillow can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srgan_edge.imaging import Bytes

# TIFF 6.0.
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT, _SMIN, _SMAX = 258, 262, 339, 340, 341
_SIGNED = 2
# Rows looked at a time.
_ROWS = 256
# Levels that a curve may put between neighbours: BT.709's to sRGB's takes 3, that of linear light 13.
_WIDEST_STEP = 4


def reduced(bits: int, kind: str, table: Bytes | None) -> str:
    """The note of colours of which Pillow gives 8 bits; `table` is the curve that follows, of bytes.

    Raises:
        ValueError: the curve would show that they were more.
    """
    if table is not None and np.diff(table.astype(int)).max() > _WIDEST_STEP:
        raise ValueError(
            f"its {bits}-bit {kind} is read in 8 bits, too few for the dark parts of what is (nearly) linear light: "
            "convert it to sRGB"
        )
    return f"{bits}-bit {kind} reduced to 8 bits"


class Grey:
    """What the values of a PIL image of mode I;16, I or F mean.

    Whole numbers span their type, 12-bit ones 12 bits, those of mode I and no file 16. Floating-point numbers span what
    the tags SMinSampleValue and SMaxSampleValue say, without them 0 to 1.
    """

    def __init__(self, image: Image.Image) -> None:
        """Look at an image that is loaded.

        Raises:
            ValueError: it holds values outside its range or none that is a finite number, or would be black.
        """
        tags = getattr(image, "tag_v2", {})
        self.inverted = tags.get(_PHOTOMETRIC) == 0  # Pillow turns 8-bit greys alone
        self.unsigned = False
        low, high = 0.0, 65535.0
        bits = int(_first(tags.get(_BITS), 16 if image.mode != "F" else 32))
        if image.mode == "F":
            low, high = float(_first(tags.get(_SMIN), 0)), float(_first(tags.get(_SMAX), 1))
            self.note = "floating-point grey reduced to 8 bits"
        else:
            signed = _first(tags.get(_SAMPLE_FORMAT), 1) == _SIGNED
            self.unsigned = bits == 32 and not signed and image.mode == "I"
            if tags:
                high = float(2 ** (bits - signed) - 1)
            self.note = f"{bits}-bit grey reduced to 8 bits"
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise ValueError(f"its grey values are said to go from {low:g} to {high:g}")
        self.low, self.high = low, high
        key = image.info.get("transparency")
        self.transparent = key if isinstance(key, int) else None
        self.channels = 1 if self.transparent is None else 2
        self._check(image)

    def bytes_of(self, values: NDArray[Any], curve: Callable[[NDArray[Any]], NDArray[Any]] | None) -> Bytes:
        """`(n, w, channels)` bytes of `(n, w)` values; `curve` takes light from 0 to 1 to what is displayed."""
        scaled = np.clip((self._numbers(values) - self.low) / (self.high - self.low), 0, 1)
        if self.inverted:
            scaled = 1 - scaled
        grey = np.rint(255 * (curve(scaled) if curve else scaled)).astype(np.uint8)
        if self.transparent is None:
            return grey[..., None]
        return np.stack([grey, np.where(values == self.transparent, 0, 255).astype(np.uint8)], axis=-1)

    def _numbers(self, values: NDArray[Any]) -> NDArray[np.float64]:
        # Pillow has no unsigned 32-bit mode: the bytes are right and the sign is not.
        return (values.astype(np.int32).view(np.uint32) if self.unsigned else values).astype(np.float64)

    def _check(self, image: Image.Image) -> None:
        least, most = np.inf, -np.inf
        for top in range(0, image.height, _ROWS):
            part = image.crop((0, top, image.width, min(top + _ROWS, image.height)))
            values = self._numbers(np.asarray(part))
            if not np.isfinite(values).all():
                raise ValueError("a pixel is not a finite number")
            least, most = min(least, values.min()), max(most, values.max())
        slack = 1e-3 * (self.high - self.low) if image.mode == "F" else 0
        if least < self.low - slack or most > self.high + slack:
            raise ValueError(
                f"its values go from {least:g} to {most:g}, and nothing in it says which is white: "
                f"expected {self.low:g} to {self.high:g}"
            )
        told = self.high == 65535 and (image.mode.startswith("I;16") or image.format is not None)
        if not told and least < most < self.low + (self.high - self.low) / 255:
            raise ValueError(
                f"its values reach {most:g} of {self.high:g}, which is black all over, and nothing in it says "
                "which is white"
            )


def _first(value: Any, default: float) -> Any:
    if isinstance(value, tuple):
        return value[0] if value else default
    return default if value is None else value
