"""Errors that a user can do something about: one sentence and an exit code each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Known names that a message lists; of more, those that are near.
_MOST_NAMES = 40


class SrganEdgeError(Exception):
    """Something failed, and the message names what and why (exit code 1)."""

    exit_code = 1


class UsageError(SrganEdgeError):
    """The request itself makes no sense (exit code 2)."""

    exit_code = 2


class GateFailedError(SrganEdgeError):
    """A verification gate measured a result outside its bound (exit code 3)."""

    exit_code = 3


class UnreadableImageError(SrganEdgeError):
    """A file could not be decoded as an image."""


class ResultExistsError(SrganEdgeError):
    """A result that would be written over; its argument is the file."""

    def __str__(self) -> str:
        return f"{self.args[0]}: exists; use --overwrite or --skip-existing"


class SrganEdgeWarning(UserWarning):
    """What a user should know of a result that is there all the same; the message names the photo or the model."""


class UnknownNameError(UsageError):
    """A name that is not one of the known ones; the message suggests the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(kind, name, tuple(sorted(known)))  # as they were given, so that it can be pickled

    def __str__(self) -> str:
        kind, name, names = self.args
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        # Of some hundred names those that are near say more than all.
        known = names if len(names) <= _MOST_NAMES else (*near, f"{len(names) - len(near)} more")
        return f"unknown {kind} {name!r}: {hint}known: {', '.join(known) or 'none'}"
