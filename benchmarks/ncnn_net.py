"""A network in ncnn, on one thread of the CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError

Floats = NDArray[np.float32]


def open_ncnn(param: Path, first: str, last: str) -> Callable[[NDArray[Any]], Floats]:
    """What a .param file, with its .bin beside it, makes of an array for its blob `first`: that of its blob `last`.

    Raises:
        SrganEdgeError: ncnn is not installed, or does not take the files.
    """
    try:
        import ncnn  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise SrganEdgeError(f"{param}: pip install ncnn to run it") from error
    weights = param.with_suffix(".bin")
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = 1  # more are ten times slower on a busy machine
    if net.load_param(str(param)) or not weights.is_file() or net.load_model(str(weights)):
        raise SrganEdgeError(f"{param}: ncnn does not take it and {weights.name}")

    def run(numbers: NDArray[Any]) -> Floats:
        given = np.ascontiguousarray(numbers, np.float32)
        shared = ncnn.Mat(given)  # the memory of `given`, whatever its order
        extractor = net.create_extractor()
        extractor.input(first, shared)
        failed, found = extractor.extract(last)
        if failed:
            raise SrganEdgeError(f"{param}: ncnn failed on an input of shape {given.shape}")
        return np.array(found)

    return run
