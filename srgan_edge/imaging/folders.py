"""The photos of a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from srgan_edge.errors import UnreadableImageError
from srgan_edge.imaging.images import READABLE


def find(
    folder: Path,
    recursive: bool = False,
    suffixes: Iterable[str] = READABLE,
    unreadable: Callable[[OSError], None] | None = None,
) -> list[Path]:
    """The image files of a folder by suffix, sorted, hidden ones left out; links are followed.

    Args:
        folder: is looked into.
        recursive: so are its folders, each once.
        suffixes: of the files that are wanted.
        unreadable: told of folders that cannot be looked into; without it that is an error.

    Raises:
        UnreadableImageError: a folder cannot be looked into.
    """
    wanted, found = tuple(suffixes), list[Path]()

    def failed(error: OSError) -> None:
        if unreadable is None:
            raise UnreadableImageError(f"{error.filename}: cannot be looked into: {error.strerror}") from error
        unreadable(error)

    above = {str(folder): {_identity(folder)}}
    for root, folders, names in os.walk(folder, onerror=failed, followlinks=True):
        inside = [name for name in sorted(folders) if recursive and not name.startswith(".")]
        # A link to a folder that it lies in would be followed for ever.
        folders[:] = [name for name in inside if _identity(Path(root, name)) not in above[root]]
        # By the names that os.walk makes: of "." they begin with "./", which Path leaves out.
        above |= {os.path.join(root, name): {*above[root], _identity(Path(root, name))} for name in folders}  # noqa: PTH118
        paths = (Path(root, name) for name in names if not name.startswith("."))
        found += [path for path in paths if path.suffix.lower() in wanted and _is_there(path)]
    return sorted(found)


def _identity(folder: Path) -> tuple[int, int]:
    try:
        about = folder.stat()
    except OSError:
        return 0, 0  # os.walk says why
    return about.st_dev, about.st_ino


def _is_there(path: Path) -> bool:
    """A file, or what cannot be told: whoever opens it says why."""
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return False  # a link to nothing
    except OSError:
        return True
