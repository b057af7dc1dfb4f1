from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from srgan_edge.training.data import memory
from srgan_edge.training.data.memory import cgroup_limits, memory_allowed


def written(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_max", ".max").replace("_limit", ".limit")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


def test_version_2(tmp_path: Path) -> None:
    """A group's own limit and its parents' count."""
    (tmp_path / "process").write_text("0::/pod/one\n")
    written(tmp_path, pod__one__memory_max="max", pod__memory_max="4096", other__memory_max="7")
    assert list(cgroup_limits(tmp_path / "process", tmp_path)) == [4096]


def test_version_1(tmp_path: Path) -> None:
    """In a container whose group is named as the host sees it, the limit lies at the root."""
    (tmp_path / "process").write_text("5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n")
    written(tmp_path, memory__memory_limit_in_bytes="8192")
    assert list(cgroup_limits(tmp_path / "process", tmp_path)) == [8192]
    assert list(cgroup_limits(tmp_path / "none", tmp_path)) == []


def test_the_lower_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    total = psutil.virtual_memory().total
    monkeypatch.setattr(memory, "cgroup_limits", lambda: iter([total * 2]))
    assert memory_allowed() == total
    monkeypatch.setattr(memory, "cgroup_limits", lambda: iter([total * 2, total // 4]))
    assert memory_allowed() == total // 4
