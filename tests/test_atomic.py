from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge.atomic import atomic_path, write_text
from srgan_edge.errors import SrganEdgeError


def test_complete_or_absent(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [p.name for p in target.parent.iterdir()] == ["file.txt"]


def test_suffix_and_mode_are_those_of_a_plain_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with atomic_path(tmp_path / "photo.png") as temporary:
        assert temporary.suffix == ".png"
    assert (tmp_path / "photo.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SrganEdgeError, match="cannot be written"):
        write_text(tmp_path / "file" / "x.txt", "")
