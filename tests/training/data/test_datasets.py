from __future__ import annotations

import logging
import socket
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.training.data import loading
from srgan_edge.training.data.lookup import find_sources
from srgan_edge.training.data.sources import TfdsSplit

pytestmark = pytest.mark.tensorflow


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


def test_an_unknown_dataset_gets_a_suggestion() -> None:
    pytest.importorskip("tensorflow_datasets")
    with pytest.raises(UnknownNameError, match="did you mean 'div2k'"):
        find_sources("tfds:div2kk")


@pytest.mark.parametrize("name", ["mnist", "smallnorb"])
def test_a_dataset_without_colours_is_refused(name: str) -> None:
    tfds = pytest.importorskip("tensorflow_datasets")
    with (
        tfds.testing.mock_data(num_examples=3),
        pytest.raises(UsageError, match=rf"^tfds:{name}: its image of shape .*, 1\) and uint8 is no RGB picture"),
    ):
        find_sources(f"tfds:{name}")


def test_a_dataset_without_photos_to_train_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    tfds = pytest.importorskip("tensorflow_datasets")
    features = {"image": tfds.features.Image(shape=(None, None, 3))}
    about = SimpleNamespace(features=features, splits={"test": None, "extra": None})
    monkeypatch.setattr(tfds, "builder", lambda name: SimpleNamespace(info=about))
    with pytest.raises(UsageError, match=r"tfds:x: none of its splits \(test, extra\) is named train"):
        find_sources("tfds:x")


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
