from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import encoding, folders, images
from srgan_edge.training.data import loading
from srgan_edge.training.data.loading import decode, load
from srgan_edge.training.data.packed import STRIP, Pack, PackedPhoto
from srgan_edge.training.data.photos import HighResolution, Pair, Photo, PhotoFile
from srgan_edge.training.data.sources import Folder, Shrunk, Source


@pytest.fixture(autouse=True)
def _own_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "user_cache", lambda: tmp_path / "user-cache")


def kept(source: Source, cache: str, scale: int = 4, keep_low: bool = True) -> list[Photo]:
    return load(source, scale, 8, cache, print, print, keep_low)


def test_bad_photos_are_named_and_counted(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    encoding.write(images.Picture(photo(20, 300)), tmp_path / "narrow.png")
    both = Folder([*folders.find(photos), *folders.find(tmp_path)])
    said: list[str] = []
    assert len(decode(both, 4, 24, said.append)) == 5
    assert "broken.png" in said[0]
    assert "300x20 is too small for crops of 96 pixels" in said[1]
    assert said[2] == "2 of 7 photos were skipped"
    with pytest.raises(UsageError, match="none of the 2 photos"):
        decode(Folder(folders.find(tmp_path)), 4, 24, said.append)


def test_blank_photos_measure_nothing(photos: Path, tmp_path: Path) -> None:
    """Enlarged without error their PSNR is infinite, and so is the mean. A blank truth of noise is something to do."""
    blank, noisy = tmp_path / "blank.png", tmp_path / "noisy.png"
    encoding.write(images.Picture(np.full((96, 96, 3), 255, np.uint8)), blank)
    encoding.write(images.Picture(photo(24, 24)), noisy)
    said: list[str] = []
    found = decode(Folder([blank, *folders.find(photos)]), 4, 16, said.append)
    assert str(blank) not in [p.name for p in found]
    assert len(found) == 5
    assert said == [f"skipped: {blank}: is of one colour alone, which nothing can be measured on", said[1]]
    assert len(decode(Folder([blank], [noisy]), 4, 16, said.append)) == 1
    with pytest.raises(UsageError, match="none of the 1 photos can be used"):
        decode(Folder([blank]), 4, 16, said.append)


@pytest.mark.parametrize("cache", ["auto", "memory", "none", "folder"])
def test_crops_larger_than_every_photo_are_refused_at_once(
    photos: Path, tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the headers: nothing is decoded, and of many files the first are named."""
    monkeypatch.setattr(images, "read", None)
    files = folders.find(photos) * 10
    said: list[str] = []
    with pytest.raises(UsageError, match=r"none of the 50 photos can be used; .* too small for crops of 4000 pixels"):
        load(Folder(files), 4, 1000, str(tmp_path / cache) if cache == "folder" else cache, said.append, said.append)
    assert len(said) == 20


@pytest.mark.parametrize("shrunk", [False, True])
@pytest.mark.parametrize("keep_low", [True, False])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_cache_holds_the_same_photos(
    photos: Path, tmp_path: Path, scale: int, keep_low: bool, shrunk: bool
) -> None:
    """Crops decoded or shrunk anew are cut from the whole photo, at its edges too."""
    folder = Folder(folders.find(photos))
    source = Shrunk(folder, [0.77]) if shrunk else folder
    reference = kept(source, "memory", scale)
    assert all(isinstance(p, Pair) for p in reference)
    others = [kept(source, cache, scale, keep_low) for cache in ("memory", "none", str(tmp_path))]
    kind = Pair if keep_low else HighResolution
    assert [type(photos[0]) for photos in others] == [kind, PhotoFile, PackedPhoto]
    random = np.random.default_rng(0)
    for memory, *rest in zip(reference, *others, strict=True):
        height, width = memory.size
        places = [(0, 0), (height - 8, width - 8), (int(random.integers(height - 8)), int(random.integers(width - 8)))]
        for other in rest:
            assert (other.name, other.size, other.paired) == (memory.name, memory.size, False)
            for y, x in places:
                for one, two in zip(memory.cut(y, x, 8), other.cut(y, x, 8), strict=True):
                    np.testing.assert_array_equal(one, two)
                region = memory.cut(y, x, 8)[1][: 5 * scale, : 7 * scale]
                np.testing.assert_array_equal(other.region(y, x, 5, 7), region)


def test_rectangles_of_a_pack(tmp_path: Path) -> None:
    """Of photos as wide as whole strips, more and less, from their first to their last pixel."""
    random = np.random.default_rng(0)
    sizes = [(40, 2 * STRIP), (60, 3 * STRIP + 44), (44, STRIP - 4)]
    truths = [photo(*size, seed) for seed, size in enumerate(sizes)]
    for index, truth in enumerate(truths):
        Image.fromarray(truth).save(tmp_path / f"{index}.png")
    packed = kept(Folder(folders.find(tmp_path)), str(tmp_path / "cache"))
    for found, truth in zip(packed, truths, strict=True):
        assert isinstance(found, PackedPhoto)
        height, width = found.size
        np.testing.assert_array_equal(found.region(0, 0, height, width), truth)
        for _ in range(40):
            (top, bottom), (left, right) = (sorted(random.choice(n + 1, 2, replace=False)) for n in (height, width))
            part = found.region(top, left, bottom - top, right - left)
            np.testing.assert_array_equal(part, truth[4 * top : 4 * bottom, 4 * left : 4 * right])


def test_twins_are_what_the_user_has(tmp_path: Path) -> None:
    """Not shrunk photos: their pixels come from the files, whatever the cache, and no factor is applied to them."""
    for index in range(2):
        Image.fromarray(photo(80, 96 + 4 * index, index)).save(tmp_path / f"{index}.png")
        Image.fromarray(photo(20, 24 + index, 7 + index)).save(tmp_path / f"{index}x4.png")
    files = [tmp_path / f"{index}.png" for index in range(2)]
    low = [tmp_path / f"{index}x4.png" for index in range(2)]
    for cache in ("memory", "none", str(tmp_path / "cache")):
        for keep_low in (True, False):
            found = kept(Shrunk(Folder(files, low), [0.5]), cache, keep_low=keep_low)
            assert [(p.paired, p.size) for p in found] == [(True, (20, 24)), (True, (20, 25))]
            for p, hr, lr in zip(found, files, low, strict=True):
                one, two = p.cut(3, 5, 9)
                np.testing.assert_array_equal(one, images.read(lr).rgb[3:12, 5:14])
                np.testing.assert_array_equal(two, images.read(hr).rgb[12:48, 20:56])
    pairs = decode(Folder(files, low), 4, 8, print)
    np.testing.assert_array_equal(pairs[1].lr, images.read(low[1]).rgb)


@pytest.mark.parametrize("cache", ["memory", "none"])
def test_twins_of_another_scale_are_refused(tmp_path: Path, cache: str) -> None:
    Image.fromarray(photo(82, 99)).save(tmp_path / "a.png")
    for size, fits in (((20, 24), True), ((21, 25), True), ((41, 49), False), ((19, 24), False)):
        Image.fromarray(photo(*size)).save(tmp_path / "low.png")
        source = Folder([tmp_path / "a.png"], [tmp_path / "low.png"])
        if fits:
            assert [p.size for p in kept(source, cache)] == [(20, 24)]
        else:
            named = rf"low.png of {size[1]}x{size[0]} is not .*a.png of \d+x\d+ shrunk by 4"
            with pytest.raises(UsageError, match=named):
                kept(source, cache)


def test_the_disk_cache_is_made_once_and_follows_the_files(photos: Path, tmp_path: Path) -> None:
    source, said = Folder(folders.find(photos)), []
    for _ in range(2):
        load(source, 4, 8, str(tmp_path), said.append, said.append)
    assert [text.split()[0] for text in said] == ["decoding", "5", "5"]
    load(Folder(source.files[1:]), 4, 8, str(tmp_path), said.append, said.append)
    assert said[-1].startswith("4 decoded photos")
    assert len(list(tmp_path.iterdir())) == 4  # two packs and their indices


def test_a_damaged_cache_is_named(photos: Path, tmp_path: Path) -> None:
    source = Folder(folders.find(photos))
    kept(source, str(tmp_path))
    (pixels,) = tmp_path.glob("*.bin")
    pixels.write_bytes(pixels.read_bytes()[:-1])
    with pytest.raises(SrganEdgeError, match=r"\.bin is damaged: delete it"):
        kept(source, str(tmp_path))


_FILL = """
import sys
from pathlib import Path
from srgan_edge.imaging import folders, images
from srgan_edge.training.data.loading import load
from srgan_edge.training.data.sources import Folder

def say(text):
    print(text, flush=True)
    if text.startswith("decoding"):
        sys.stdin.readline()

load(Folder(folders.find(Path(sys.argv[1]))), 4, 8, sys.argv[2], say, say)
"""


def _filling(photos: Path, cache: Path) -> subprocess.Popen[str]:
    """A process that has begun to fill the cache and waits for a line."""
    command = [sys.executable, "-c", _FILL, str(photos), str(cache)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("decoding")
    return process


def test_two_may_decode_at_once(photos: Path, tmp_path: Path) -> None:
    """The second waits for the first and reads what it made."""
    first, said = _filling(photos, tmp_path), []

    def say(text: str) -> None:
        said.append(text.split()[0])
        if text.startswith("waiting"):
            first.communicate("go on\n")

    assert len(load(Folder(folders.find(photos)), 4, 8, str(tmp_path), say, say)) == 5
    assert said == ["waiting", "5"]
    assert first.returncode == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_killed_filling_leaves_nothing(photos: Path, tmp_path: Path) -> None:
    process = _filling(photos, tmp_path)
    (half,) = tmp_path.iterdir()
    alive = Pack(tmp_path, "other")
    alive.fill(lambda: decode(Folder(folders.find(photos)[:1]), 4, 8, print), print, None)
    assert half.is_file()  # of a process that lives: not to be swept
    process.kill()
    process.communicate()
    source = Folder(folders.find(photos)[:2])
    kept(source, str(tmp_path))
    assert not half.exists()


def test_a_folder_of_the_users_keeps_its_files(photos: Path, tmp_path: Path) -> None:
    """A name that only resembles those of packs is the user's."""
    own = tmp_path / "photos-2020.bin"
    own.write_bytes(b"kept")
    kept(Folder(folders.find(photos)), str(tmp_path))
    assert own.read_bytes() == b"kept"


def test_pairs_and_the_same_files_as_photos_are_cached_apart(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.png" for name in ("a", "a_low")]
    for path, side in zip(files, (80, 40), strict=True):
        encoding.write(images.Picture(photo(side, side)), path)
    cache = str(tmp_path / "cache")
    assert [p.paired for p in kept(Folder(files), cache, scale=2)] == [False, False]
    assert [p.paired for p in kept(Folder(files[:1], files[1:]), cache, scale=2)] == [True]


def test_a_full_disk_is_named_and_left_clean(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SrganEdgeError, match=r"cache: cannot be written: No space left on device"):
        kept(Folder(folders.find(photos)), str(tmp_path / "cache"))
    assert not list((tmp_path / "cache").iterdir())


def test_auto(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory, else the user's cache folder, else neither."""
    source, said = Folder(folders.find(photos)), []

    def how() -> tuple[type[Photo], str]:
        return type(load(source, 4, 8, "auto", said.append, said.append)[0]), said[-1]

    assert how() == (Pair, "5 photos are kept in memory, 0.0 GiB decoded")
    needed = sum(p.lr.nbytes + p.hr.nbytes for p in decode(source, 4, 8, print))
    monkeypatch.setattr(loading, "memory_allowed", lambda: 2 * needed - 1)
    monkeypatch.setattr(loading, "_free", lambda folder: 2 * needed - 1)
    kind, text = how()
    assert kind is PhotoFile
    assert "decoded for every crop" in text
    monkeypatch.setattr(loading, "_free", lambda folder: 2 * needed)
    kind, text = how()
    assert kind is PackedPhoto
    assert str(tmp_path / "user-cache") in text
    monkeypatch.setattr(loading, "_free", lambda folder: 0)
    assert how()[0] is PackedPhoto  # it is there already
    monkeypatch.setattr(loading, "memory_allowed", lambda: 2 * needed)
    assert "in memory" in how()[1]


def test_many_photos_need_one_descriptor(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    Image.fromarray(photo(40, 40)).save(tmp_path / "a.png")
    files = [tmp_path / f"{index:04}.png" for index in range(300)]
    for path in files:
        path.hardlink_to(tmp_path / "a.png")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        found = load(Folder(files), 4, 8, str(tmp_path / "cache"), print, print)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(found) == 300
    np.testing.assert_array_equal(found[299].cut(0, 0, 10)[1], photo(40, 40))
