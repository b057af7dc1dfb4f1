"""One model on one delegate: tiles of bytes in, tiles of bytes out."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.runtime.captured import captured_output
from srgan_edge.runtime.interpreter import interpreter_package
from srgan_edge.runtime.ranges import UNSAID, Numbers, Ranges, ToNumbers, ToPixels, resolve

# What a model that takes any size is tried on.
_SIDE = 16


class Session:
    """A loaded model. It is not for use by two threads at once: an interpreter has one set of buffers."""

    delegate = "cpu"
    software = False

    def __init__(
        self,
        path: Path,
        threads: int = 0,
        library: Path | None = None,
        options: Mapping[str, str] | None = None,
        ranges: Ranges = UNSAID,
    ) -> None:
        """Load a model on the CPU, or on what a TFLite delegate library offers.

        Args:
            path: the .tflite file.
            threads: of the CPU; 0 = as many as this process may use.
            library: a delegate's shared library, for an Edge TPU, say.
            options: its options.
            ranges: what black and white are to the model, where its file does not say it and they are not 0 and 255.

        Raises:
            SrganEdgeError: the file is not a TFLite model, or not one of super-resolution; the library cannot be
                loaded or refuses the model.
            UsageError: more threads than are sensible, or a range is needed.
        """
        self.path = path
        self.threads = checked_threads(threads)
        package = interpreter_package()
        self.device = cpu_name(self.threads)
        extra: dict[str, Any] = {}
        if library is not None:
            self.delegate, self.device = str(library), f"{library.name} and {self.device}"
            extra["experimental_delegates"] = [_load_library(package, library, options or {})]
        content = read_content(path)
        try:
            with captured_output():
                self._interpreter: Any = package.interpreter(model_content=content, num_threads=self.threads, **extra)
                self._check()
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError, SystemError) as error:
            raise SrganEdgeError(f"{path}: {package.name} cannot load it: {_first_line(error)}") from error
        self._input, self._output = self._details()
        self.set_ranges(ranges)
        self.scale = self._find_scale()

    def set_ranges(self, ranges: Ranges) -> None:
        """Say what black and white are to the model.

        Raises:
            UsageError: its file does not say it either.
        """
        taken, made = (_numbers(details) for details in (self._input, self._output))
        found = resolve(ranges, taken, made)
        if found is None:
            low, high = taken.span or (0, 0)
            raise UsageError(
                f"{self.path}: its input holds numbers from {low:.4g} to {high:.4g}: "
                "give the values of black and white, as in --input-range 0 1"
            )
        self.ranges, self.output_dtype = Ranges(*found), made.dtype
        self.to_numbers, self.to_pixels = ToNumbers(taken, found[0]), ToPixels(made, found[1])

    @property
    def tile(self) -> tuple[int, int] | None:
        """Height and width of the fixed input; None if the model takes any size."""
        height, width = (int(n) for n in self._input["shape_signature"][1:3])
        return None if -1 in (height, width) else (height, width)

    @property
    def io_dtype(self) -> str:
        """uint8, int8, int16 or float32."""
        return np.dtype(self._input["dtype"]).name

    def run(self, tile: Bytes, out: Bytes | None = None, margin: int = 0) -> Bytes:
        """`(h, w, 3)` bytes -> `(s h, s w, 3)` bytes; h and w are `self.tile` unless that is None.

        With `out`, the result from row and column `margin` on is written there, as much as fits.

        Raises:
            SrganEdgeError: the delegate fails.
        """
        # Copied while it is looked at: the interpreter refuses to run while a view of its buffers is alive.
        return self.to_pixels(self.invoke(tile), out, margin)

    def invoke(self, tile: Bytes) -> NDArray[Any]:
        """A tile's result as the model's own numbers, `(s h, s w, 3)`: a view, to be let go before the next.

        Raises:
            SrganEdgeError: the delegate fails.
        """
        try:
            if self.tile is None and tuple(self._input["shape"][1:3]) != tile.shape[:2]:
                self._interpreter.resize_tensor_input(self._input["index"], (1, *tile.shape))
                self._interpreter.allocate_tensors()
                self._input, self._output = self._details()
            self._interpreter.tensor(self._input["index"])()[0] = self.to_numbers(tile)
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise SrganEdgeError(f"{self.path}: {self.device} failed: {_first_line(error)}") from error
        return self._interpreter.tensor(self._output["index"])()[0]

    def _find_scale(self) -> int:
        """The factor the model enlarges by, found by running it if its shapes are not fixed."""
        tile = self.tile
        if tile is None:
            tile = (_SIDE, _SIDE)
            self.run(np.zeros((*tile, 3), np.uint8))
        height, width = (int(n) for n in self._output["shape"][1:3])
        return whole_scale(self.path, tile, (height, width))

    def close(self) -> None:
        """Free the model."""
        self._interpreter = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
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
            quantized = details["quantization"][0] > 0
            if dtype not in ("uint8", "int8", "float32") and not (dtype == "int16" and quantized):
                raise SrganEdgeError(
                    f"{self.path}: its {side} is {dtype}; pixels are given as uint8, int8, float32 or quantized int16"
                )


def whole_scale(path: Path, given: tuple[int, int], made: tuple[int, int]) -> int:
    """The factor between two heights and widths.

    Raises:
        SrganEdgeError: it is not a whole number, or not the same both ways.
    """
    factors = [m / max(1, g) for g, m in zip(given, made, strict=True)]
    scale = round(factors[0])
    if scale < 1 or (given[0] * scale, given[1] * scale) != made:
        factor = f"x{factors[0]:.4g}" if factors[0] == factors[1] else f"x{factors[1]:.4g} by x{factors[0]:.4g}"
        raise SrganEdgeError(
            f"{path}: makes {made[1]}x{made[0]} of {given[1]}x{given[0]} pixels, {factor}; "
            "models that enlarge by a whole number, the same both ways, can be run"
        )
    return scale


def read_content(path: Path) -> bytes:
    """The bytes of a .tflite file.

    Raises:
        SrganEdgeError: it cannot be read, or is none.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SrganEdgeError(f"{path}: cannot be read: {error.strerror}") from error
    if content[4:8] != b"TFL3":
        raise SrganEdgeError(f"{path}: not a TFLite model")
    return content


def _numbers(details: dict[str, Any]) -> Numbers:
    scale, zero_point = details["quantization"]
    return Numbers(np.dtype(details["dtype"]), float(scale), int(zero_point))


def _load_library(package: Any, library: Path, options: Mapping[str, str]) -> Any:
    if not library.is_file():
        raise SrganEdgeError(f"{library}: no such delegate library")
    given, library = library, library.resolve()  # a bare name would be looked for in the system's folders
    try:
        # Asked first: an object of a library without it fails once more when it is freed, where nobody can catch it.
        _ = ctypes.CDLL(str(library)).tflite_plugin_create_delegate
        return package.load_delegate(str(library), dict(options))
    except (OSError, ValueError, RuntimeError, AttributeError) as error:
        raise SrganEdgeError(f"{given}: not a delegate that {package.name} can load: {_first_line(error)}") from error


def cpu_name(threads: int) -> str:
    """What a result says that it was computed on."""
    return f"CPU, {threads} thread{'s'[: threads > 1]}, {interpreter_package().name}"


def available_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_threads(threads: int) -> int:
    """A number of threads; 0 = the CPUs that this process may use.

    Raises:
        UsageError: there are too many, or fewer than none.
    """
    most = max(64, 4 * (os.cpu_count() or 1))
    if not 0 <= threads <= most:
        raise UsageError(f"{threads} threads: from 1 to {most} are possible here, 0 for the {available_cpus()} CPUs")
    return threads or available_cpus()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
