"""How fast a model is here: whole images and bare tiles, each configuration in a process of its own."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.runtime import isolated
from srgan_edge.runtime.ranges import Range, read_ranges
from srgan_edge.runtime.upscaler import Upscaler


class Speed(NamedTuple):
    """Times of one configuration."""

    model: str
    delegate: str
    device: str
    threads: int
    width: int
    """Of the image that is enlarged."""
    height: int
    compile_ms: float
    """Loading the model, ready to run."""
    first_ms: float
    """The first image."""
    median_ms: float
    """An image, after that."""
    p90_ms: float
    min_ms: float
    invoke_median_ms: float
    """One tile, without cutting and stitching, on one of the sessions that share the threads."""
    tiles: int
    peak_rss_mb: float
    """Of the process, the interpreter and Python included; not a number on Windows."""
    megapixels_per_second: float
    """Of the result."""


def benchmark(
    model: str,
    delegate: str,
    threads: int,
    size: tuple[int, int],
    runs: int,
    half: bool = False,
    options: Mapping[str, str] | None = None,
    input_range: Range | None = None,
    output_range: Range | None = None,
) -> Speed:
    """Measure a model on images of `size`, width and height, in a fresh process.

    Raises:
        SrganEdgeError: the model cannot be run so.
    """
    arguments = (model, delegate, threads, size, runs, half, dict(options or {}), input_range, output_range)
    try:
        found = isolated.call("srgan_edge.runtime.benchmark:measure", *arguments)
    except isolated.ChildError as error:
        raise SrganEdgeError(f"{model}: cannot be measured: its process ended with {error}") from error
    if "refused" in found:
        raise (UsageError if found["usage"] else SrganEdgeError)(found["refused"])
    return Speed(**found)


def measure(*arguments: Any) -> dict[str, Any]:
    """What `benchmark` does in its process."""
    try:
        return _measure(*arguments)._asdict()
    except SrganEdgeError as error:
        return {"refused": str(error), "usage": isinstance(error, UsageError)}


def _measure(
    model: str,
    delegate: str,
    threads: int,
    size: tuple[int, int],
    runs: int,
    half: bool,
    options: Mapping[str, str],
    input_range: Sequence[float] | None,
    output_range: Sequence[float] | None,
) -> Speed:
    width, height = size
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    started = time.perf_counter()
    ranges = read_ranges(input_range, output_range)
    with Upscaler(
        model,
        delegate=delegate,
        threads=threads,
        half=half,
        options=options,
        input_range=ranges.input,
        output_range=ranges.output,
    ) as upscaler:
        compiled = time.perf_counter() - started
        times = [_seconds(lambda: upscaler(image)) for _ in range(runs + 1)]
        tile = np.zeros((*upscaler.tile, 3), np.uint8)
        invokes = [_seconds(lambda: upscaler.tile_alone(tile)) for _ in range(runs + 1)]
        later = sorted(times[1:])
        median = statistics.median(later)
        return Speed(
            model=upscaler.model.name,
            delegate=upscaler.delegate,
            device=upscaler.device,
            threads=upscaler.threads,
            width=width,
            height=height,
            compile_ms=compiled * 1000,
            first_ms=times[0] * 1000,
            median_ms=median * 1000,
            p90_ms=later[min(len(later) - 1, int(len(later) * 0.9))] * 1000,
            min_ms=later[0] * 1000,
            invoke_median_ms=statistics.median(invokes[1:]) * 1000,
            tiles=upscaler.plan(height, width).tiles,
            peak_rss_mb=_peak_rss_mb(),
            megapixels_per_second=width * height * upscaler.scale**2 / median / 1e6,
        )


def _peak_rss_mb() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    # Linux counts in kilobytes, macOS in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
