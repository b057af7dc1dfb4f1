"""One model on a GPU or NPU through LiteRT's CompiledModel: tiles of bytes in, tiles of bytes out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.runtime.captured import captured_output, silence_at_exit
from srgan_edge.runtime.ranges import UNSAID, Ranges
from srgan_edge.runtime.session import Session
from srgan_edge.runtime.slopes import signed_slopes

# Larger tiles run into the GPU's limits: a 9x9 convolution of 64 channels does at 176.
COMPILED_TILE = 128

# What OpenVINO can compute on.
GRAPH_BACKENDS = ("npu", "gpu", "cpu")

_ADAPTER = re.compile(r"Selected adapter: (?P<name>.*?), arch=.*adapterType=(?P<kind>.*)")
# What went wrong, as the drivers say it; the exception itself names a line of C++.
_NO_DEVICE = (
    (r"vkCreateInstance: Found no drivers", "no Vulkan driver is installed"),
    (r"(libvulkan\.so[.\d]*): cannot open shared object file", "{} is not installed"),
    (r'Cannot load library "[^"]*?([^"/]+)"', "OpenVINO cannot load {}"),
    (r"(libopenvino\.so[.\d]*): cannot open shared object file", "{} is not installed"),
    (r"No adapters found", "the Vulkan drivers offer no GPU"),
)
_REFUSAL = re.compile(r"ERROR: \[\S+\] ([^\n]+)")


class NoDeviceError(SrganEdgeError):
    """A device is not there, or what makes it usable is not installed."""


class CompiledSession:
    """A model that a GPU or NPU computes from end to end, or not at all. It is not for two threads at once."""

    def __init__(
        self, path: Path, delegate: str, half: bool, options: Mapping[str, str], ranges: Ranges = UNSAID
    ) -> None:
        """Compile a model.

        Args:
            path: the .tflite file.
            delegate: gpu or npu.
            half: the GPU may compute in 16-bit floating point.
            options: npu: `graph_backend`, OpenVINO's npu, gpu or cpu; any other is handed to OpenVINO.
            ranges: as of a Session.

        Raises:
            NoDeviceError: the device is not there; the message has the driver's reason.
            SrganEdgeError: it refuses the model; likewise.
            UsageError: an option that the delegate does not have.
        """
        check_options(delegate, options)
        self.path, self.delegate = path, delegate
        with Session(path, 1, ranges=ranges) as plain:  # which also refuses what is no super-resolution model
            self.io_dtype, self.scale, self.ranges = plain.io_dtype, plain.scale, plain.ranges
            self._to_numbers, self._to_pixels, self._made = plain.to_numbers, plain.to_pixels, plain.output_dtype
        dynamic = plain.tile is None
        self.tile = plain.tile or (COMPILED_TILE, COMPILED_TILE)
        with captured_output() as said:
            try:
                self._model: Any = _compile(path, delegate, half, options)
                if dynamic:
                    self._model.resize_input_tensor(0, (1, *self.tile, 3))
                self._input: Any
                self._output: Any
                (self._input,) = self._model.create_input_buffers(0)
                (self._output,) = self._model.create_output_buffers(0)
            except ImportError as error:
                raise SrganEdgeError(f"{delegate}: needs ai-edge-litert 2.1 or later: {error}") from error
            except (RuntimeError, ValueError) as error:
                raise _explained(said.text(), error, f"{path}: {delegate}") from error
            adapter = _ADAPTER.search(said.text())
            self.device = delegate
            self.run(np.zeros((*self.tile, 3), np.uint8))  # the first run has more to print
        self.software = adapter is not None and "CPU" in adapter["kind"]
        self.device = adapter["name"] if adapter else f"{delegate}, OpenVINO {options.get('graph_backend', 'npu')}"

    def run(self, tile: Bytes, out: Bytes | None = None, margin: int = 0) -> Bytes:
        """`(h, w, 3)` bytes -> `(s h, s w, 3)` bytes; h and w are `self.tile`.

        With `out`, the result from row and column `margin` on is written there, as much as fits.

        Raises:
            SrganEdgeError: the device fails.
        """
        height, width = self.tile
        if tile.shape != (height, width, 3):  # a buffer takes whatever it is given
            raise SrganEdgeError(f"{self.path}: tiles are {width}x{height}, not of shape {tile.shape}")
        shape = (height * self.scale, width * self.scale, 3)
        try:
            self._input.write(self._to_numbers(tile).astype(np.dtype(self.io_dtype), copy=False))
            self._model.run_by_index(0, [self._input], [self._output])
            result = self._output.read(math.prod(shape), self._made.type)
        except RuntimeError as error:
            raise SrganEdgeError(f"{self.path}: {self.device} failed: {error}") from error
        return self._to_pixels(result.reshape(shape), out, margin)

    def close(self) -> None:
        """Free the device."""
        with captured_output():
            del self._input, self._output, self._model
        silence_at_exit()

    def __enter__(self) -> CompiledSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_options(delegate: str, options: Mapping[str, str]) -> None:
    """Refuse options before anything is loaded.

    Raises:
        UsageError: the gpu has none; the npu has an unknown `graph_backend`.
    """
    if delegate == "gpu" and options:
        raise UsageError(f"the gpu delegate has no options, so none named {next(iter(options))}")
    backend = options.get("graph_backend", "npu").lower()
    if backend not in GRAPH_BACKENDS:
        raise UnknownNameError("graph_backend", backend, GRAPH_BACKENDS)


def _compile(path: Path, delegate: str, half: bool, options: Mapping[str, str]) -> Any:
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator
    from ai_edge_litert.options import GpuOptions, IntelOpenVinoGraphBackend, IntelOpenVinoOptions, Options

    # Strictly one accelerator: with the CPU beside it a missing GPU would silently be the CPU.
    if delegate == "gpu":
        chosen = Options(HardwareAccelerator.GPU, gpu_options=GpuOptions(enforce_f32=not half))
        return CompiledModel.from_buffer(signed_slopes(path.read_bytes()), options=chosen)
    try:
        import openvino  # noqa: F401  # pyright: ignore[reportMissingImports]  # it puts its libraries in reach
    except ImportError as error:
        raise NoDeviceError(f"{path}: {delegate}: OpenVINO is not installed") from error
    rest = dict(options)
    backend = IntelOpenVinoGraphBackend[rest.pop("graph_backend", "npu").upper()]
    chosen = IntelOpenVinoOptions(graph_backend=backend, configs_map=rest)
    return CompiledModel.from_file(str(path), options=Options(HardwareAccelerator.NPU, intel_openvino_options=chosen))


def _explained(said: str, error: Exception, where: str) -> SrganEdgeError:
    text = f"{said}\n{error}"
    for pattern, sentence in _NO_DEVICE:
        if found := re.search(pattern, text):
            return NoDeviceError(f"{where}: {sentence.format(*found.groups())}")
    found = _REFUSAL.search(text)
    reason = found[1].strip().rstrip(".") if found else str(error).strip().splitlines()[-1]
    return SrganEdgeError(f"{where}: {reason}")
