from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge.errors import UsageError
from srgan_edge.runtime.batch import Job, jobs, result_name


def tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")


def test_names() -> None:
    assert result_name(Path("a/photo.jpg"), 4) == "photo_x4.jpg"
    assert result_name(Path("moving.gif"), 2) == "moving_x2.png"
    assert result_name(Path("film.mov"), 4, ".png") == "film_x4.mov"
    assert result_name(Path("film.WMV"), 4) == "film_x4.mkv"


def test_files(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    assert jobs((photo,), None, 4, False) == [Job(photo, tmp_path / "photo_x4.jpg")]
    assert jobs((photo,), tmp_path / "big.png", 4, False) == [Job(photo, tmp_path / "big.png")]
    assert jobs((photo,), tmp_path / "out", 4, False) == [Job(photo, tmp_path / "out" / "photo_x4.jpg")]


def test_folders(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.jpg", "in/a_x4.jpg", "in/deep/b.png", "in/notes.txt")
    folder, out = tmp_path / "in", tmp_path / "out"
    assert [j.output for j in jobs((folder,), None, 4, False)] == [folder / "a_x4.jpg"]
    planned = jobs((folder,), out, 4, True)
    assert [j.output for j in planned] == [out / "a_x4.jpg", out / "a_x4_x4.jpg", out / "deep" / "b_x4.png"]


def test_folders_of_videos(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.jpg", "in/b.MP4", "in/b_x4.mp4", "in/c.ts", "in/notes.txt")
    planned = jobs((tmp_path / "in",), None, 4, False)
    assert [j.output.name for j in planned] == ["a_x4.jpg", "b_x4.MP4", "c_x4.mkv"]


def test_refusals(tmp_path: Path) -> None:
    tree(tmp_path, "in/deep/b.png", "two/b.png")
    with pytest.raises(UsageError, match=r"no image or video in this folder .*--recursive"):
        jobs((tmp_path / "in",), None, 4, False)
    with pytest.raises(UsageError, match="is one file and there are 2 files"):
        jobs((tmp_path / "a.png", tmp_path / "b.png"), tmp_path / "c.png", 4, False)
    with pytest.raises(UsageError, match="would both be written"):
        jobs((tmp_path / "in" / "deep", tmp_path / "two"), tmp_path / "out", 4, False)
