"""What reaches a terminal, and what happens where nothing takes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from srgan_edge.cli import main as cli
from srgan_edge.cli.output import printable
from srgan_edge.errors import SrganEdgeError


def code_of(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["srgan-edge", *arguments])
    try:
        cli.main()
    except SystemExit as error:
        return int(error.code or 0)
    return 0


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b[2Jb.png", r"a\x1b[2Jb.png"),
        ("\x9b31m", r"\x9b31m"),
        ("gpj.\u202ekcirt", r"gpj.\u202ekcirt"),
        ("\udcff", r"\udcff"),
        ("Größe 中 👩‍👩‍👧\tx\ny", "Größe 中 👩‍👩‍👧\tx\ny"),
    ],
)
def test_control_characters_are_escaped(name: str, shown: str) -> None:
    assert printable(name) == shown


def test_a_name_does_not_reach_the_terminal_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("\x1b[31mred.png").write_text("no picture")
    assert code_of(monkeypatch, "run", "\x1b[31mred.png", "--delegate", "cpu") == 1
    assert code_of(monkeypatch, "run", "-m", "\x1b]0;x\x07.tflite", "a.png") == 2
    said = capfd.readouterr().err
    assert "\x1b" not in said
    assert r"srgan-edge: \x1b[31mred.png: " in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [("models",), ("models", "--json"), ("--version",)])
def test_output_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert code_of(monkeypatch, *arguments) == 1
        assert capfd.readouterr().err == "srgan-edge: output: No space left on device\n"


def test_no_streams_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert code_of(monkeypatch, "models", "--json") == 0
    assert code_of(monkeypatch, "models") == 0
    assert code_of(monkeypatch, "models", "nothing") == 2


def test_closed_streams_get_no_file(tmp_path: Path) -> None:
    """A file that is opened would become what libraries print to."""
    script = f"""
import os
from srgan_edge.cli.main import _open_standard_streams
for number in range(3): os.close(number)
_open_standard_streams()
file = os.open({str(tmp_path / "mine")!r}, os.O_CREAT | os.O_WRONLY)
os.write(2, b"noise")
os._exit(0 if file > 2 else 1)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    assert (tmp_path / "mine").read_bytes() == b""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SrganEdgeError("a\x07"), 1, r"srgan-edge: a\x07"),
        (PermissionError(13, "Permission denied", "x/y"), 1, "srgan-edge: x/y: Permission denied"),
        (MemoryError(), 1, "srgan-edge: not enough memory"),
        (KeyboardInterrupt(), 130, "srgan-edge: interrupted"),
        (click.Abort(), 130, "srgan-edge: interrupted"),
    ],
)
def test_errors_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    def fail(**options: object) -> None:
        raise error

    monkeypatch.setattr(cli.cli, "main", fail)
    assert code_of(monkeypatch) == code
    assert capfd.readouterr().err == f"{said}\n"


def test_sigterm_ends_like_an_interrupt(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    cleaned: list[bool] = []

    def stopped(**options: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            cleaned.append(True)

    monkeypatch.setattr(cli.cli, "main", stopped)
    assert code_of(monkeypatch) == 143
    assert cleaned == [True]
    assert capfd.readouterr().err == "srgan-edge: terminated\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_importing_sets_no_warning_filter() -> None:
    code = (
        "import warnings, PIL.Image, PIL.ImageCms, numpy; before = list(warnings.filters)\n"
        "import srgan_edge.imaging.images, srgan_edge.imaging.encoding, srgan_edge.runtime.pipeline\n"
        "assert warnings.filters == before, warnings.filters"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
