"""How long something takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds(work: Callable[[], object], rounds: int, warm_up: int = 1) -> list[float]:
    """The times of `rounds` calls, after `warm_up` more that are not counted."""
    times = []
    for _ in range(warm_up + rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return times[warm_up:]


def milliseconds(work: Callable[[], object], rounds: int, warm_up: int = 1) -> float:
    """The median of `seconds`, in milliseconds."""
    return 1000 * statistics.median(seconds(work, rounds, warm_up))
