from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srgan_edge.errors import UnknownNameError, UsageError
from srgan_edge.training.data import photos as photo_data
from srgan_edge.training.data.sources import Folder, Shrunk, TfdsSplit, find_sources


def files(source: object) -> list[Path]:
    assert isinstance(source, Folder)
    return source.files


def test_folders(photos: Path, tmp_path: Path) -> None:
    found = find_sources(str(photos), "")
    assert (len(files(found.train)), len(files(found.valid))) == (4, 1)
    assert not set(files(found.train)) & set(files(found.valid))
    assert len(files(find_sources("sample", "").train)) == 6
    same = find_sources(str(photos), str(photos))
    assert same.train == same.valid
    with pytest.raises(UsageError, match="no such folder"):
        find_sources(str(tmp_path / "none"), "")
    with pytest.raises(UsageError, match="holds no image"):
        find_sources(str(tmp_path), "")


@pytest.mark.parametrize(("name", "feature"), [("div2k", "hr"), ("coco/2017", "image")])
def test_tensorflow_datasets(name: str, feature: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tfds = pytest.importorskip("tensorflow_datasets")
    with tfds.testing.mock_data(num_examples=3):
        # The mock knows no splits, so that the last photos of the first are held out.
        found = find_sources(f"tfds:{name}", "")
        assert found[:2] == (TfdsSplit(name, "train[:-8]", feature), TfdsSplit(name, "train[-8:]", feature))
        said: list[str] = []
        train = TfdsSplit(name, "train", feature)
        loaded = photo_data.load(train, 4, 1, "memory", said.append, said.append)
        assert [p.name for p in loaded] == [f"{name}/train/{i}" for i in range(3)]
        cached = photo_data.load(train, 4, 1, str(tmp_path), said.append, said.append)
        with pytest.raises(UsageError, match="cannot be decoded for every crop"):
            photo_data.load(train, 4, 1, "none", said.append, said.append)
        monkeypatch.setattr("os.sysconf", lambda name: 10)  # a machine of 100 bytes
        with pytest.raises(UsageError, match="fills more than half of memory"):
            photo_data.load(train, 4, 1, "auto", said.append, said.append)
    for one, two in zip(loaded, cached, strict=True):
        np.testing.assert_array_equal(one.cut(0, 0, 1)[1], two.cut(0, 0, 1)[1])


def test_shrunk_photos_join_the_others(photos: Path) -> None:
    folder = Folder(files(find_sources(str(photos), "").train))
    said: list[str] = []
    both = photo_data.load(Shrunk(folder, [0.75, 0.5]), 4, 1, "auto", said.append, said.append)
    assert [p.name for p in both[:3]] == [str(folder.files[0]) + suffix for suffix in ("", " x0.75", " x0.5")]
    assert len(both) == 3 * len(folder.files)
    for whole, _, half in zip(both[::3], both[1::3], both[2::3], strict=True):
        assert [abs(2 * small - large) <= 1 for small, large in zip(half.size, whole.size, strict=True)] == [True] * 2
        low, high = (p.cut(0, 0, min(p.size))[0].mean(axis=(0, 1)) for p in (half, whole))
        np.testing.assert_allclose(low, high, atol=3)
    with pytest.raises(UsageError, match=r"data\.source with data\.shrunk cannot be decoded for every crop"):
        photo_data.load(Shrunk(folder, [0.5]), 4, 1, "none", said.append, said.append)


def test_an_unknown_dataset_gets_a_suggestion() -> None:
    pytest.importorskip("tensorflow_datasets")
    with pytest.raises(UnknownNameError, match="did you mean 'div2k'"):
        find_sources("tfds:div2kk", "")
