from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge.errors import UnknownNameError, UsageError
from srgan_edge.training.data import loading
from srgan_edge.training.data.lookup import find_sources
from srgan_edge.training.data.sources import Folder, Several, Shrunk


def files(source: object) -> list[Path]:
    assert isinstance(source, Folder)
    return source.files


def test_folders(photos: Path, tmp_path: Path) -> None:
    found = find_sources(str(photos))
    assert (len(files(found.train)), len(files(found.valid["valid"]))) == (4, 1)
    assert not set(files(found.train)) & set(files(found.valid["valid"]))
    assert found.description == f"4 photos from {photos}, to validate 1 more photos held out"
    assert len(files(find_sources("sample").train)) == 6
    same = find_sources(str(photos), str(photos))
    assert same.valid == {"valid": same.train}
    with pytest.raises(UsageError, match="no such folder"):
        find_sources(str(tmp_path / "none"))
    with pytest.raises(UsageError, match="holds no image"):
        find_sources(str(tmp_path))


def test_the_home_folder(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(photos.parent))
    monkeypatch.setenv("USERPROFILE", str(photos.parent))
    there = f"~/{photos.name}"
    assert find_sources(there, there).train == find_sources(str(photos), str(photos)).train
    for source, valid in (("~nosuchuser/x", ""), (there, "~nosuchuser/x")):
        with pytest.raises(UsageError, match=r"^~nosuchuser/x: there is no such user"):
            find_sources(source, valid)


def test_photos_on_both_sides_are_counted(photos: Path, tmp_path: Path) -> None:
    """A set within the folder that is trained on: its figures are of photos that the network knows."""
    inner = tmp_path / "all" / "zoo"
    shutil.copytree(photos, tmp_path / "all")
    shutil.copytree(photos, inner)
    whole = str(tmp_path / "all")
    said = find_sources(whole, str(inner)).description
    assert said.endswith(f"to validate 5 photos from {inner}, of which 5 are trained on as well")
    # Of two folders, one in the other, what one holds out the other has too.
    assert "trained on as well" in find_sources([whole, str(inner)]).description
    assert "as well" not in find_sources(whole).description


def test_what_cannot_be_validated_on_is_not_held_out(photos: Path, tmp_path: Path) -> None:
    """Of few photos one is held out: a small or damaged one would end the run."""
    for path in files(find_sources(str(photos)).train):
        shutil.copy(path, tmp_path)
    first = min(tmp_path.iterdir())
    (tmp_path / "_cut.png").write_bytes(first.read_bytes()[:500])
    Image.new("RGB", (63, 300)).save(tmp_path / "_narrow.png")
    found = find_sources(str(tmp_path))
    assert files(found.valid["valid"]) == [first]
    assert len(files(found.train)) == 5


def test_shrunk_photos_join_the_others(photos: Path) -> None:
    folder = Folder(files(find_sources(str(photos)).train))
    said: list[str] = []
    both = loading.load(Shrunk(folder, [0.75, 0.5]), 4, 1, "auto", said.append, said.append)
    assert [p.name for p in both[:3]] == [str(folder.files[0]) + suffix for suffix in ("", " x0.75", " x0.5")]
    assert len(both) == 3 * len(folder.files)
    for whole, _, half in zip(both[::3], both[1::3], both[2::3], strict=True):
        assert [abs(2 * small - large) <= 1 for small, large in zip(half.size, whole.size, strict=True)] == [True] * 2
        low, high = (p.cut(0, 0, min(p.size))[0].mean(axis=(0, 1)) for p in (half, whole))
        np.testing.assert_allclose(low, high, atol=3)


def paired_folders(folder: Path) -> tuple[Path, Path]:
    hr, low = folder / "hr", folder / "low"
    for index in range(4):
        for place, name, size in ((hr, f"{index}.png", (80, 96)), (low, f"{index}x4.png", (20, 24))):
            place.mkdir(exist_ok=True)
            Image.fromarray(photo(*size, index)).save(place / name)
    return hr, low


def test_paired_folders(tmp_path: Path) -> None:
    """What is held out is paired too."""
    hr, low = paired_folders(tmp_path)
    found = find_sources(str(hr), low=str(low))
    assert found.train == Folder([hr / f"{i}.png" for i in (1, 2, 3)], [low / f"{i}x4.png" for i in (1, 2, 3)])
    assert found.valid == {"valid": Folder([hr / "0.png"], [low / "0x4.png"])}
    assert "3 pairs from" in found.description
    (low / "2x4.png").unlink()
    with pytest.raises(UsageError, match=r"low: has no LR counterpart of 2\.png"):
        find_sources(str(hr), low=str(low))


def test_paired_and_other_photos(photos: Path, tmp_path: Path) -> None:
    hr, low = paired_folders(tmp_path)
    names = [str(hr), str(photos)]
    found = find_sources(names, low={str(hr): str(low)})
    assert isinstance(found.train, Several)
    train = loading.load(found.train, 4, 8, "memory", print, print)
    assert [p.paired for p in train] == [True] * 3 + [False] * 4
    assert [p.paired for p in loading.decode(found.valid["valid"], 4, 8, print)] == [True, False]
    with pytest.raises(UsageError, match="write a table"):
        find_sources(names, low=str(low))
    with pytest.raises(UnknownNameError, match=r"source in data\.low"):
        find_sources(names, low={str(low): str(low)})
    with pytest.raises(UsageError, match="sample is no folder"):
        find_sources("sample", low=str(low))
    with pytest.raises(UsageError, match="names no photos"):
        find_sources([])


def test_named_sets(photos: Path, tmp_path: Path) -> None:
    hr, low = paired_folders(tmp_path)
    low.rename(tmp_path / "lr_x4")
    found = find_sources(str(photos), {"pairs": str(tmp_path), "plain": str(photos)})
    assert [p.paired for p in loading.decode(found.valid["pairs"], 4, 8, print)] == [True] * 4
    assert [p.paired for p in loading.decode(found.valid["plain"], 4, 8, print)] == [False] * 5
    assert len(files(found.train)) == 5
    # Of another scale there are no twins: the photos of hr/ alone are shrunk.
    (x2,) = find_sources(str(photos), str(tmp_path), scale=2).valid.values()
    assert x2 == Folder([hr / f"{i}.png" for i in range(4)])
