"""Upscaler: any image, any size."""

from __future__ import annotations

import math
import os
import queue
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, overload

import numpy as np
from PIL import Image

from srgan_edge.errors import SrganEdgeError, SrganEdgeWarning, UsageError
from srgan_edge.imaging import Bytes, images
from srgan_edge.models import DEFAULT_MODEL, Model, file_sha256, find_model
from srgan_edge.runtime import tiling
from srgan_edge.runtime.compiled import CompiledSession
from srgan_edge.runtime.delegates import fastest_format, open_sessions
from srgan_edge.runtime.ranges import Range, Ranges
from srgan_edge.runtime.session import Session, cpu_name
from srgan_edge.runtime.strength import mix, pair
from srgan_edge.runtime.vetting import vet


class Upscaler:
    """A super-resolution model, ready to enlarge images.

        with Upscaler("edge-m-x4") as upscaler:
            upscaler(Image.open("photo.jpg")).save("photo_x4.png")

    Several threads may call it at once.

    Attributes:
        model: what is run; of a strength above 0 the network for looks.
        scale: enlargement each way, a whole number.
        tile: height and width in pixels of what the model is given at a time.
        overlap: pixels on each side of a tile whose result is thrown away.
        delegate: what computes: cpu, gpu, npu or a library.
        device: its name.
        reason: why `auto` chose it; empty where a delegate was named.
        threads: of the CPU.
        notes: what the warnings of the constructor say.
    """

    def __init__(
        self,
        model: str | Path | Model = DEFAULT_MODEL,
        *,
        delegate: str = "auto",
        threads: int = 0,
        half: bool = False,
        options: Mapping[str, str] | None = None,
        input_range: Range | None = None,
        output_range: Range | None = None,
        strength: float | None = None,
    ) -> None:
        """Load a bundled model by name or a .tflite file.

        Args:
            model: a bundled model's name, a path, or a Model. A name without a format means the INT8 export, on a GPU
                the FP16 one.
            delegate: what computes: auto, cpu, gpu, npu or the path of a TFLite delegate's library.
            threads: CPU threads; 0 = as many as this process may use.
            half: the GPU may compute in 16-bit floating point.
            options: of the delegate.
            input_range: what black and white are to a model without a card whose file does not say it, (0, 1) say.
            output_range: what they are in its result, if not the same.
            strength: of the texture, from 0, the faithful network of a pair, to 1, the one for looks; `model` is
                either. Between them both are run, and their results mixed.

        Warns:
            SrganEdgeWarning: how far the model looks is not known, so that there may be seams between its tiles.

        Raises:
            UsageError: an unknown model or delegate, a range is needed, or the model is none of a pair.
            SrganEdgeError: the model cannot be run, or is not what its card says.
        """
        self.model = model if isinstance(model, Model) else find_model(str(model), fastest_format(delegate))
        self.strength, self._faithful = strength, None
        if strength is not None:
            if not 0 <= strength <= 1:
                raise UsageError(f"a strength is from 0 to 1, not {strength:g}")
            faithful, looks = pair(self.model)
            self.model = looks if strength else faithful
            if 0 < strength < 1:
                self._faithful = Upscaler(
                    faithful,
                    delegate=delegate,
                    threads=threads,
                    half=half,
                    options=options,
                    input_range=input_range,
                    output_range=output_range,
                )
        facts = vet(self.model, Ranges(input_range, output_range))
        self.scale, self.overlap, self.notes = facts.scale, facts.overlap, facts.notes
        self._stride = facts.stride  # of which the overlap is a multiple
        self._sessions, self.reason, self.threads = open_sessions(
            self.model.path, delegate, threads, half, options, facts.ranges
        )
        session = self._sessions[0]
        self.delegate = session.delegate
        self.device = session.device + (" (software)" if session.software else "")
        if self.delegate == "cpu":
            self.device = cpu_name(self.threads)
        side = max(tiling.ANY_SIZE_TILE, 4 * self.overlap)
        self.tile = session.tile or (side, side)
        if self._faithful is not None:
            if (self._faithful.scale, self._faithful.tile) != (self.scale, self.tile):
                raise UsageError(f"{self._faithful.model.name} and {self.model.name} differ in scale or tile")
            self._stride = math.lcm(self._stride, self._faithful._stride)
            self.overlap = tiling.multiple(max(self.overlap, self._faithful.overlap), self._stride)
        for note in self.notes:
            warnings.warn(f"{self.name}: {note}", SrganEdgeWarning, stacklevel=2)
        self._closed, self._process = False, os.getpid()
        self._free: queue.SimpleQueue[Session | CompiledSession] = queue.SimpleQueue()
        for session in self._sessions:
            self._free.put(session)
        self._pool = ThreadPoolExecutor(len(self._sessions), "tile")

    @overload
    def __call__(self, image: Image.Image | str | Path | bytes | BinaryIO) -> Image.Image: ...
    @overload
    def __call__(self, image: Bytes) -> Bytes: ...

    def __call__(self, image: Image.Image | str | Path | bytes | BinaryIO | Bytes) -> Image.Image | Bytes:
        """Enlarge a picture.

        Args:
            image: a PIL image, or a photo's path, bytes or open file, which give a PIL image, turned upright, with
                its transparency and greyness, and in `info` its colour profile, resolution, EXIF and XMP; or an array
                of uint8, `(H, W, 3)` in RGB, which gives an array `(scale H, scale W, 3)`. Pillow's `save` writes the
                profile of `info` into PNG, TIFF and AVIF; JPEG and WebP need `icc_profile=result.info["icc_profile"]`.

        Warns:
            SrganEdgeWarning: something was done to what the photo held, or is not kept: 16 bits became 8, one of
                several frames was taken, damaged EXIF was dropped.

        Raises:
            UsageError: an array of another shape or type, or an image without pixels.
            UnreadableImageError: the file cannot be decoded.
            ValueError: the values of a PIL image cannot be told black from white, or its colours are HDR.
        """
        if not isinstance(image, np.ndarray):
            picture = images.from_pil(image) if isinstance(image, Image.Image) else images.read(image)
            if notes := (*picture.notes, *(("texts not kept",) if picture.metadata.text else ())):
                warnings.warn(f"{_name_of(image)}: {', '.join(notes)}", SrganEdgeWarning, stacklevel=2)
            return images.to_pil(self.upscale(picture))
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise UsageError(f"an image is uint8 of shape (height, width, 3), not {image.dtype} of {image.shape}")
        return self.upscale(images.Picture(image)).rgb

    def upscale(self, picture: images.Picture) -> images.Picture:
        """Enlarge a Picture; transparency is enlarged by the same model.

        Raises:
            UsageError: its pixels are no bytes.
            SrganEdgeError: there is no memory for the result; `strips` needs little.
        """
        if picture.pixels.dtype != np.uint8:
            raise UsageError(f"a Picture's pixels are uint8, not {picture.pixels.dtype}")
        height, width = picture.height * self.scale, picture.width * self.scale
        try:
            pixels = np.empty((height, width, picture.pixels.shape[2]), np.uint8)
        except MemoryError as error:
            raise SrganEdgeError(f"no memory for a result of {width}x{height} pixels") from error
        for _ in self.strips(picture.pixels, pixels, colourless(picture.pixels)):
            pass
        return replace(picture, pixels=pixels)

    def strips(self, pixels: Bytes | tiling.Window, out: Bytes | None = None, grey: bool = False) -> Iterator[Bytes]:
        """The rows of an enlarged picture from top to bottom, `(n, width, C)` bytes each, C that of the picture.

        One channel is run as three equal planes, transparency likewise. With `out`, `(height, width, C)` bytes, all is
        there in the end. With `grey`, all channels of the result are its luma: networks tint greys.
        """
        self._check_open()
        height, width, channels = pixels.shape
        run = self._run if channels == 3 and not grey else partial(self._run_channels, grey)
        strips = tiling.strips(pixels, self.plan(height, width), self.scale, run, self._pool, out)
        return self._until_closed(strips)

    def _until_closed(self, strips: Iterator[Bytes]) -> Iterator[Bytes]:
        try:
            yield from strips
        except (CancelledError, RuntimeError) as error:  # of the pool: another thread has closed it meanwhile
            self._check_open()
            raise error

    @property
    def name(self) -> str:
        """Of the model, and its strength."""
        return self.model.name if self._faithful is None else f"{self.model.name} at strength {self.strength:g}"

    @property
    def sha256(self) -> str:
        """Of the files, and what of each: results of two Upscalers on one device are equal if it is."""
        digest = file_sha256(self.model.path)
        return digest if self._faithful is None else f"{digest} {self.strength} {self._faithful.sha256}"

    def plan(self, height: int, width: int) -> tiling.Plan:
        """The tiles that an image of a size is run in."""
        return tiling.plan(height, width, self.tile, self.overlap)

    def tile_alone(self, tile: Bytes) -> Bytes:
        """Run the model on one tile, bytes of its height and width, by one session."""
        self._check_open()
        made = np.empty((tile.shape[0] * self.scale, tile.shape[1] * self.scale, 3), np.uint8)
        self._run(tile, made, 0)
        return made

    def close(self) -> None:
        """Free the model; once more it does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._process != os.getpid():
            return  # its threads are another process's
        self._pool.shutdown(cancel_futures=True)
        for session in self._sessions:
            session.close()
        if self._faithful is not None:
            self._faithful.close()

    def __enter__(self) -> Upscaler:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("this Upscaler is closed")
        if self._process != os.getpid():
            raise UsageError(
                "this Upscaler was opened before the process forked, and its threads stayed behind: open one here"
            )

    def _run_channels(self, grey: bool, tile: Bytes, out: Bytes, margin: int) -> None:
        """Run a tile of 1 to 4 channels, `(t, t, C)` bytes."""
        single, transparent = tile.shape[2] < 3, tile.shape[2] in (2, 4)
        colours = np.broadcast_to(tile[..., :1], (*tile.shape[:2], 3)) if single else tile[..., :3]
        made = np.empty((*out.shape[:2], 3), np.uint8)
        self._run(np.ascontiguousarray(colours), made, margin)
        if single:
            out[..., 0] = luma(made)
        else:
            out[..., :3] = luma(made)[..., np.newaxis] if grey else made
        if transparent:
            alpha = tile[..., -1:]
            if alpha.min() == 255 or alpha.max() == 0:  # most tiles: as they are, which models leave them too
                out[..., -1] = alpha[0, 0, 0]
            else:
                self._run(np.repeat(alpha, 3, axis=2), made, margin)
                out[..., -1] = made[..., 1]

    def _run(self, tile: Bytes, out: Bytes, margin: int) -> None:
        session = self._free.get()
        try:
            session.run(tile, out, margin)
        finally:
            self._free.put(session)
        if self._faithful is not None and self.strength is not None:
            faithful = np.empty(out.shape, np.uint8)
            self._faithful._run(tile, faithful, margin)
            out[:] = mix(faithful, out, self.strength)


def _name_of(image: Image.Image | str | Path | bytes | BinaryIO) -> str:
    """What a warning calls a photo."""
    if isinstance(image, str | Path):
        return str(image)
    return str(getattr(image, "filename", "") or getattr(image, "name", "") or type(image).__name__)


def colourless(pixels: Bytes) -> bool:
    """Whether `(H, W, C)` bytes have three channels of colour, and each pixel is grey."""
    strips = (pixels[top : top + 64] for top in range(0, len(pixels), 64))
    return pixels.shape[2] >= 3 and all((strip[..., :1] == strip[..., 1:3]).all() for strip in strips)


def luma(rgb: Bytes) -> Bytes:
    """`(h, w)` greys of `(h, w, 3)` bytes, BT.601, as Pillow makes them."""
    red, green, blue = (rgb[..., channel].astype(np.uint32) for channel in range(3))
    return ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).astype(np.uint8)
