from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge.errors import UsageError
from srgan_edge.imaging import encoding, images
from srgan_edge.training.data.photos import Pair, PhotoFile, decode, load
from srgan_edge.training.data.sources import Folder


def test_bad_photos_are_named_and_counted(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    encoding.write(images.Picture(photo(20, 300)), tmp_path / "narrow.png")
    both = Folder([*images.find(photos), *images.find(tmp_path)])
    said: list[str] = []
    assert len(decode(both, 4, 24, said.append)) == 5
    assert "broken.png" in said[0]
    assert "300x20 is too small for crops of 96 pixels" in said[1]
    assert said[2] == "2 of 7 photos were skipped"
    with pytest.raises(UsageError, match="none of the 2 photos"):
        decode(Folder(images.find(tmp_path)), 4, 24, said.append)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_cache_holds_the_same_photos(photos: Path, tmp_path: Path, scale: int) -> None:
    """Crops decoded anew are cut from the whole photo's degradation, at its edges too."""
    source, said = Folder(images.find(photos)), []
    kept = {c: load(source, scale, 8, c, said.append, said.append) for c in ("memory", "none", str(tmp_path))}
    assert isinstance(kept["memory"][0], Pair)
    assert isinstance(kept["none"][0], PhotoFile)
    random = np.random.default_rng(0)
    for memory, *others in zip(*kept.values(), strict=True):
        height, width = memory.size
        places = [(0, 0), (height - 8, width - 8), (int(random.integers(height - 8)), int(random.integers(width - 8)))]
        for other in others:
            assert other.size == memory.size
            for y, x in places:
                for one, two in zip(memory.cut(y, x, 8), other.cut(y, x, 8), strict=True):
                    np.testing.assert_array_equal(one, two)


def test_the_disk_cache_is_made_once_and_follows_the_files(photos: Path, tmp_path: Path) -> None:
    source, said = Folder(images.find(photos)), []
    for _ in range(2):
        load(source, 4, 8, str(tmp_path), said.append, said.append)
    assert [text.split()[0] for text in said] == ["decoding", "5", "5"]
    load(Folder(source.files[1:]), 4, 8, str(tmp_path), said.append, said.append)
    assert said[-1].startswith("4 decoded photos")
    assert len(list(tmp_path.iterdir())) == 2


def test_two_may_decode_at_once(photos: Path, tmp_path: Path) -> None:
    source, said = Folder(images.find(photos)), []

    def another_is_sooner(text: str) -> None:
        if not said:
            said.append(text)
            load(source, 4, 8, str(tmp_path), said.append, said.append)

    assert len(load(source, 4, 8, str(tmp_path), said.append, another_is_sooner)) == 5
    assert [text.split()[0] for text in said] == ["decoding", "decoding", "5"]
    assert len(list(tmp_path.iterdir())) == 1


def test_auto_leaves_what_does_not_fit_on_disk(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, said = Folder(images.find(photos)), []
    assert isinstance(load(source, 4, 8, "auto", said.append, said.append)[0], Pair)
    monkeypatch.setattr("os.sysconf", lambda name: 300)  # a machine of 90 KB
    assert isinstance(load(source, 4, 8, "auto", said.append, said.append)[0], PhotoFile)
    assert "decoded for every crop" in said[-1]


def test_upright_size(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.fromarray(photo(40, 60)).save(tmp_path / "turned.jpg", exif=exif)
    assert images.size(tmp_path / "turned.jpg") == images.read(tmp_path / "turned.jpg").rgb.shape[:2] == (60, 40)
