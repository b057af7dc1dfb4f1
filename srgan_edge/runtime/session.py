"""One model on one delegate: tiles of bytes in, tiles of bytes out."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError
from srgan_edge.runtime.captured import captured_output
from srgan_edge.runtime.interpreter import interpreter_package

Bytes = NDArray[np.uint8]


class Session:
    """A loaded model. It is not for use by two threads at once: an interpreter has one set of buffers."""

    delegate = "cpu"
    software = False

    def __init__(
        self, path: Path, threads: int = 0, library: Path | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        """Load a model on the CPU, or on what a TFLite delegate library offers.

        Args:
            path: the .tflite file.
            threads: of the CPU; 0 = as many as this process may use.
            library: a delegate's shared library, for an Edge TPU, say.
            options: its options.

        Raises:
            SrganEdgeError: the file is not a TFLite model, or not one of super-resolution; the library cannot be
                loaded or refuses the model.
        """
        self.path = path
        self._delivery = Delivery()
        self.threads = threads or available_cpus()
        package = interpreter_package()
        self.device = cpu_name(self.threads)
        extra: dict[str, Any] = {}
        if library is not None:
            self.delegate, self.device = str(library), f"{library.name} and {self.device}"
            extra["experimental_delegates"] = [_load_library(package, library, options or {})]
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SrganEdgeError(f"{path}: cannot be read: {error.strerror}") from error
        if content[4:8] != b"TFL3":
            raise SrganEdgeError(f"{path}: not a TFLite model")
        try:
            with captured_output():
                self._interpreter: Any = package.interpreter(model_content=content, num_threads=self.threads, **extra)
                self._check()
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError, SystemError) as error:
            raise SrganEdgeError(f"{path}: {package.name} cannot load it: {_first_line(error)}") from error
        self._input, self._output = self._details()

    @property
    def tile(self) -> int:
        """Side of the fixed input, 0 if the model takes any size."""
        signature = self._input["shape_signature"]
        return 0 if -1 in signature[1:3] else int(signature[1])

    @property
    def io_dtype(self) -> str:
        """uint8, int8 or float32."""
        return np.dtype(self._input["dtype"]).name

    def run(self, tile: Bytes, out: Bytes | None = None, margin: int = 0) -> Bytes:
        """`(h, w, 3)` bytes -> `(s h, s w, 3)` bytes; h = w = `self.tile` unless that is 0.

        With `out`, the result from row and column `margin` on is written there, as much as fits.
        """
        if self.tile == 0 and tuple(self._input["shape"][1:3]) != tile.shape[:2]:
            self._interpreter.resize_tensor_input(self._input["index"], (1, *tile.shape))
            self._interpreter.allocate_tensors()
            self._input, self._output = self._details()
        self._interpreter.tensor(self._input["index"])()[0] = as_input(tile, self._input["dtype"])
        self._interpreter.invoke()
        # Copied while it is looked at: the interpreter refuses to run while a view of its buffers is alive.
        result = self._interpreter.tensor(self._output["index"])()[0]
        return self._delivery.pixels(result, out, margin)

    def scale(self) -> int:
        """The factor the model enlarges by, found by running it if its shapes are not fixed."""
        side = self.tile or 16
        if self.tile == 0:
            self.run(np.zeros((side, side, 3), np.uint8))
        return int(self._output["shape"][1]) // side

    def close(self) -> None:
        """Free the model."""
        self._interpreter = None

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _details(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]

    def _check(self) -> None:
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise SrganEdgeError(f"{self.path}: has {len(inputs)} inputs and {len(outputs)} outputs, not one of each")
        for side, details in (("input", inputs[0]), ("output", outputs[0])):
            shape = tuple(int(n) for n in details["shape_signature"])
            dtype = np.dtype(details["dtype"]).name
            if len(shape) != 4 or shape[0] not in (1, -1) or shape[3] not in (3, -1):
                raise SrganEdgeError(
                    f"{self.path}: its {side} has shape {list(shape)}, not that of an image, [1, height, width, 3]"
                )
            if dtype not in ("uint8", "int8", "float32"):
                raise SrganEdgeError(f"{self.path}: its {side} is {dtype}; bytes are given as uint8, int8 or float32")
        shape = [int(n) for n in inputs[0]["shape_signature"][1:3]]
        if shape[0] != shape[1]:
            raise SrganEdgeError(f"{self.path}: its input is {shape[1]}x{shape[0]}; only square tiles are cut")


def as_input(pixels: Bytes, dtype: Any) -> NDArray[Any]:
    """Pixels as an input of a type takes them: bytes, or 0..255 for it to convert, or int8.

    An int8 value is the pixel minus 128, which is the same byte with its highest bit turned.
    """
    return (pixels ^ 0x80).view(np.int8) if dtype == np.int8 else pixels


class Delivery:
    """Makes a model's output pixels, whichever of the three types it has."""

    def __init__(self) -> None:
        self._rounded = np.empty(0, np.float32)

    def pixels(self, result: NDArray[Any], out: Bytes | None, margin: int) -> Bytes:
        """The result from row and column `margin` on, as much as fits in `out`; in new memory without it."""
        into: Bytes = np.empty(result.shape, np.uint8) if out is None else out
        part = result[margin : margin + into.shape[0], margin : margin + into.shape[1]]
        if part.dtype == np.uint8:
            into[...] = part
        elif part.dtype == np.int8:
            np.bitwise_xor(part.view(np.uint8), np.uint8(0x80), out=into)
        else:
            if self._rounded.shape != part.shape:  # kept: fresh memory costs more than the rounding
                self._rounded = np.empty(part.shape, np.float32)
            np.rint(part, out=self._rounded)
            np.copyto(into, np.clip(self._rounded, 0, 255, out=self._rounded), casting="unsafe")
        return into


def _load_library(package: Any, library: Path, options: Mapping[str, str]) -> Any:
    if not library.is_file():
        raise SrganEdgeError(f"{library}: no such delegate library")
    try:
        # Asked first: an object of a library without it fails once more when it is freed, where nobody can catch it.
        _ = ctypes.CDLL(str(library)).tflite_plugin_create_delegate
        return package.load_delegate(str(library), dict(options))
    except (OSError, ValueError, RuntimeError, AttributeError) as error:
        raise SrganEdgeError(f"{library}: not a delegate that {package.name} can load: {_first_line(error)}") from error


def cpu_name(threads: int) -> str:
    """What a result says that it was computed on."""
    return f"CPU, {threads} thread{'s'[: threads > 1]}, {interpreter_package().name}"


def available_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
