"""Which tests run a line of the code, by coverage, for mutants.py: those are the first to see a fault in it."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import coverage
import pytest


class Recorder:
    """Plugin of pytest: notes who runs each line, and how long each test takes.

    That is a test, or what shares a fixture: a file of tests, or "" for all of them and for what imports run.
    """

    def __init__(self, package: Path, folder: Path) -> None:
        """Of the lines of `package`, into `folder`."""
        self.folder, self.seconds, self.runs = folder, dict[str, float](), [""]
        self.coverage = coverage.Coverage(
            data_file=folder / "lines", source=[str(package)], config_file=False, messages=False
        )

    def pytest_sessionstart(self) -> None:
        self.coverage.start()

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        self.coverage.save()
        (self.folder / "seconds.json").write_text(json.dumps(self.seconds), encoding="utf-8")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        started = time.monotonic()
        with self._running(item.nodeid):
            result = yield
        self.seconds[item.nodeid] = time.monotonic() - started
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, request: pytest.FixtureRequest) -> Generator[None, Any, Any]:
        with self._running(request.node.nodeid if request.scope != "session" else ""):
            return (yield)

    @contextmanager
    def _running(self, who: str) -> Iterator[None]:
        self.runs.append(who)
        self.coverage.switch_context(who)
        yield
        self.runs.pop()
        self.coverage.switch_context(self.runs[-1])


class Recorded:
    """What a `Recorder` noted."""

    def __init__(self, folder: Path) -> None:
        self.data = coverage.CoverageData(str(folder / "lines"))
        self.data.read()
        self.seconds: dict[str, float] = json.loads((folder / "seconds.json").read_text(encoding="utf-8"))

    def tests(self, path: Path, lines: range) -> tuple[list[str], bool]:
        """The tests that run one of a file's `lines`, the quickest first, and whether what all share runs them too.

        Lines that only imports run, or nobody, are left to whatever runs anything of the file.
        """
        who = self.data.contexts_by_lineno(str(path))
        of_lines = {name for line in lines for name in who.get(line, [])}
        found = of_lines - {""} or {name for names in who.values() for name in names} - {""}
        return sorted(found, key=lambda name: self.seconds.get(name, 0.0)), not of_lines or "" in of_lines
