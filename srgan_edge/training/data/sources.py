"""Sources of photos: folders, alone or with their low resolution, TensorFlow Datasets, several, shrunk ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from srgan_edge.imaging import Bytes, images
from srgan_edge.training.data.photos import shrink


class Item(NamedTuple):
    """One photo of a source."""

    name: str
    read: Callable[[], Bytes]
    """Decodes to `(H, W, 3)` bytes or raises UnreadableImageError."""
    path: Path | None = None
    """Its file, if it has one of its own."""
    low: Path | None = None
    """The file of its low resolution, where the user has it."""
    factor: float = 1.0
    """By which `read` shrinks what the file holds."""


class Folder(NamedTuple):
    """Photos in files."""

    files: list[Path]
    low: list[Path] | None = None
    """Of each its low resolution, where the user has it."""

    @property
    def of_files(self) -> bool:
        """Each photo can be decoded by itself."""
        return True

    @property
    def identity(self) -> str:
        """Equal for equal files: what a cache of them is known by."""
        return "\n".join([*map(_file_identity, self.files), *(f"low {_file_identity(p)}" for p in self.low or ())])

    def items(self) -> Iterator[Item]:
        """Its photos."""
        for index, path in enumerate(self.files):
            yield Item(str(path), partial(_read, path), path, self.low[index] if self.low else None)


def _file_identity(path: Path) -> str:
    about = path.stat()
    return f"{path.resolve()} {about.st_size} {about.st_mtime_ns}"


def _read(path: Path) -> Bytes:
    return images.read(path).rgb


class TfdsSplit(NamedTuple):
    """Photos of one split of a TensorFlow dataset, in its own order."""

    name: str
    split: str
    feature: str
    """The key of the high-resolution image."""

    @property
    def of_files(self) -> bool:
        """They come one after the other."""
        return False

    @property
    def identity(self) -> str:
        """Equal for equal photos."""
        return " ".join(self)

    def items(self) -> Iterator[Item]:
        """Its photos."""
        import tensorflow_datasets as tfds

        # read_config: the order of files decides which photo a seed and a step draw.
        options = tfds.ReadConfig(interleave_cycle_length=1)
        examples: Any = tfds.load(self.name, split=self.split, shuffle_files=False, read_config=options)
        for index, example in enumerate(tfds.as_numpy(examples)):
            yield Item(f"{self.name}/{self.split}/{index}", lambda example=example: example[self.feature])


Original = Folder | TfdsSplit


class Several(NamedTuple):
    """The photos of several sources, one after the other."""

    sources: tuple[Original, ...]

    @property
    def of_files(self) -> bool:
        """Each photo can be decoded by itself."""
        return all(source.of_files for source in self.sources)

    @property
    def identity(self) -> str:
        """Equal for equal photos."""
        return "\n".join(source.identity for source in self.sources)

    def items(self) -> Iterator[Item]:
        """Their photos."""
        for source in self.sources:
            yield from source.items()


class Shrunk(NamedTuple):
    """Photos of another source, and each of them once more by each factor: finer and sharper details to learn from.

    Photos with a low resolution of the user's are there once.
    """

    source: Original | Several
    factors: Sequence[float]
    """Of height and width, below 1."""

    @property
    def of_files(self) -> bool:
        """Each photo can be decoded by itself."""
        return self.source.of_files

    @property
    def identity(self) -> str:
        """Equal for equal photos."""
        return f"{self.source.identity} {list(self.factors)}" if self.factors else self.source.identity

    def items(self) -> Iterator[Item]:
        """Its photos."""
        for item in self.source.items():
            yield item
            for factor in self.factors if item.low is None else ():
                smaller = partial(_read_shrunk, item.read, factor)
                yield item._replace(name=f"{item.name} x{factor}", read=smaller, factor=factor)


def _read_shrunk(read: Callable[[], Bytes], factor: float) -> Bytes:
    return shrink(read(), factor)


Source = Original | Several | Shrunk
