from __future__ import annotations

import logging
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.training.data import loading
from srgan_edge.training.data.lookup import find_sources
from srgan_edge.training.data.sources import Folder, Several, Shrunk, TfdsSplit


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


@pytest.mark.tensorflow
@pytest.mark.parametrize(("name", "feature"), [("div2k", "hr"), ("coco/2017", "image")])
def test_tensorflow_datasets(name: str, feature: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tfds = pytest.importorskip("tensorflow_datasets")
    with tfds.testing.mock_data(num_examples=3):
        # The mock knows no splits, so that the last photos of the first are held out.
        found = find_sources(f"tfds:{name}")
        held_out = {"valid": TfdsSplit(name, "train[-8:]", feature)}
        assert found[:2] == (TfdsSplit(name, "train[:-8]", feature), held_out)
        said: list[str] = []
        train = TfdsSplit(name, "train", feature)
        loaded = loading.load(train, 4, 1, "memory", said.append, said.append)
        assert [p.name for p in loaded] == [f"{name}/train/{i}" for i in range(3)]
        cached = loading.load(train, 4, 1, str(tmp_path), said.append, said.append)
        with pytest.raises(UsageError, match=r"data\.cache = none decodes files"):
            loading.load(train, 4, 1, "none", said.append, said.append)
        monkeypatch.setattr(loading, "memory_allowed", lambda: 100)
        monkeypatch.setattr(loading, "user_cache", lambda: tmp_path / "user-cache")
        monkeypatch.setattr(loading, "_free", lambda folder: 10**9)
        assert len(loading.load(train, 4, 1, "auto", said.append, said.append)) == 3
        assert "user-cache" in said[-1]
        monkeypatch.setattr(loading, "user_cache", lambda: tmp_path / "full")
        monkeypatch.setattr(loading, "_free", lambda folder: 100)
        with pytest.raises(UsageError, match="more than half of memory and of the free disk"):
            loading.load(train, 4, 1, "auto", said.append, said.append)
    for one, two in zip(loaded, cached, strict=True):
        np.testing.assert_array_equal(one.cut(0, 0, 1)[1], two.cut(0, 0, 1)[1])


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


@pytest.mark.tensorflow
def test_an_unknown_dataset_gets_a_suggestion() -> None:
    pytest.importorskip("tensorflow_datasets")
    with pytest.raises(UnknownNameError, match="did you mean 'div2k'"):
        find_sources("tfds:div2kk")


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["mnist", "smallnorb"])
def test_a_dataset_without_colours_is_refused(name: str) -> None:
    tfds = pytest.importorskip("tensorflow_datasets")
    with (
        tfds.testing.mock_data(num_examples=3),
        pytest.raises(UsageError, match=rf"^tfds:{name}: its image of shape .*, 1\) and uint8 is no RGB picture"),
    ):
        find_sources(f"tfds:{name}")


@pytest.mark.tensorflow
def test_a_dataset_without_photos_to_train_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    tfds = pytest.importorskip("tensorflow_datasets")
    features = {"image": tfds.features.Image(shape=(None, None, 3))}
    about = SimpleNamespace(features=features, splits={"test": None, "extra": None})
    monkeypatch.setattr(tfds, "builder", lambda name: SimpleNamespace(info=about))
    with pytest.raises(UsageError, match=r"tfds:x: none of its splits \(test, extra\) is named train"):
        find_sources("tfds:x")


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


@pytest.mark.tensorflow
def test_a_download_that_fails_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """DIV2K and COCO are built on this Python; only the network is not there. No bars where there is no terminal."""
    tfds = pytest.importorskip("tensorflow_datasets")
    from urllib3 import HTTPSConnectionPool
    from urllib3.connection import HTTPSConnection
    from urllib3.exceptions import MaxRetryError, NameResolutionError

    error = socket.gaierror(-2, "Name or service not known")
    unknown = NameResolutionError("nowhere.org", HTTPSConnection("nowhere.org"), error)
    failures = {
        OSError("the disk\nsays more"): "the disk",
        OSError(
            MaxRetryError(HTTPSConnectionPool("nowhere.org"), "/x.zip", unknown)
        ): "Failed to resolve 'nowhere.org' .*not known.*",
        RuntimeError(): "RuntimeError",
    }
    for error, words in failures.items():

        def fail(builder: object, error: Exception = error) -> None:
            logging.getLogger("urllib3.connectionpool").warning("Retrying")
            with tfds.core.utils.tqdm_utils.tqdm(total=3, desc="Dl Size") as bar:
                bar.update(1)
            raise error

        monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
        for name in ("div2k", "coco/2017"):
            with pytest.raises(SrganEdgeError, match=f"^tfds:{name}: cannot be downloaded: {words}$"):
                find_sources(f"tfds:{name}")
    assert not caplog.records
    assert "Dl Size" not in capsys.readouterr().err
    logging.getLogger("urllib3.connectionpool").warning("told")
    assert caplog.records
