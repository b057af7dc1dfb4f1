"""What can compute a model here, and why the rest cannot."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from srgan_edge.errors import SrganEdgeError, UnknownNameError
from srgan_edge.runtime.interpreter import interpreter_package
from srgan_edge.runtime.session import Session, available_cpus

DELEGATES = ("auto", "cpu")


class Delegate(NamedTuple):
    """A way to compute."""

    name: str
    available: bool
    device: str
    software: str
    reason: str
    """Why it is not available; empty if it is."""


def delegates() -> list[Delegate]:
    """Every delegate, and whether it can be used here."""
    cpus = available_cpus()
    try:
        package = interpreter_package().name
    except SrganEdgeError as error:
        return [Delegate("cpu", False, f"{cpus} CPUs", "", str(error))]
    return [Delegate("cpu", True, f"{cpus} CPUs", f"{package} with XNNPACK", "")]


def open_session(path: Path, delegate: str, threads: int) -> Session:
    """Load a model on a delegate; `auto` takes the CPU.

    Raises:
        UsageError: an unknown delegate.
        SrganEdgeError: the model cannot be loaded on it.
    """
    if delegate not in DELEGATES:
        raise UnknownNameError("delegate", delegate, DELEGATES)
    return Session(path, threads)
