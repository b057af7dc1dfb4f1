"""Files that are either complete or absent."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from srgan_edge.errors import ResultExistsError, SrganEdgeError
from srgan_edge.files.locks import try_lock

# Windows opens no folders: what a killed run leaves is not recognised there.
_LOCKS = sys.platform != "win32"
# Of the hidden folder beside a target that its file is written in.
PREFIX = ".srgan-edge-"
# What says that a disk is full or takes no files, wherever in the block it comes up.
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
_swept: set[Path] = set()


@contextmanager
def atomic_path(target: Path, overwrite: bool = True) -> Iterator[Path]:
    """Yield a path to write to; what the block has written there becomes `target` if it succeeds.

    The path has the target's name, in a hidden folder beside it, which is locked as long as it is in use: those
    without an owner are what killed processes left, and are removed. The file is on the disk before it has its name.

    Raises:
        ResultExistsError: without `overwrite`, the target has come into being meanwhile.
        SrganEdgeError: the target's folder cannot be written to, or its disk is full.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent not in _swept:  # once: a folder may hold many thousand results
            _swept.add(target.parent)
            sweep(target.parent)
        folder, lock = _private_folder(target.parent)
    except OSError as error:
        raise _unwritable(target, error) from error
    temporary = folder / target.name
    try:
        yield temporary
        _to_disk(temporary)
        if overwrite:
            temporary.replace(target)
        else:
            _name(temporary, target)
    except OSError as error:
        if error.errno in _DISK_ERRORS or error.filename in (str(temporary), temporary):
            raise _unwritable(target, error) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def write_text(target: Path, text: str) -> None:
    """Write `text` as UTF-8 to `target`, atomically.

    Raises:
        SrganEdgeError: it cannot be written.
    """
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sweep(folder: Path) -> None:
    """Remove what killed processes left in a folder: hidden folders that nobody holds the lock of."""
    for left in folder.glob(f"{PREFIX}*"):
        try:
            lock = os.open(left, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        except OSError:
            continue  # removed meanwhile, another user's, or no folder: to open a pipe would wait for its writer
        try:
            if _locked(lock):
                shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(lock)


def _private_folder(parent: Path) -> tuple[Path, int]:
    """A new folder and the open descriptor that holds its lock."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        try:
            lock = os.open(folder if _LOCKS else os.devnull, os.O_RDONLY)
        except FileNotFoundError:
            continue
        if _locked(lock) is not False and folder.is_dir():
            return folder, lock
        os.close(lock)  # another process has swept it, before it was locked


def _locked(descriptor: int) -> bool | None:
    """Whether the lock could be had; None where there are none, as on some network file systems."""
    try:
        return try_lock(descriptor) if _LOCKS else None
    except OSError:
        return None


def _to_disk(path: Path) -> None:
    """Wait until a file's bytes are on the disk: without, a name may survive a loss of power and its bytes not."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(temporary: Path, target: Path) -> None:
    """Give a file its name, which nobody else's may have."""
    try:
        os.link(temporary, target)
    except FileExistsError as error:
        raise ResultExistsError(target) from error
    except OSError as error:  # a file system without links
        if os.path.lexists(target):
            raise ResultExistsError(target) from error
        temporary.replace(target)


def _unwritable(target: Path, error: OSError) -> SrganEdgeError:
    return SrganEdgeError(f"{target}: cannot be written: {error.strerror or error}")
