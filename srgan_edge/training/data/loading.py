"""Photos of a source, checked and kept where a recipe's `data.cache` says."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from srgan_edge.errors import UnreadableImageError, UsageError
from srgan_edge.files.user_cache import user_cache
from srgan_edge.imaging import images
from srgan_edge.imaging.resample import downscale
from srgan_edge.training.data.memory import memory_allowed
from srgan_edge.training.data.packed import Decoded, Pack
from srgan_edge.training.data.photos import HighResolution, Pair, Photo, PhotoFile, shrunk_size
from srgan_edge.training.data.sources import Item, Source
from srgan_edge.training.paths import path_of

Warn = Callable[[str], None]
T = TypeVar("T")
R = TypeVar("R")

# Photos left out that are told by name; a data set may hold many thousands.
_NAMED = 20


class _Measured(NamedTuple):
    """An item and its file, which is known by its header."""

    item: Item
    file: PhotoFile


def decode(source: Source, scale: int, smallest: int, warn: Warn, limit: int | None = None) -> list[Pair]:
    """Decode photos to measure on (the first `limit`) in parallel into memory, and shrink those that have no twin.

    Those unreadable, with an LR side under `smallest` or of one colour alone are named and counted to `warn`.

    Raises:
        UsageError: no photo is left, or one has another scale to its twin.
    """
    made = _decoded(islice(source.items(), limit), scale, smallest, keep_low=True)
    return [photo for photo in _usable(map(_measurable, made), warn) if isinstance(photo, Pair)]


def load(
    source: Source, scale: int, smallest: int, cache: str, warn: Warn, say: Warn, keep_low: bool = True
) -> list[Photo]:
    """The photos of a source, kept as a recipe's `data.cache` says.

    Args:
        source: of the photos.
        scale: of HR to LR.
        smallest: least LR side; smaller photos are left out.
        cache: "memory", "none", a folder, or "auto": memory if they fit into half of it, else packed in the user's
            cache folder if they fit into half of its disk's free space, else none.
        warn: is told of each photo that is left out.
        say: is told where they are kept.
        keep_low: keep the bicubic LR beside the HR; without, it is made for each crop that asks for it.

    Raises:
        UsageError: no photo is left, one has another scale to its twin, or the cache suits neither the source nor the
            machine.
        SrganEdgeError: the folder cannot be written.
    """
    loader = _Loader(source, scale, smallest, keep_low, warn, say)
    folder = None if cache in ("auto", "memory", "none") else path_of(cache)
    if not source.of_files:
        return loader.streamed(cache, folder)
    if folder is not None and loader.pack(folder).complete:
        return loader.packed(folder, source.items)
    # Headers first: what cannot be used is known in seconds, not when all is decoded.
    measured = list(_usable(_measured(source.items(), scale, smallest), warn))
    files = [m.file for m in measured]
    if cache == "none":
        return list(files)
    if folder is not None:
        return loader.packed(folder, lambda: (m.item for m in measured))
    needed = sum(f.size[0] * f.size[1] * 3 * (scale**2 + (keep_low or f.paired)) for f in files)
    if cache == "memory" or needed <= memory_allowed() // 2:
        say(f"{len(files)} photos are kept in memory, {_gib(needed)} decoded")
        return list(loader.decoded(m.item for m in measured))
    if loader.pack(user_cache()).complete or needed <= _free(user_cache()) // 2:
        return loader.packed(user_cache(), lambda: (m.item for m in measured))
    say(
        f"{len(files)} photos, {_gib(needed)} decoded, would fill more than half of memory and of the free disk: "
        "each is decoded for every crop; data.cache = FOLDER keeps them decoded"
    )
    return list(files)


class _Loader(NamedTuple):
    """What `load` was asked for."""

    source: Source
    scale: int
    smallest: int
    keep_low: bool
    warn: Warn
    say: Warn

    def decoded(self, items: Iterable[Item]) -> Iterator[Decoded]:
        """Those that can be used."""
        return _usable(_decoded(items, self.scale, self.smallest, self.keep_low), self.warn)

    def pack(self, folder: Path) -> Pack:
        """Of these photos, in a folder."""
        about = f"strips {self.source.identity} x{self.scale} {self.smallest} {self.keep_low}"
        return Pack(folder, hashlib.sha256(about.encode()).hexdigest()[:16])

    def packed(self, folder: Path, items: Callable[[], Iterable[Item]], room: int | None = None) -> list[Photo]:
        """The photos out of a pack, which is filled first if need be."""
        pack = self.pack(folder)
        if not pack.complete:
            pack.fill(lambda: self.decoded(items()), self.say, room)
        photos = pack.open()
        self.say(f"{len(photos)} decoded photos are read from {pack.pixels}, {_gib(pack.pixels.stat().st_size)}")
        return list(photos)

    def streamed(self, cache: str, folder: Path | None) -> list[Photo]:
        """Photos that come one after the other, so that what they fill is known at their end only."""
        items = self.source.items
        if folder is not None:
            return self.packed(folder, items)
        if cache == "none":
            raise UsageError(
                "data.cache = none decodes files, and a TensorFlow dataset holds none: set it to memory or to a folder"
            )
        if cache == "memory":
            return list(self.decoded(items()))
        kept = _within(memory_allowed() // 2, self.decoded(items()))
        return list(kept) if kept else self.packed(user_cache(), items, _free(user_cache()) // 2)


def _gib(count: float) -> str:
    return f"{count / 2**30:.1f} GiB"


def _free(folder: Path) -> int:
    """Bytes of the disk that a folder is or will be on."""
    return shutil.disk_usage(next(p for p in (folder, *folder.parents) if p.is_dir())).free


def _within(room: int, decoded: Iterable[Decoded]) -> list[Decoded] | None:
    """The photos, or None if they need more than `room` bytes."""
    kept = []
    for photo in decoded:
        room -= photo.hr.nbytes + (photo.lr.nbytes if isinstance(photo, Pair) else 0)
        if room < 0:
            return None
        kept.append(photo)
    return kept


def _decoded(items: Iterable[Item], scale: int, smallest: int, keep_low: bool) -> Iterator[Decoded | str]:
    def make(item: Item) -> Decoded | str:
        try:
            hr = item.read()
            lr = images.read(item.low).rgb if item.low is not None else None
        except UnreadableImageError as error:
            return str(error)
        if reason := _too_small(item.name, hr.shape[0], hr.shape[1], scale, smallest):
            return reason
        if lr is not None:
            _check_twin(item, hr.shape[0], hr.shape[1], lr.shape[0], lr.shape[1], scale)
        height, width = hr.shape[0] // scale, hr.shape[1] // scale
        hr = hr[: height * scale, : width * scale]
        if lr is not None:
            return Pair(item.name, lr[:height, :width], hr, paired=True)
        return Pair(item.name, downscale(hr, scale), hr) if keep_low else HighResolution(item.name, hr, scale)

    workers = min(32, (os.cpu_count() or 1) + 4)
    yield from _parallel(make, items, workers, workers + 2)


def _measured(items: Iterable[Item], scale: int, smallest: int) -> Iterator[_Measured | str]:
    def make(item: Item) -> _Measured | str:
        assert item.path is not None
        try:
            height, width = shrunk_size(*images.size(item.path), item.factor)
            low = images.size(item.low) if item.low is not None else None
        except UnreadableImageError as error:
            return str(error)
        if reason := _too_small(item.name, height, width, scale, smallest):
            return reason
        if low is not None:
            _check_twin(item, height, width, *low, scale)
        size = height // scale, width // scale
        return _Measured(item, PhotoFile(item.path, scale, size, item.low, item.factor))

    yield from _parallel(make, items, 32, 256)


def _measurable(photo: Decoded | str) -> Decoded | str:
    """A photo, or why it is of no use: one that is enlarged without error has a PSNR that hides all others."""
    if isinstance(photo, Pair) and all(np.ptp(image, axis=(0, 1)).max() == 0 for image in (photo.lr, photo.hr)):
        return f"{photo.name}: is of one colour alone, which nothing can be measured on"
    return photo


def _parallel(function: Callable[[T], R], items: Iterable[T], workers: int, ahead: int) -> Iterator[R]:
    """As `map`, in threads, at most `ahead` items begun: a pool's own `map` would begin on a whole dataset."""
    with ThreadPoolExecutor(workers) as pool:
        begun: deque[Future[R]] = deque()
        for item in items:
            begun.append(pool.submit(function, item))
            if len(begun) >= ahead:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def _check_twin(item: Item, height: int, width: int, low_height: int, low_width: int, scale: int) -> None:
    """Its size is that of the photo divided by the scale, rounded down or, as MATLAB does, up."""
    if low_height in (height // scale, -(-height // scale)) and low_width in (width // scale, -(-width // scale)):
        return
    raise UsageError(f"{item.low} of {low_width}x{low_height} is not {item.name} of {width}x{height} shrunk by {scale}")


def _too_small(name: str, height: int, width: int, scale: int, smallest: int) -> str:
    if min(height, width) // scale >= smallest:
        return ""
    return f"{name}: {width}x{height} is too small for crops of {smallest * scale} pixels"


def _usable(made: Iterable[T | str], warn: Warn) -> Iterator[T]:
    """What is no reason to leave a photo out; the first of those are told to `warn`, and all are counted at the end.

    Raises:
        UsageError: none is left.
    """
    kept, refused = 0, []
    for item in made:
        if isinstance(item, str):
            refused.append(item)
            if len(refused) <= _NAMED:
                warn(f"skipped: {item}")
        else:
            kept += 1
            yield item
    if not kept:
        raise UsageError(f"none of the {len(refused)} photos can be used; {refused[-1]}" if refused else "no photo")
    if refused:
        warn(f"{len(refused)} of {len(refused) + kept} photos were skipped")
