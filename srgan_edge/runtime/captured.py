"""What native libraries print."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ONE_AT_A_TIME = threading.RLock()


class Captured:
    """What was written to the file descriptors 1 and 2, by any library."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def text(self) -> str:
        """All of it so far."""
        self._file.flush()
        self._file.seek(0)
        return self._file.read().decode(errors="replace")


@contextmanager
def captured_output() -> Iterator[Captured]:
    """Keep what drivers print while they load off the terminal and out of JSON; nothing else has their reasons."""
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as file:
        sys.stdout.flush()
        sys.stderr.flush()
        kept = [os.dup(1), os.dup(2)]
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield Captured(file)
        finally:
            for descriptor, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, descriptor)
                os.close(saved)
