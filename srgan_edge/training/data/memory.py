"""How much memory and disk this process may fill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil


def memory_allowed() -> int:
    """Bytes of memory that this process may use: the machine's, or its container's limit if that is lower."""
    return min([psutil.virtual_memory().total, *cgroup_limits()])


def cgroup_limits(process: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> Iterator[int]:
    """The memory limits in bytes of a process's control groups (Linux, versions 1 and 2) and those that hold them.

    Args:
        process: the file that names the groups.
        root: where the groups are mounted.
    """
    try:
        lines = process.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            tops, name = (root, root / "unified"), "memory.max"
        elif "memory" in controllers.split(","):
            tops, name = (root / "memory",), "memory.limit_in_bytes"
        else:
            continue
        # Inside a container a group may be named as the host sees it, while only those above it are mounted.
        inside = Path(group.lstrip("/"))
        for top in tops:
            for folder in (inside, *inside.parents):
                try:
                    text = (top / folder / name).read_text(encoding="utf-8").strip()
                except OSError:
                    continue
                if text.isdigit():
                    yield int(text)
