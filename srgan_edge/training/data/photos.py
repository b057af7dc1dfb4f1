"""Photos with their degradation: decoded once into memory or files, or anew for every crop."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError, UnreadableImageError, UsageError
from srgan_edge.imaging import images
from srgan_edge.imaging.resample import downscale
from srgan_edge.training.data.sources import Folder, Source

Bytes = NDArray[np.uint8]
Warn = Callable[[str], None]
T = TypeVar("T", bound="Pair | PhotoFile")

# Bicubic shrinking looks 2 low-resolution pixels to each side (its kernel is 4 wide), half a pixel off centre.
_REACH = 3


class Photo(Protocol):
    """A photo that crops are cut from; sizes are those of its low resolution."""

    @property
    def name(self) -> str:
        """Of the file or the example."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        ...

    def cut(self, y: int, x: int, side: int) -> tuple[Bytes, Bytes]:
        """The LR crop `(side, side, 3)` at a place, and its HR twin."""
        ...


class Pair(NamedTuple):
    """A decoded photo and its degradation, in memory or mapped from a cache."""

    name: str
    lr: Bytes
    """`(h, w, 3)`"""
    hr: Bytes
    """`(s h, s w, 3)`"""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the low resolution."""
        return self.lr.shape[0], self.lr.shape[1]

    def cut(self, y: int, x: int, side: int) -> tuple[Bytes, Bytes]:
        """The LR crop `(side, side, 3)` at a place, and its HR twin."""
        s = self.hr.shape[0] // self.lr.shape[0]
        return self.lr[y : y + side, x : x + side], self.hr[y * s : (y + side) * s, x * s : (x + side) * s]


class PhotoFile(NamedTuple):
    """A photo that is decoded for every crop."""

    path: Path
    scale: int
    size: tuple[int, int]
    """Height and width of the low resolution."""

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    def cut(self, y: int, x: int, side: int) -> tuple[Bytes, Bytes]:
        """The LR crop `(side, side, 3)` at a place, as a crop of the whole photo's degradation, and its HR twin.

        Raises:
            UnreadableImageError: the file is damaged.
        """
        s, (height, width) = self.scale, self.size
        top, left = max(0, y - _REACH), max(0, x - _REACH)
        bottom, right = min(height, y + side + _REACH), min(width, x + side + _REACH)
        region = images.read(self.path).rgb[top * s : bottom * s, left * s : right * s]
        y, x = y - top, x - left
        return Pair("", downscale(region, s), region).cut(y, x, side)


def decode(source: Source, scale: int, smallest: int, warn: Warn, limit: int | None = None) -> list[Pair]:
    """Decode and degrade photos (the first `limit` of them) in parallel, into memory.

    Those unreadable or with an LR side under `smallest` are named and counted to `warn`.

    Raises:
        UsageError: no photo is left.
    """
    return _usable(islice(_pairs(source, scale, smallest), limit), warn)


def load(source: Source, scale: int, smallest: int, cache: str, warn: Warn, say: Warn) -> list[Photo]:
    """The photos of a source, kept as a recipe's `data.cache` says; `say` is told where.

    Raises:
        UsageError: no photo is left, or the cache suits neither the source nor the machine.
    """
    if cache not in ("auto", "memory", "none"):
        return list(_on_disk(source, scale, smallest, Path(cache).expanduser(), warn, say))
    if not isinstance(source, Folder):
        if cache == "none":
            raise UsageError(f"{source.name} cannot be decoded for every crop: set data.cache to memory or to a folder")
        pairs = _pairs(source, scale, smallest)
        return list(_usable(_within_memory(pairs, source.name) if cache == "auto" else pairs, warn))
    if cache == "memory":
        return list(decode(source, scale, smallest, warn))
    files = _usable(_headers(source, scale, smallest), warn)
    needed = sum(f.size[0] * f.size[1] for f in files) * 3 * (1 + scale**2)
    if cache == "auto" and needed <= half_of_memory():
        return list(decode(Folder([f.path for f in files]), scale, smallest, warn))
    say(f"{len(files)} photos of {needed / 2**30:.1f} GiB decoded stay on disk and are decoded for every crop")
    return list(files)


def half_of_memory() -> int:
    """Of this machine, in bytes: the most that decoded photos may fill unasked."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _within_memory(pairs: Iterable[Pair | str], name: str) -> Iterator[Pair | str]:
    room = half_of_memory()
    for pair in pairs:
        if isinstance(pair, Pair):
            room -= pair.lr.nbytes + pair.hr.nbytes
        if room < 0:
            raise UsageError(f"{name} fills more than half of memory: set data.cache to a folder for decoded photos")
        yield pair


def _pairs(source: Source, scale: int, smallest: int) -> Iterator[Pair | str]:
    def make(named: tuple[str, Callable[[], Bytes]]) -> Pair | str:
        name, read = named
        try:
            hr = read()
        except UnreadableImageError as error:
            return str(error)
        if reason := _too_small(name, hr.shape[0], hr.shape[1], scale, smallest):
            return reason
        lr = downscale(hr, scale)
        return Pair(name, lr, hr[: lr.shape[0] * scale, : lr.shape[1] * scale])

    readers = source.readers()
    with ThreadPoolExecutor() as pool:
        # In portions: `map` would start on a whole dataset at once.
        while portion := list(islice(readers, 32)):
            yield from pool.map(make, portion)


def _headers(source: Folder, scale: int, smallest: int) -> Iterator[PhotoFile | str]:
    def make(path: Path) -> PhotoFile | str:
        try:
            height, width = images.size(path)
        except UnreadableImageError as error:
            return str(error)
        reason = _too_small(str(path), height, width, scale, smallest)
        return reason or PhotoFile(path, scale, (height // scale, width // scale))

    with ThreadPoolExecutor() as pool:
        yield from pool.map(make, source.files)


def _too_small(name: str, height: int, width: int, scale: int, smallest: int) -> str:
    if min(height, width) // scale >= smallest:
        return ""
    return f"{name}: {width}x{height} is too small for crops of {smallest * scale} pixels"


def _usable(made: Iterable[T | str], warn: Warn) -> list[T]:
    kept: list[T] = []
    refused = 0
    for item in made:
        if isinstance(item, str):
            refused += 1
            warn(f"skipped: {item}")
        else:
            kept.append(item)
    if not kept:
        raise UsageError(f"none of the {refused} photos can be used")
    if refused:
        warn(f"{refused} of {refused + len(kept)} photos were skipped")
    return kept


def _on_disk(source: Source, scale: int, smallest: int, cache: Path, warn: Warn, say: Warn) -> list[Pair]:
    key = hashlib.sha256(f"{source.identity} x{scale} {smallest}".encode()).hexdigest()[:16]
    folder = cache / f"photos-{key}"
    if not folder.is_dir():
        say(f"decoding into {folder}")
        try:
            cache.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=".decoding-", dir=cache))
        except OSError as error:
            raise SrganEdgeError(f"{cache}: cannot be written: {error.strerror}") from error
        try:
            _write_cache(temporary, _pairs(source, scale, smallest), warn)
            try:
                temporary.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another process has decoded the same photos meanwhile
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    names: list[str] = json.loads((folder / "names.json").read_text(encoding="utf-8"))
    say(f"{len(names)} decoded photos in {folder}")

    def mapped(index: int, what: str) -> Bytes:
        return np.load(folder / f"{index}.{what}.npy", mmap_mode="r")

    return [Pair(name, mapped(index, "lr"), mapped(index, "hr")) for index, name in enumerate(names)]


def _write_cache(folder: Path, pairs: Iterator[Pair | str], warn: Warn) -> None:
    def written() -> Iterator[Pair | str]:
        index = 0
        for pair in pairs:
            if isinstance(pair, Pair):
                np.save(folder / f"{index}.lr.npy", pair.lr)
                np.save(folder / f"{index}.hr.npy", pair.hr)
                pair, index = Pair(pair.name, pair.lr[:0], pair.hr[:0]), index + 1  # the pixels may go
            yield pair

    names = [pair.name for pair in _usable(written(), warn)]
    (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")
