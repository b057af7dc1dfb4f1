"""A fault in a copy of the checkout, and the tests that are run on it: for mutants.py and planted_faults.py."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
_SLOW = "not (bundled_models_have_no_seams or every_architecture or lost_node)"


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: str
    text: str
    """The file's whole text with the change."""
    before: str
    """The lines changed, stripped, joined by a space."""
    after: str
    lines: range = range(0)
    """Those of the file that are changed, or run with what is."""

    @property
    def key(self) -> str:
        """What it is known by, wherever the line moves."""
        return f"{self.path}: {self.before} -> {self.after}"


class Fast:
    """Plugin of pytest: leaves out what is marked slow, and what trains first."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        from conftest import TRAINED  # the copy's, which pytest has imported by now

        items[:] = [i for i in items if not (i.get_closest_marker("slow") or TRAINED & set(i.fixturenames))]  # type: ignore[attr-defined]


class Tester:
    """Runs tests in a copy of the checkout, each time in a fork of a process that has imported what is slow to."""

    def __init__(self, copy: Path, *plugins: Any) -> None:
        """Import TensorFlow and the rest, and nothing of the project's."""
        self.copy, self.shared, self.plugins = copy, copy.with_name("shared"), plugins
        self.shared.mkdir()
        copy.parent.chmod(0o755)  # some tests give up root's rights
        os.environ |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        sys.dont_write_bytecode = True  # else a change within a second would not be seen
        for name in ("numpy", "PIL.Image", "click", "pytest", "hypothesis", "skimage.data", "tensorflow", "tf_keras"):
            with contextlib.suppress(ModuleNotFoundError):
                importlib.import_module(name)
        assert not any(name.split(".")[0] in ("srgan_edge", "conftest") for name in sys.modules)

    def __call__(self, tests: Sequence[str], limit: float, changed: str = "") -> tuple[int, str]:
        """pytest's exit code (-1 beyond `limit` seconds) and the first test that failed.

        What `once` of conftest.py trains is kept between calls, but for what the `changed` module had a part in.
        """
        return self._tested(tests, limit, changed, [])

    def record(self, tests: Sequence[str], limit: float, folder: Path) -> tuple[int, str]:
        """The same, noting in `folder` which test runs which line."""
        from tests_of_lines import Recorder

        return self._tested(tests, limit, "", [Recorder(self.copy / "srgan_edge", folder)])

    def _tested(self, tests: Sequence[str], limit: float, changed: str, plugins: list[Any]) -> tuple[int, str]:
        makes = {"training": ("run", "exports"), "conversion": ("exports",)}.get(f"{changed}//".split("/")[1], ())
        for folder in self.shared.iterdir():
            done = folder.with_suffix(".done")
            if folder.is_dir() and (folder.name in makes or not done.exists()):
                done.unlink(missing_ok=True)
                shutil.rmtree(folder)
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            child = os.fork()
            if child == 0:
                self._run(tests, log, plugins)
            code = _wait(child, limit)
            shown = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        failed = [line for line in shown.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return code, failed[0] if failed else shown[-300:] if code else ""

    def _run(self, tests: Sequence[str], log: Path, plugins: list[Any]) -> None:
        code = 70
        try:
            os.setsid()
            os.chdir(self.copy)
            sys.path.insert(0, str(self.copy))
            with log.open("wb") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
            os.environ["PYTEST_XDIST_WORKER"] = "one"  # has `once` put its folders beside that of the run
            options = ["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={self.shared / 'pytest-of-one'}"]
            code = int(pytest.main([*options, "-k", _SLOW, *tests], [*self.plugins, *plugins]))
            sys.stdout.flush()
        finally:
            os._exit(code)


def _wait(child: int, limit: float) -> int:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def checkout(folder: Path) -> Path:
    """A copy of what git tracks, as it is."""
    copy = folder / "checkout"
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in names.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@contextlib.contextmanager
def planted(copy: Path, mutant: Mutant) -> Iterator[None]:
    """The mutant in the copy, for a while."""
    path = copy / mutant.path
    before = path.read_bytes()
    path.write_text(mutant.text, encoding="utf-8")
    try:
        yield
    finally:
        path.write_bytes(before)


def toml(path: Path) -> dict[str, Any]:
    """What a TOML file holds."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(path.read_text(encoding="utf-8"))
