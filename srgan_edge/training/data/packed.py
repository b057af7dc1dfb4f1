"""Decoded photos packed into one file, mapped into memory: one descriptor, however many photos there are."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from srgan_edge.atomic import write_text
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.locks import open_locked, try_lock
from srgan_edge.training.data.photos import HighResolution, Pair

Decoded = Pair | HighResolution


class _Entry(NamedTuple):
    """A photo in the index; pixels follow one another in its order, HR before LR."""

    name: str
    height: int
    width: int
    low: bool
    """Its LR is there too."""
    paired: bool


class Pack:
    """A file of pixels and its index: `photos-KEY.bin`, and `photos-KEY.json` once the pixels are complete."""

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

    def open(self) -> list[Decoded]:
        """Its photos, mapped into memory.

        Raises:
            SrganEdgeError: a file of it is damaged.
        """
        try:
            about = json.loads(self.index.read_text(encoding="utf-8"))
            scale, entries = int(about["scale"]), [_Entry(*entry) for entry in about["photos"]]
            pixels = np.memmap(self.pixels, np.uint8, "r")
            return list(_mapped(pixels.view(np.ndarray), scale, entries))
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
                    file.write(np.ascontiguousarray(plane).data)
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


def _mapped(pixels: np.ndarray, scale: int, entries: list[_Entry]) -> Iterator[Decoded]:
    needed = sum(e.height * e.width * 3 * (scale**2 + e.low) for e in entries)
    if len(pixels) != needed:
        raise ValueError(f"{len(pixels)} bytes, not {needed}")
    place = 0

    def plane(height: int, width: int) -> np.ndarray:
        nonlocal place
        place += height * width * 3
        return pixels[place - height * width * 3 : place].reshape(height, width, 3)

    for e in entries:
        hr = plane(e.height * scale, e.width * scale)
        yield Pair(e.name, plane(e.height, e.width), hr, e.paired) if e.low else HighResolution(e.name, hr, scale)


def _sweep(folder: Path) -> None:
    """Remove what killed processes left half filled."""
    for pixels in folder.glob("photos-*.bin"):
        if not pixels.with_suffix(".json").is_file():
            with contextlib.suppress(OSError), pixels.open("a+b") as file:
                if try_lock(file) and not pixels.with_suffix(".json").is_file():
                    pixels.unlink()
