"""Try a model on a device in a process of its own: a driver that crashes or hangs takes nothing with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from srgan_edge.errors import SrganEdgeError
from srgan_edge.runtime.captured import captured_output
from srgan_edge.runtime.compiled import CompiledSession
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


def probe(path: Path, delegate: str, half: bool, options: Mapping[str, str], limit: float = TIME_LIMIT) -> Finding:
    """Compile a model on a device and compare one tile with the CPU, for at most `limit` seconds."""
    request = json.dumps([str(path), delegate, half, dict(options)])
    command = [sys.executable, "-m", "srgan_edge.runtime.probe", request]
    folders = os.pathsep.join(filter(None, sys.path))  # the child finds what this process found
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=limit, env={**os.environ, "PYTHONPATH": folders}, check=False
        )
    except subprocess.TimeoutExpired:
        return Finding("", False, f"gave no result in {limit:.0f} seconds")
    try:
        return Finding(*json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        what = "the runtime crashes on this file" if delegate == "cpu" else "the driver crashes"
        return Finding("", False, f"{what} (code {done.returncode}{': ' + lines[-1] if lines else ''})")


def check_stranger(path: Path) -> None:
    """Try a model file of unknown origin where its crash does no harm: a damaged one can bring the runtime down.

    Raises:
        SrganEdgeError: it cannot be loaded and run; the message has the reason.
    """
    if reason := probe(path, "cpu", False, {}).reason:
        raise SrganEdgeError(reason if reason.startswith(str(path)) else f"{path}: cannot be run: {reason}")


def find(path: Path, delegate: str, half: bool, options: Mapping[str, str]) -> Finding:
    """What `probe` does in its process."""
    try:
        if delegate == "cpu":
            with Session(path) as session:
                side = session.tile or 16
                session.run(np.zeros((side, side, 3), np.uint8))
            return Finding("CPU", False, "")
        with CompiledSession(path, delegate, half, options) as session:
            rows = np.linspace(0, 1023, session.tile).astype(np.uint16)
            tile = np.stack([np.minimum(rows, 255), rows % 256, rows // 4], axis=-1).astype(np.uint8)
            tile = np.tile(tile, (session.tile, 1, 1))
            result = session.run(tile)
            device, software = session.device, session.software
        with Session(path) as cpu:
            worst = int(np.abs(cpu.run(tile).astype(np.int16) - result).max())
    except SrganEdgeError as error:
        return Finding("", False, str(error).removeprefix(f"{path}: {delegate}: "))
    if worst > WORST_DIFFERENCE:
        return Finding("", software, f"{device} computes something else than the CPU: up to {worst} levels of 255 off")
    return Finding(device, software, "")


if __name__ == "__main__":
    with captured_output():
        model, *rest = json.loads(sys.argv[1])
        finding = find(Path(model), *rest)
    sys.stdout.write(json.dumps(finding))
    sys.stdout.flush()
    os._exit(0)  # a driver's clean-up has nothing more to say
