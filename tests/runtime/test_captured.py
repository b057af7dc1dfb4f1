from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from srgan_edge.runtime import captured


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captured, "_ours", True)


def test_the_output_of_another_process_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its other threads write to the same descriptors, and its children inherit them."""
    monkeypatch.setattr(captured, "_ours", False)
    with captured.captured_output() as said:
        os.write(1, b"another thread's\n")
        os.write(2, b"another child's\n")
    assert said.text() == ""
    assert tuple(capfd.readouterr()) == ("another thread's\n", "another child's\n")


def test_our_own_output_is_captured(ours: None, capfd: pytest.CaptureFixture[str]) -> None:
    with captured.captured_output() as said:
        os.write(2, b"a driver's reason\n")
        assert said.text() == "a driver's reason\n"
    os.write(2, b"ours\n")
    assert tuple(capfd.readouterr()) == ("", "ours\n")


@pytest.mark.parametrize("state", ["none", "closed"])
def test_without_output(ours: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: str) -> None:
    for name in ("stdout", "stderr"):
        stream = (tmp_path / name).open("w")
        stream.close()
        monkeypatch.setattr(sys, name, None if state == "none" else stream)
    with captured.captured_output() as said:
        os.write(1, b"x")
        assert said.text() == "x"


def test_a_closed_descriptor_stays_closed(ours: None) -> None:
    kept = os.dup(1)
    os.close(1)
    try:
        with captured.captured_output():
            os.write(2, b"x")
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(1)
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@pytest.mark.parametrize(("mine", "said"), [(False, "the user's"), (True, "")])
def test_the_end_of_another_process_is_not_silenced(mine: bool, said: str) -> None:
    """What its own handlers print at exit is its user's."""
    code = (
        "import atexit, sys; from srgan_edge.runtime import captured\n"
        'atexit.register(lambda: sys.stderr.write("the user\'s"))\n'
        f"if {mine}: captured.own_process()\n"
        "captured.silence_at_exit()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == said


def test_read_only_temporary_folders(ours: None, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(os, "memfd_create"):
        pytest.skip("this system has no files without a folder")
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with captured.captured_output() as said:
        os.write(2, b"x")
        assert said.text() == "x"
