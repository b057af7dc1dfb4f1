"""Where photos come from: folders, scikit-image's samples, TensorFlow Datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.imaging import images
from srgan_edge.imaging.resample import resize

Bytes = NDArray[np.uint8]

SAMPLE = "sample"
TFDS = "tfds:"

# The colour photographs among the pictures that scikit-image's wheel carries; the last ones validate.
SAMPLE_PHOTOS = (
    "astronaut.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
    "chelsea.png",
    "coffee.png",
)
HELD_OUT_SAMPLES = 2


class Folder(NamedTuple):
    """Photos in files."""

    files: list[Path]

    @property
    def identity(self) -> str:
        """Equal for equal files: what a cache of them is known by."""
        return "\n".join(f"{p.resolve()} {p.stat().st_size} {p.stat().st_mtime_ns}" for p in self.files)

    def readers(self) -> Iterator[tuple[str, Callable[[], Bytes]]]:
        """Names, and functions that decode to `(H, W, 3)` bytes or raise UnreadableImageError."""
        for path in self.files:
            yield str(path), lambda path=path: images.read(path).rgb


class TfdsSplit(NamedTuple):
    """Photos of one split of a TensorFlow dataset, in its own order."""

    name: str
    split: str
    feature: str
    """The key of the high-resolution image."""

    @property
    def identity(self) -> str:
        """Equal for equal photos."""
        return " ".join(self)

    def readers(self) -> Iterator[tuple[str, Callable[[], Bytes]]]:
        """Names, and functions that give `(H, W, 3)` bytes."""
        import tensorflow_datasets as tfds

        # read_config: the order of files decides which photo a seed and a step draw.
        options = tfds.ReadConfig(interleave_cycle_length=1)
        examples: Any = tfds.load(self.name, split=self.split, shuffle_files=False, read_config=options)
        for index, example in enumerate(tfds.as_numpy(examples)):
            yield f"{self.name}/{self.split}/{index}", lambda example=example: example[self.feature]


Original = Folder | TfdsSplit


class Shrunk(NamedTuple):
    """Photos of another source, and each of them once more by each factor: finer and sharper details to learn from."""

    source: Original
    factors: Sequence[float]
    """Of height and width, below 1."""

    @property
    def name(self) -> str:
        """What messages call it."""
        return "data.source with data.shrunk"

    @property
    def identity(self) -> str:
        """Equal for equal photos."""
        return f"{self.source.identity} {list(self.factors)}"

    def readers(self) -> Iterator[tuple[str, Callable[[], Bytes]]]:
        """Names, and functions that give `(H, W, 3)` bytes or raise UnreadableImageError."""
        for name, read in self.source.readers():
            yield name, read
            for factor in self.factors:
                yield f"{name} x{factor}", lambda read=read, factor=factor: shrink(read(), factor)


def shrink(photo: Bytes, factor: float) -> Bytes:
    """`(H, W, 3)` bytes made smaller by MATLAB's bicubic, sides rounded."""
    height, width = (max(1, round(side * factor)) for side in photo.shape[:2])
    return resize(photo, height, width)


Source = Original | Shrunk


def with_shrunk(source: Original, factors: Sequence[float]) -> Source:
    """The source, and with factors its photos once more by each of them."""
    return Shrunk(source, factors) if factors else source


class Sources(NamedTuple):
    """The photos of a run."""

    train: Original
    valid: Original
    description: str
    """One sentence for the log."""


def sample_photos() -> list[Path]:
    """The photos that scikit-image ships, on disk."""
    import skimage

    return [Path(skimage.__file__).parent / "data" / name for name in SAMPLE_PHOTOS]


def find_sources(source: str, valid: str) -> Sources:
    """The photos that a recipe's `data.source` and `data.valid` mean.

    Without `valid`, some are held out: of a folder one photo in ten (at least 1, at most 8), of the
    samples 2, of a TensorFlow dataset its validation or test split.

    Raises:
        UsageError: a folder is missing or holds no image, or a dataset is unknown or has no photos.
    """
    if source.startswith(TFDS):
        train, held_out = _tfds_splits(source.removeprefix(TFDS))
        if valid:
            held_out = _one_source(valid)
        return Sources(train, held_out, f"{source}, split {train.split}, to validate {_described(held_out, valid)}")
    if source == SAMPLE:
        files, what, count = sample_photos(), "the sample photos of scikit-image", HELD_OUT_SAMPLES
    else:
        files, what = folder_files(source), source
        count = min(8, max(1, len(files) // 10))
    if valid:
        held_out = _one_source(valid)
        return Sources(
            Folder(files), held_out, f"{len(files)} photos from {what}, to validate {_described(held_out, valid)}"
        )
    if len(files) < 2:
        raise UsageError(f"{source}: one photo is too few to hold one out; name a folder to validate on (data.valid)")
    kept_back = files[-count:] if source == SAMPLE else files[:: len(files) // count][:count]
    train = Folder([f for f in files if f not in kept_back])
    return Sources(
        train, Folder(kept_back), f"{len(train.files)} photos from {what}, {count} more held out to validate"
    )


def folder_files(folder: str) -> list[Path]:
    """The photos of a folder and the folders in it.

    Raises:
        UsageError: it is missing or holds none.
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise UsageError(f"{folder}: no such folder of photos")
    files = images.find(path, recursive=True)
    if not files:
        raise UsageError(f"{folder}: holds no image file")
    return files


def _one_source(valid: str) -> Original:
    return _tfds_splits(valid.removeprefix(TFDS))[1] if valid.startswith(TFDS) else Folder(folder_files(valid))


def _described(source: Original, valid: str) -> str:
    return f"{len(source.files)} from {valid}" if isinstance(source, Folder) else f"split {source.split}"


def _tfds_splits(name: str) -> tuple[TfdsSplit, TfdsSplit]:
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core import DatasetNotFoundError

    try:
        builder = tfds.builder(name)
    except DatasetNotFoundError as error:
        raise UnknownNameError("TensorFlow dataset", name, tfds.list_builders()) from error
    except (ValueError, RuntimeError, OSError) as error:
        raise SrganEdgeError(f"{TFDS}{name}: {str(error).splitlines()[0]}") from error
    features: Any = builder.info.features
    feature = next((f for f in ("hr", "image") if f in features), None)
    if feature is None:
        raise UsageError(f"{TFDS}{name}: none of its features ({', '.join(features)}) is named hr or image")
    if not builder.info.splits:
        try:
            builder.download_and_prepare()
        except Exception as error:
            raise SrganEdgeError(f"{TFDS}{name}: cannot be downloaded: {str(error).splitlines()[0]}") from error
    splits = list(builder.info.splits)
    held_out = next((s for s in ("validation", "test") if s in splits), None)
    if held_out is None:
        # The last photos of the only split.
        return TfdsSplit(name, "train[:-8]", feature), TfdsSplit(name, "train[-8:]", feature)
    return TfdsSplit(name, "train", feature), TfdsSplit(name, held_out, feature)
