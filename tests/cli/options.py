"""Every option of a command has a case that changes it, and sees what it changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import click


class Case(NamedTuple):
    """A command line with an option more than the one before."""

    option: str
    """As it is given: the option and its value."""
    changes: set[str]
    """The parts of what is seen that differ then, and no others."""
    context: str = ""
    """Options that are given in both."""
    value: Any = None
    """What is seen then, where it can be said."""

    @property
    def name(self) -> str:
        return self.option.split()[0]


def uncovered(command: click.Command, cases: Iterable[Case]) -> set[str]:
    """The options of a command that no case gives, and what cases give that is none; `-o` and `--out` are one."""
    given = {case.name for case in cases}
    options = [set(p.opts) | set(p.secondary_opts) for p in command.params if isinstance(p, click.Option)]
    names: set[str] = set().union(*options)
    return {max(names, key=len) for names in options if not names & given} | (given - names)


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The parts that differ."""
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}
