"""A moment of fuzz.py; FUZZ_SECONDS=60 for as many seconds a target, of other cases each day."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import importing_first

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


PLANTED = """
import os, time
import fuzz

def case(random, folder):
    {fault}

fuzz.TARGETS["planted"] = lambda: case
{limit}
print(fuzz.run("planted", 5, 1, None)[1])
"""


@pytest.mark.parametrize(
    ("fault", "limit", "words"),
    [
        ("raise KeyError('x')", "", "KeyError at "),
        ("(folder / '.half').write_text('')", "", "left behind: ['.half']"),
        ("os._exit(3)", "", "the process ends by 3"),
        ("sum(1 for _ in iter(int, 1))", "fuzz.SECONDS = 1", "computes for more than 1 s"),
        ("time.sleep(60)", "fuzz.DEADLOCK = 1", "waits for 1 s"),
        ("pass", "", None),
    ],
)
def test_faults_are_found(fault: str, limit: str, words: str | None) -> None:
    """Planted in a target, in a process of its own: a child has little memory, and of this one's threads none."""
    program = PLANTED.format(fault=fault, limit=limit)
    command, environment = [sys.executable, "-c", program], importing_first(Path(__file__).parent)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    found = ast.literal_eval(done.stdout)
    assert [(words in what, seeds) for what, seeds in found.items()] == ([(True, [5])] if words else [])
