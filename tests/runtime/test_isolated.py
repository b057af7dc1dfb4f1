from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from srgan_edge.runtime import isolated


def echo(value: object) -> object:
    os.write(1, b"what drivers print\n")
    return value


def crash(code: int) -> None:
    os.write(2, b"the driver's last words\n")
    os._exit(code)


HERE = "test_isolated"


def test_a_result_comes_back_and_what_is_printed_does_not() -> None:
    assert isolated.call(f"{HERE}:echo", {"a": [1, None, "ü"]}) == {"a": [1, None, "ü"]}


def test_a_crash_and_a_hang() -> None:
    with pytest.raises(isolated.ChildError, match="code 7"):
        isolated.call(f"{HERE}:crash", 7)
    with pytest.raises(TimeoutError, match="no result in 0 seconds"):
        isolated.call("time:sleep", 9, limit=0.2)
    started = time.perf_counter()
    with pytest.raises(TimeoutError):
        isolated.call("time:sleep", 9, limit=0.2)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("name", ["json", "numpy", "socket", "srgan_edge", "sitecustomize", "subprocess"])
def test_modules_of_the_current_folder_are_not_imported(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where this process looks there first, as `python -c` does, with an empty entry."""
    monkeypatch.syspath_prepend("")
    (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    assert isolated.call("srgan_edge.runtime.session:available_cpus") > 0
    assert not (tmp_path / "ran").exists()
