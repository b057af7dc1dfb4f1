"""Paths as recipes write them."""

from __future__ import annotations

from pathlib import Path

from srgan_edge.errors import UsageError


def path_of(text: str) -> Path:
    """The path, a leading `~` or `~USER` replaced by the home folder.

    Raises:
        UsageError: there is no such user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{text}: there is no such user's home folder") from error
