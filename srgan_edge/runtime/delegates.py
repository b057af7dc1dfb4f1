"""What can compute a model here, which of it is chosen, and why the rest is not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.models import WEIGHTS
from srgan_edge.runtime import verdicts
from srgan_edge.runtime.compiled import CompiledSession, check_options
from srgan_edge.runtime.interpreter import interpreter_package
from srgan_edge.runtime.probe import Finding, probe
from srgan_edge.runtime.ranges import UNSAID, Ranges
from srgan_edge.runtime.session import Session, available_cpus, checked_threads

DELEGATES = ("auto", "cpu", "gpu", "npu")
_LIBRARIES = (".so", ".dll", ".dylib")
# Each has buffers of its own, which for a large model are hundreds of megabytes.
_MOST_SESSIONS = 4
_TO_INSTALL = {
    "gpu": "it needs a Vulkan driver (libvulkan1 and that of the GPU: vulkaninfo lists it)",
    "npu": "it needs OpenVINO (pip install openvino) and the driver of an Intel NPU",
}


class Delegate(NamedTuple):
    """A way to compute."""

    name: str
    available: bool
    device: str
    software: bool
    """A program on the CPU that plays a GPU; never chosen by auto."""
    reason: str
    """Why it is not available; empty if it is."""


class Choice(NamedTuple):
    """The sessions that compute a model's tiles, each by a thread of its own, and the reason why auto opened these."""

    sessions: Sequence[Session | CompiledSession]
    reason: str
    """Empty where a delegate was named."""
    threads: int
    """Of the CPU, in all."""


def fastest_format(delegate: str) -> str:
    """The format that a delegate is fastest with."""
    return "fp16" if delegate == "gpu" else "int8"


def delegates() -> list[Delegate]:
    """Every delegate, and whether it can be used here: each is tried with a bundled model."""
    cpus = available_cpus()
    try:
        package = interpreter_package().name
    except SrganEdgeError as error:
        return [Delegate("cpu", False, f"{cpus} CPUs", False, str(error))]
    found = [Delegate("cpu", True, f"{cpus} CPUs, {package} with XNNPACK", False, "")]
    for name in ("gpu", "npu"):
        finding = probe(next(WEIGHTS.glob(f"*-{fastest_format(name)}.tflite")), name, False, {})
        found.append(Delegate(name, not finding.reason, finding.device, finding.software, _advised(name, finding)))
    return found


def _advised(delegate: str, finding: Finding) -> str:
    """Why a device cannot be used, and what to install where that is the reason."""
    return f"{finding.reason}; {_TO_INSTALL[delegate]}" if finding.absent else finding.reason


def open_sessions(
    path: Path,
    delegate: str,
    threads: int,
    half: bool = False,
    options: Mapping[str, str] | None = None,
    ranges: Ranges = UNSAID,
) -> Choice:
    """Load a model on a delegate.

    Args:
        path: the .tflite file.
        delegate: cpu, gpu, npu, the path of a TFLite delegate's library, or auto: the GPU for floating-point models
            if a real one is here, else the CPU.
        threads: of the CPU; 0 = as many as this process may use.
        half: the GPU may compute in 16-bit floating point: faster, and slightly less exact.
        options: of the delegate.
        ranges: what black and white are to the model, where its file does not say it.

    Raises:
        UsageError: an unknown delegate, options that it does not have, too many threads.
        SrganEdgeError: the model cannot be loaded on it; the message has the reason.
    """
    options, threads = options or {}, checked_threads(threads)
    library = Path(delegate)
    if library.suffix in _LIBRARIES or "/" in delegate or os.sep in delegate:
        return Choice([Session(path, threads, library, options, ranges)], "", threads)
    if delegate not in DELEGATES:
        raise UnknownNameError("delegate", delegate, DELEGATES)
    if delegate in ("auto", "cpu"):
        if options:
            raise UsageError(f"delegate options need gpu, npu or a delegate's library, not {delegate}")
        cpu = _cpu_sessions(path, threads, ranges)
        if delegate == "cpu":
            return Choice(cpu, "", threads)
        if cpu[0].io_dtype != "float32":
            return Choice(cpu, f"{cpu[0].io_dtype} models are fastest on the CPU", threads)
        return _auto(path, half, cpu, threads)
    check_options(delegate, options)
    finding = probe(path, delegate, half, options, ranges)
    if finding.reason:
        raise SrganEdgeError(f"{path}: cannot run on {delegate}: {_advised(delegate, finding)}")
    return Choice([_compiled(path, delegate, half, options, ranges, finding)], "", threads)


def _auto(path: Path, half: bool, cpu: list[Session], threads: int) -> Choice:
    """The GPU if it is a real one that computes the model, else the CPU's sessions."""
    ranges = cpu[0].ranges
    finding = verdicts.take(path, half) or probe(path, "gpu", half, {}, ranges)
    if finding.reason or finding.software:
        verdicts.keep(path, half, finding)
        return Choice(cpu, f"GPU: {finding.reason or f'{finding.device} is a program on the CPU'}", threads)
    try:
        gpu = _compiled(path, "gpu", half, {}, ranges, finding)
    except SrganEdgeError as error:  # the verdict was of another day, or the GPU has no memory left
        return Choice(cpu, f"GPU: {error}", threads)
    verdicts.keep(path, half, finding)
    for session in cpu:
        session.close()
    return Choice([gpu], f"floating-point model, and {finding.device} is here", threads)


def _compiled(
    path: Path, delegate: str, half: bool, options: Mapping[str, str], ranges: Ranges, finding: Finding
) -> CompiledSession:
    session = CompiledSession(path, delegate, half, options, ranges)
    session.device, session.software = finding.device, finding.software  # drivers say it in a process of ours alone
    return session


def _cpu_sessions(path: Path, threads: int, ranges: Ranges) -> list[Session]:
    """Several tiles at a time, a thread each, are faster than the threads sharing every tile."""
    count = min(threads, _MOST_SESSIONS)
    return [Session(path, threads // count + (index < threads % count), ranges=ranges) for index in range(count)]
