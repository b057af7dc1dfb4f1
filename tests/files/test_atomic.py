from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from srgan_edge.errors import ResultExistsError, SrganEdgeError
from srgan_edge.files.atomic import atomic_path, sweep, write_text


def test_complete_or_absent(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [p.name for p in target.parent.iterdir()] == ["file.txt"]


def test_name_and_mode_are_those_of_a_plain_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with atomic_path(tmp_path / "photo.png") as temporary:
        assert temporary.name == "photo.png"
        temporary.write_text("")
    assert (tmp_path / "photo.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_umask_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to the whole process: two threads that set it and set it back can leave it changed."""

    def umask(mask: int) -> int:
        raise AssertionError(mask)

    monkeypatch.setattr(os, "umask", umask)
    write_text(tmp_path / "a", "")


def test_many_threads_in_one_folder(tmp_path: Path) -> None:
    """None sweeps what another is writing."""
    failed: list[Exception] = []

    def work(number: int) -> None:
        try:
            for index in range(40):
                sweep(tmp_path)
                write_text(tmp_path / f"{number}-{index}", "x" * 1000)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(p.stat().st_size for p in tmp_path.iterdir()) == [1000] * 240


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SrganEdgeError, match="cannot be written"):
        write_text(tmp_path / "file" / "x.txt", "")


def test_a_name_too_long(tmp_path: Path) -> None:
    with pytest.raises(SrganEdgeError, match="cannot be written: File name too long"):
        write_text(tmp_path / ("x" * 300), "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_one_sentence(tmp_path: Path, number: int) -> None:
    with pytest.raises(SrganEdgeError, match=f"a: cannot be written: {os.strerror(number)}"):  # noqa: SIM117
        with atomic_path(tmp_path / "a"):
            raise OSError(number, os.strerror(number))
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a"):
        (tmp_path / "other").read_text()  # not the target's fault
    assert list(tmp_path.iterdir()) == []


def test_bytes_are_on_the_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def spied(name: str, real: Callable[..., object]) -> Callable[..., object]:
        return lambda *arguments: (order.append(name), real(*arguments))[1]

    monkeypatch.setattr(os, "fsync", spied("fsync", os.fsync))
    monkeypatch.setattr(Path, "replace", spied("rename", Path.replace))
    write_text(tmp_path / "a", "words")
    assert order == ["fsync", "rename"]


_HOLD = """
import sys, time
from pathlib import Path
from srgan_edge.files.atomic import atomic_path
with atomic_path(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no file locks here")
def test_what_a_killed_process_left_is_swept_and_what_a_live_one_holds_is_not(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path / "a")], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "written\n"
    sweep(tmp_path)
    write_text(tmp_path / "b", "")
    assert len(list(tmp_path.rglob("a"))) == 1
    child.send_signal(signal.SIGKILL)
    child.wait()
    sweep(tmp_path)
    assert [p.name for p in tmp_path.rglob("*")] == ["b"]


@pytest.mark.parametrize("links", [True, False])
def test_what_has_come_into_being_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    if not links:

        def refuse(*paths: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    target = tmp_path / "photo.png"
    with (
        pytest.raises(ResultExistsError, match=r"photo\.png: exists"),
        atomic_path(target, overwrite=False) as temporary,
    ):
        temporary.write_text("ours")
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    with atomic_path(tmp_path / "new.png", overwrite=False) as temporary:
        temporary.write_text("ours")
    assert (tmp_path / "new.png").read_text() == "ours"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.png", "photo.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_with_the_name_of_a_leftover_stops_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".srgan-edge-x")
    swept = threading.Thread(target=sweep, args=(tmp_path,), daemon=True)
    swept.start()
    swept.join(10)
    assert not swept.is_alive()
