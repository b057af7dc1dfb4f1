"""Locks on files that the operating system gives back when their holder ends, however it ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Windows forbids others to read what is locked: a byte past all content, at a place that a C long holds there.
_PLACE = 2**31 - 2


def try_lock(file: IO[Any] | int) -> bool:
    """Lock an open file, or a folder's descriptor, until it is closed; False if another holds it.

    Raises:
        OSError: the file system knows no locks.
    """
    try:
        if sys.platform == "win32":
            descriptor = file if isinstance(file, int) else file.fileno()
            os.lseek(descriptor, _PLACE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def open_locked(path: Path, wait: Callable[[], None] | None = None) -> IO[bytes] | None:
    """Open a file, made if it is missing, to append to and to read, locked for this process until it is closed.

    The holder may delete it before it closes it.

    Args:
        path: of the file.
        wait: is called once if another process holds it, which is then waited for; without, None is returned.

    Raises:
        OSError: the file cannot be opened, or its file system knows no locks.
    """
    while True:
        file = path.open("a+b")
        try:
            if not try_lock(file):
                if wait is None:
                    file.close()
                    return None
                wait()
                while not try_lock(file):
                    time.sleep(0.2)
            if _is_still(file, path):
                return file
            file.close()
        except BaseException:
            file.close()
            raise


def _is_still(file: IO[bytes], path: Path) -> bool:
    """No other process has deleted the file between its opening and its locking."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
