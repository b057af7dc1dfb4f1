"""Plant the faults of planted_faults.toml, one at a time, and name the test that sees each: exit code 1 if one is not.

`python tests/planted_faults.py WORD...` plants those whose names or files hold one of the words; without, all.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click
from planting import Mutant, Tester, checkout, planted, toml

FAULTS = Path(__file__).with_name("planted_faults.toml")
# Of one fault's tests, in seconds.
_LIMIT = 600


class Fault(NamedTuple):
    """A line that is replaced by a wrong one."""

    name: str
    file: str
    old: str
    """Stands once in the file."""
    new: str
    tests: list[str]
    """Files of tests, of which one sees it."""


def faults(words: list[str]) -> list[Fault]:
    """Those of the list that a word fits."""
    found = [Fault(**fault) for fault in toml(FAULTS)["fault"]]
    return [f for f in found if not words or any(word in f"{f.name} {f.file}" for word in words)]


def seen_by(fault: Fault, copy: Path, test: Tester) -> str:
    """The test that fails with the fault; "" if none does."""
    text = (copy / fault.file).read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        raise SystemExit(f"{fault.name}: {fault.file} holds its line {text.count(fault.old)} times: mend {FAULTS.name}")
    with planted(copy, Mutant(fault.file, text.replace(fault.old, fault.new), fault.old, fault.new)):
        code, by = test(fault.tests, _LIMIT, fault.file)
    if code not in (0, 1, -1):  # pytest itself failed
        raise SystemExit(f"{fault.name}: pytest ended with {code}: {by}")
    return by if code == 1 else f"none within {_LIMIT} s" if code else ""


def main() -> None:
    """Print each fault with the test that sees it."""
    unseen = 0
    chosen = faults(sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        copy = checkout(Path(folder))
        test = Tester(copy)
        for fault in chosen:
            by = seen_by(fault, copy, test)
            unseen += not by
            click.echo(f"{fault.name}: {by or 'SEEN BY NO TEST'}")
    click.echo(f"{len(chosen) - unseen} of {len(chosen)} seen")
    sys.exit(bool(unseen))


if __name__ == "__main__":
    main()
