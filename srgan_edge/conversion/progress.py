"""How a conversion tells what goes on."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]
"""Told in words what goes on."""
Progress = Callable[[int, int], None]
"""Told how many steps are done, and of how many."""


def unseen(done: int, total: int) -> None:
    """A Progress that shows nothing."""
