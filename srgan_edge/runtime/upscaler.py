"""Upscaler: any image, any size."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srgan_edge import images
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.models import DEFAULT_MODEL, Model, find_model
from srgan_edge.runtime import tiling
from srgan_edge.runtime.delegates import open_session

Bytes = NDArray[np.uint8]

# A model without a card: more than the receptive field of the compact networks that people exchange.
OVERLAP_WITHOUT_CARD = 16
# Tile for models that take any size: bounded memory, and little of it is overlap.
TILE_OF_DYNAMIC_MODEL = 256


class Upscaler:
    """A super-resolution model, ready to enlarge images.

        with Upscaler("edge-m-x4") as upscaler:
            upscaler(Image.open("photo.jpg")).save("photo_x4.png")

    Calls from several threads are run one after the other.
    """

    def __init__(self, model: str | Path | Model = DEFAULT_MODEL, delegate: str = "auto", threads: int = 0) -> None:
        """Load a bundled model by name or a .tflite file.

        Args:
            model: a bundled model's name, a path, or a Model.
            delegate: what computes: auto or cpu.
            threads: CPU threads; 0 = as many as this process may use.

        Raises:
            UsageError: an unknown model or delegate.
            SrganEdgeError: the model cannot be run.
        """
        self.model = model if isinstance(model, Model) else find_model(str(model))
        self._session = open_session(self.model.path, delegate, threads)
        self.delegate, self.device = "cpu", self._session.device
        card = self.model.card
        self.scale = card.scale if card else self._session.scale()
        self.overlap = card.overlap if card else OVERLAP_WITHOUT_CARD
        self.tile = self._session.tile or TILE_OF_DYNAMIC_MODEL
        self._lock = threading.Lock()

    @overload
    def __call__(self, image: Image.Image) -> Image.Image: ...
    @overload
    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]: ...

    def __call__(self, image: Image.Image | Bytes) -> Image.Image | Bytes:
        """Enlarge a PIL image (alpha and greyness kept), or `(H, W, 3)` RGB bytes.

        Raises:
            UsageError: an array of another shape or type.
        """
        if isinstance(image, Image.Image):
            return images.to_pil(self.upscale(images.from_pil(image)))
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise UsageError(f"an image is uint8 of shape (height, width, 3), not {image.dtype} of {image.shape}")
        return self._upscale_rgb(image)

    def upscale(self, picture: images.Picture) -> images.Picture:
        """Enlarge a Picture; transparency is enlarged by the same model."""
        from dataclasses import replace

        alpha = picture.alpha
        if alpha is not None and alpha.min() < 255:
            alpha = self._upscale_rgb(np.repeat(alpha[..., None], 3, axis=2))[..., 1]
        elif alpha is not None:
            alpha = np.full((picture.height * self.scale, picture.width * self.scale), 255, np.uint8)
        return replace(picture, rgb=self._upscale_rgb(picture.rgb), alpha=alpha)

    def plan(self, height: int, width: int) -> tiling.Plan:
        """The tiles that an image of a size is run in."""
        return tiling.plan(height, width, self.tile, self.overlap)

    def close(self) -> None:
        """Free the model."""
        self._session.close()

    def __enter__(self) -> Upscaler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _upscale_rgb(self, rgb: Bytes) -> Bytes:
        height, width = rgb.shape[:2]
        try:
            result = np.empty((height * self.scale, width * self.scale, 3), np.uint8)
        except MemoryError as error:
            size = f"{width * self.scale}x{height * self.scale}"
            raise SrganEdgeError(f"no memory for a result of {size} pixels") from error
        row = 0
        with self._lock:
            for strip in tiling.strips(rgb, self.plan(height, width), self.scale, self._session.run):
                result[row : row + len(strip)] = strip
                row += len(strip)
        return result
