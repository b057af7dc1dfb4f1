"""Try a model on a device in a process of its own: a driver that crashes or hangs takes nothing with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from srgan_edge.errors import SrganEdgeError
from srgan_edge.runtime import isolated
from srgan_edge.runtime.compiled import CompiledSession, NoDeviceError
from srgan_edge.runtime.ranges import UNSAID, Ranges, read_ranges
from srgan_edge.runtime.session import Session

TIME_LIMIT = 60.0
# Levels of 0..255 that a right device may differ by: int8 models are computed in floating point there.
WORST_DIFFERENCE = 8


class Finding(NamedTuple):
    """What a device did with a model."""

    device: str
    """Its name; empty if it could not be used."""
    software: bool
    """It is a program on the CPU that plays a GPU: it proves code and is slow."""
    reason: str
    """Why it cannot be used; empty if it can."""
    absent: bool = False
    """It is not there, or what makes it usable is not installed."""


def probe(
    path: Path,
    delegate: str,
    half: bool,
    options: Mapping[str, str],
    ranges: Ranges = UNSAID,
    limit: float | None = None,
) -> Finding:
    """Compile a model on a device and compare one tile with the CPU, for at most `limit` or TIME_LIMIT seconds."""
    limit = TIME_LIMIT if limit is None else limit
    try:
        arguments = (str(path.absolute()), delegate, half, dict(options), *ranges)
        return Finding(*isolated.call("srgan_edge.runtime.probe:find", *arguments, limit=limit))
    except TimeoutError:
        return Finding("", False, f"gave no result in {limit:g} seconds")
    except isolated.ChildError as error:
        return Finding("", False, f"the driver crashes ({error})")


def find(
    path: str,
    delegate: str,
    half: bool,
    options: Mapping[str, str],
    input_range: list[float] | None,
    output_range: list[float] | None,
) -> Finding:
    """What `probe` does in its process."""
    ranges = read_ranges(input_range, output_range)
    try:
        with CompiledSession(Path(path), delegate, half, options, ranges) as session:
            height, width = session.tile
            rows = np.linspace(0, 1023, width).astype(np.uint16)
            row = np.stack([np.minimum(rows, 255), rows % 256, rows // 4], axis=-1).astype(np.uint8)
            tile = np.tile(row, (height, 1, 1))
            result = session.run(tile)
            device, software = session.device, session.software
        with Session(Path(path), ranges=ranges) as cpu:
            worst = int(np.abs(cpu.run(tile).astype(np.int16) - result).max())
    except SrganEdgeError as error:
        reason = str(error).removeprefix(f"{path}: {delegate}: ")
        return Finding("", False, reason, isinstance(error, NoDeviceError))
    if worst > WORST_DIFFERENCE:
        return Finding("", software, f"{device} computes something else than the CPU: up to {worst} levels of 255 off")
    return Finding(device, software, "")
