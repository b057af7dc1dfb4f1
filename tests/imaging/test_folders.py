from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge.imaging import folders


def test_find(photos: Path, tmp_path: Path) -> None:
    assert [p.name for p in folders.find(photos)] == [
        "photo0.png",
        "photo1.jpg",
        "photo2.webp",
        "photo3.bmp",
        "photo4.tif",
    ]
    (tmp_path / "in").mkdir()
    for name in ("a.PNG", "in/b.jpg", ".hidden.png", "c.txt"):
        (tmp_path / name).write_text("")
    assert [p.name for p in folders.find(tmp_path)] == ["a.PNG"]
    assert [p.name for p in folders.find(tmp_path, recursive=True)] == ["a.PNG", "b.jpg"]


def test_the_current_folder_by_its_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "photo.png").touch()
    monkeypatch.chdir(tmp_path)
    assert folders.find(Path(), True) == [Path("a/b/photo.png")]
