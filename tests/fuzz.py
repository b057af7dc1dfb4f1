"""Damaged files by the thousand: each must be read rightly or refused by an SrganEdgeError that names it.

    python tests/fuzz.py images --seconds 60          # or --cases 20000, --seed 7
    python tests/fuzz.py cards --seconds 60           # or recipes, videos

Case N of a target is always the same. The cases run in child processes with a time limit and little memory; any other
exception, a crash, a hang and a file left behind is a finding, printed once of each kind with its N: --seed N --cases 1
makes it again. What a case may take is processor time: a busy machine makes no findings.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz_damage import Case
from fuzz_photos import images_case
from fuzz_settings import cards_case, recipes_case
from fuzz_videos import videos_case

from srgan_edge.errors import SrganEdgeError

TARGETS: dict[str, Callable[[], Case]] = {
    "images": images_case,
    "cards": cards_case,
    "recipes": recipes_case,
    "videos": videos_case,
}
# Of processor time and of memory for a case; and the seconds on the clock after which it is taken for a deadlock.
SECONDS, MEMORY, DEADLOCK = 20, 6 << 30, 600


def one(case: Case, seed: int) -> str | None:
    """Run a case; what was found, if anything."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        try:
            case(random.Random(seed), folder)
        except SrganEdgeError:
            pass
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            ours = next((f for f in reversed(frames) if "srgan_edge" in f.filename), frames[-1])
            place = f"{Path(ours.filename).name}:{ours.lineno}"
            return f"{type(error).__name__} at {place}: {str(error)[:120]}"
        if left := [path.name for path in folder.rglob(".*")]:
            return f"left behind: {left}"
    return None


def _child(target: str, first: int, last: int, at: Any, findings: Any) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders' own noise
    case = TARGETS[target]()
    for seed in range(first, last):
        at.value = seed
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # ends the process, whatever it is at
        if found := one(case, seed):
            findings.put((seed, found))
    signal.setitimer(signal.ITIMER_PROF, 0)
    at.value = last


def run(target: str, first: int, cases: int | None, seconds: float | None) -> tuple[int, dict[str, list[int]]]:
    """Run cases until their number or the time is reached; how many there were, and the seeds of each finding."""
    context, started, seed = multiprocessing.get_context("fork"), time.monotonic(), first
    found: dict[str, list[int]] = {}
    while (cases is None or seed < first + cases) and (seconds is None or time.monotonic() - started < seconds):
        last = seed + 250 if cases is None else min(seed + 250, first + cases)
        at, findings = context.Value("q", seed), context.Queue()
        child = context.Process(target=_child, args=(target, seed, last, at, findings))
        child.start()
        before, since = seed, time.monotonic()
        while child.is_alive():
            child.join(0.2)
            while not findings.empty():
                number, kind = findings.get()
                found.setdefault(kind, []).append(number)
            if at.value != before:
                before, since = at.value, time.monotonic()
            elif time.monotonic() - since > DEADLOCK:
                child.kill()
                child.join()
                found.setdefault(f"waits for {DEADLOCK} s", []).append(before)
                break
            if seconds is not None and time.monotonic() - started > seconds:
                child.kill()
                child.join()
                return before - first, found
        while not findings.empty():
            number, kind = findings.get()
            found.setdefault(kind, []).append(number)
        if child.exitcode == -signal.SIGPROF:
            found.setdefault(f"computes for more than {SECONDS} s", []).append(at.value)
        elif child.exitcode not in (0, -signal.SIGKILL):
            found.setdefault(f"the process ends by {child.exitcode}", []).append(at.value)
        seed = at.value if at.value == last else at.value + 1
    return seed - first, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seed", type=int, default=0, help="number of the first case")
    parser.add_argument("--cases", type=int)
    parser.add_argument("--seconds", type=float)
    given = parser.parse_args()
    if given.cases is None and given.seconds is None:
        parser.error("say --cases or --seconds")
    done, found = run(given.target, given.seed, given.cases, given.seconds)
    for kind, seeds in sorted(found.items(), key=lambda item: -len(item[1])):
        sys.stdout.write(f"{len(seeds)} x {kind}; --cases 1 --seed {' '.join(map(str, seeds[:9]))}\n")
    sys.stdout.write(f"{done} cases, {sum(map(len, found.values()))} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
