"""Locks on files that the operating system gives back when their holder ends, however it ends."""

from __future__ import annotations

import os
import sys
from typing import IO, Any

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Windows forbids others to read what is locked: a byte past all content.
_PLACE = 2**62


def try_lock(file: IO[Any]) -> bool:
    """Lock an open file for this process until it is closed; False if another process holds it.

    Raises:
        OSError: the file system knows no locks.
    """
    try:
        if sys.platform == "win32":
            os.lseek(file.fileno(), _PLACE, os.SEEK_SET)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
