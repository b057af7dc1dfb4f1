"""What native libraries print."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ONE_AT_A_TIME = threading.RLock()
_ours = False


def own_process() -> None:
    """Say that nothing but srgan-edge writes to this process's output, as the command and its children do."""
    global _ours
    _ours = True


class Captured:
    """What was written to the file descriptors 1 and 2, by any library."""

    def __init__(self, file: Any = None) -> None:
        self._file = file

    def text(self) -> str:
        """All of it so far; nothing in a process that is not ours."""
        if self._file is None:
            return ""
        self._file.flush()
        self._file.seek(0)
        return self._file.read().decode(errors="replace")


@contextmanager
def captured_output() -> Iterator[Captured]:
    """Keep what drivers print while they load off the terminal and out of JSON; nothing else has their reasons.

    In a process that is not ours nothing is captured: the descriptors are those of all its threads and children.
    """
    if not _ours:
        yield Captured()
        return
    with _ONE_AT_A_TIME, _memory() as file:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):  # None, full or closed
                stream.flush()
        kept = {}
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):  # closed
                kept[descriptor] = os.dup(descriptor)
                os.dup2(file.fileno(), descriptor)
        try:
            yield Captured(file)
        finally:
            for descriptor, saved in kept.items():
                os.dup2(saved, descriptor)
                os.close(saved)


def silence_at_exit() -> None:
    """Keep drivers' last words, which come after Python's, off the terminal, if the process is ours."""
    if _ours:
        atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))


def _memory() -> Any:
    """A file that needs no folder to be writable, where the system has one."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("srgan-edge"), "w+b")
    return tempfile.TemporaryFile()
