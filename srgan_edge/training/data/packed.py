"""Decoded photos packed into one file, mapped into memory: one descriptor, however many photos there are."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.files.atomic import write_text
from srgan_edge.files.locks import open_locked, try_lock
from srgan_edge.imaging import Bytes
from srgan_edge.training.data.photos import HighResolution, Pair, shrunk_cut

Decoded = Pair | HighResolution


class _Entry(NamedTuple):
    """A photo in the index; pixels follow one another in its order, HR before LR."""

    name: str
    height: int
    width: int
    low: bool
    """Its LR is there too."""
    paired: bool


# Pixels of a row that lie together: a crop is read from a few strips of its photo, not from whole rows.
STRIP = 128


class _Mapping:
    """A file's bytes, mapped into memory."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.bytes = np.frombuffer(self._map, np.uint8)
        self._advises = hasattr(mmap, "MADV_RANDOM")  # not on Windows
        if self._advises:
            # What lies around a crop is not wanted.
            self._map.madvise(mmap.MADV_RANDOM)

    def read(self, first: int, count: int) -> Bytes:
        """Bytes on their way from the disk: by page faults alone each page would wait for its own."""
        if self._advises:
            before = first % mmap.PAGESIZE
            self._map.madvise(mmap.MADV_WILLNEED, first - before, before + count)
        return self.bytes[first : first + count]


class _Plane(NamedTuple):
    """An image `(height, width, 3)` in a pack: its strips, from left to right."""

    mapping: _Mapping
    first: int
    """Its place in the file."""
    height: int
    width: int

    def part(self, y: int, x: int, height: int, width: int) -> Bytes:
        """The pixels of a rectangle."""
        parts = []
        for left in range(x - x % STRIP, x + width, STRIP):
            row = 3 * min(STRIP, self.width - left)
            strip = self.mapping.read(self.first + 3 * left * self.height + y * row, height * row)
            parts.append(strip.reshape(height, -1, 3)[:, max(0, x - left) : x + width - left])
        return np.concatenate(parts, axis=1)


class PackedPhoto(NamedTuple):
    """A photo of a pack; places and sizes are those of its low resolution."""

    name: str
    size: tuple[int, int]
    """Height and width of the low resolution."""
    scale: int
    hr: _Plane
    lr: _Plane | None
    paired: bool

    def cut(self, y: int, x: int, side: int) -> tuple[Bytes, Bytes]:
        """The LR crop `(side, side, 3)` at a place, and its HR twin."""
        if self.lr is None:
            return shrunk_cut(self, self.scale, y, x, side)
        return self.lr.part(y, x, side, side), self.region(y, x, side, side)

    def region(self, y: int, x: int, height: int, width: int) -> Bytes:
        """The HR pixels `(s height, s width, 3)` over an LR rectangle."""
        return self.hr.part(*(self.scale * length for length in (y, x, height, width)))


class Pack:
    """A file of pixels and its index: `photos-KEY.bin`, and `photos-KEY.json` once the pixels are complete.

    KEY is 16 hexadecimal digits.
    """

    def __init__(self, folder: Path, key: str) -> None:
        """Name the files; `key` is equal for equal photos."""
        self.folder = folder
        self.pixels, self.index = folder / f"photos-{key}.bin", folder / f"photos-{key}.json"

    @property
    def complete(self) -> bool:
        """It can be opened."""
        return self.index.is_file()

    def fill(self, decoded: Callable[[], Iterable[Decoded]], say: Callable[[str], None], room: int | None) -> None:
        """Write the photos, unless another process does: then wait for it.

        Args:
            decoded: yields them.
            say: is told of what takes its time.
            room: the most bytes that may be filled.

        Raises:
            UsageError: they need more than `room`.
            SrganEdgeError: the folder cannot be written, or its disk is full.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _sweep(self.folder)
            file = open_locked(self.pixels, lambda: say(f"waiting for another process that decodes into {self.pixels}"))
            assert file is not None
            with file:
                if not self.complete:  # else another process has filled it meanwhile
                    say(f"decoding into {self.pixels}")
                    self._write(file, decoded(), room)
        except OSError as error:
            raise SrganEdgeError(f"{self.folder}: cannot be written: {error.strerror or error}") from error

    def open(self) -> list[PackedPhoto]:
        """Its photos, mapped into memory.

        Raises:
            SrganEdgeError: a file of it is damaged.
        """
        try:
            about = json.loads(self.index.read_text(encoding="utf-8"))
            scale, entries = int(about["scale"]), [_Entry(*entry) for entry in about["photos"]]
            return list(_mapped(_Mapping(self.pixels), scale, entries))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SrganEdgeError(f"{self.pixels} is damaged: delete it and {self.index.name} ({error})") from error

    def _write(self, file: IO[bytes], decoded: Iterable[Decoded], room: int | None) -> None:
        entries: list[_Entry] = []
        scale, done = 1, False
        file.truncate(0)
        try:
            for photo in decoded:
                low = photo.lr if isinstance(photo, Pair) else None
                scale = photo.hr.shape[0] // photo.size[0]
                entries.append(_Entry(photo.name, *photo.size, low is not None, photo.paired))
                for plane in (photo.hr, low) if low is not None else (photo.hr,):
                    for left in range(0, plane.shape[1], STRIP):
                        file.write(np.ascontiguousarray(plane[:, left : left + STRIP]).data)
                if room is not None and file.tell() > room:
                    raise UsageError(
                        "the photos fill more than half of memory and of the free disk: set data.cache to a folder"
                    )
            file.flush()
            os.fsync(file.fileno())
            write_text(self.index, json.dumps({"scale": scale, "photos": entries}))
            done = True
        finally:
            if not done:
                file.truncate(0)
                with contextlib.suppress(OSError):  # Windows: while it is open
                    self.pixels.unlink()


def _mapped(mapping: _Mapping, scale: int, entries: list[_Entry]) -> Iterator[PackedPhoto]:
    needed = sum(e.height * e.width * 3 * (scale**2 + e.low) for e in entries)
    if len(mapping.bytes) != needed:
        raise ValueError(f"{len(mapping.bytes)} bytes, not {needed}")
    place = 0

    def plane(height: int, width: int) -> _Plane:
        nonlocal place
        place += height * width * 3
        return _Plane(mapping, place - height * width * 3, height, width)

    for e in entries:
        hr = plane(e.height * scale, e.width * scale)
        lr = plane(e.height, e.width) if e.low else None
        yield PackedPhoto(e.name, (e.height, e.width), scale, hr, lr, e.paired)


def _sweep(folder: Path) -> None:
    """Remove what killed processes left half filled; the folder may hold files of the user's too."""
    for pixels in folder.glob(f"photos-{'[0-9a-f]' * 16}.bin"):
        if not pixels.with_suffix(".json").is_file():
            with contextlib.suppress(OSError), pixels.open("a+b") as file:
                if try_lock(file) and not pixels.with_suffix(".json").is_file():
                    pixels.unlink()
