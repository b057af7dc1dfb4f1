"""A moment of fuzz.py; FUZZ_SECONDS=60 for as many seconds a target, of other cases each day."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fuzz import TARGETS, one, run

_LONG = float(os.environ.get("FUZZ_SECONDS", "0"))


@pytest.mark.parametrize(("target", "cases"), [("images", 250), ("cards", 60), ("recipes", 150), ("videos", 40)])
def test_done_or_refused(target: str, cases: int) -> None:
    """In a process of its own, whose children are forked before it has threads."""
    if target == "videos":
        pytest.importorskip("av")
    today = int(time.time()) // 86400 * 1_000_000
    span = ["--seconds", str(_LONG), "--seed", str(today)] if _LONG else ["--cases", str(cases)]
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), target, *span]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) >= cases


def test_faults_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception, a crash, endless computing and endless waiting planted in a target."""

    def case(r: object, folder: Path) -> None:
        kind = os.environ["FAULT"]
        if kind == "error":
            raise KeyError("x")
        if kind == "left":
            (folder / ".half").write_text("")
        if kind == "crash":
            os._exit(3)
        if kind == "computes":
            sum(1 for _ in iter(int, 1))
        if kind == "waits":
            time.sleep(60)

    monkeypatch.setitem(TARGETS, "planted", lambda: case)
    kinds = {"error": "KeyError", "left": "left behind", "crash": "ends by 3", "computes": "computes", "waits": "waits"}
    for kind, words in kinds.items():
        monkeypatch.setenv("FAULT", kind)
        monkeypatch.setattr("fuzz.SECONDS", 1 if kind == "computes" else 20)
        monkeypatch.setattr("fuzz.DEADLOCK", 1 if kind == "waits" else 600)  # the others may wait on a busy machine
        _, found = run("planted", 5, 1, None)
        ((what, seeds),) = found.items()
        assert words in what
        assert seeds == [5]
    monkeypatch.setenv("FAULT", "")
    assert one(case, 1) is None
