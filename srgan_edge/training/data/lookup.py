"""The photos that a recipe names: folders, pairs of folders, scikit-image's samples, TensorFlow Datasets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from srgan_edge.errors import UnknownNameError, UnreadableImageError, UsageError
from srgan_edge.imaging import folders, images
from srgan_edge.imaging.twins import Twins
from srgan_edge.training.data.datasets import TFDS, tfds_splits
from srgan_edge.training.data.sources import Folder, Original, Several, TfdsSplit
from srgan_edge.training.paths import path_of

SAMPLE = "sample"
VALID = "valid"
"""The name of the set to validate on that a recipe gives no name."""

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
SMALLEST_TO_VALIDATE = 16
"""Pixels of an LR photo's side: SSIM's window of 11 fits in after the border is left out, at any scale."""


class Sources(NamedTuple):
    """The photos of a run."""

    train: Original | Several
    valid: dict[str, Original | Several]
    """The sets to validate on by name; the one without a name is called "valid"."""
    description: str
    """One sentence for the log."""


def sample_photos() -> list[Path]:
    """The photos that scikit-image ships, on disk."""
    import skimage

    return [Path(skimage.__file__).parent / "data" / name for name in SAMPLE_PHOTOS]


def find_sources(
    source: str | Sequence[str],
    valid: str | Mapping[str, str] = "",
    low: str | Mapping[str, str] = "",
    scale: int = 4,
) -> Sources:
    """The photos that a recipe's `data.source`, `data.valid` and `data.low` mean.

    Without `valid`, some of each source are held out: of a folder one photo in ten (at least 1, at most 8), of the
    samples 2, of a TensorFlow dataset its validation or test split.

    Args:
        source: a folder, "sample" or "tfds:NAME", or several of these.
        valid: a source to validate on, or named ones. A folder that holds `hr/` and, if the low resolution is not to
            be made by bicubic, `lr_xSCALE/` or `lr/` is a set of pairs.
        low: the folder of the low resolution of `source`, or of each source that has one.
        scale: of HR to LR.

    Raises:
        UsageError: a folder is missing or holds no image, a photo has no twin, or a dataset is unknown or has no
            photos.
    """
    names = [source] if isinstance(source, str) else list(source)
    if not all(names) or not names:
        raise UsageError("data.source names no photos")
    twins = _low_folders(names, low)
    named = {VALID: valid} if isinstance(valid, str) else dict(valid)
    sets = {name: _set(place, scale) for name, place in named.items() if place}
    held_out: dict[str, Original | Several] = {**sets}
    if sets:
        train = [_whole(name, twins, scale) for name in names]
        to_validate = [_described(sets[name], place) for name, place in named.items() if place]
    else:
        train, kept_back = zip(*(_split(name, twins, scale) for name in names), strict=True)
        held_out = {VALID: _joined(kept_back)}
        to_validate = [_held_out(source) for source in kept_back]
    said = [_described(source, name) for source, name in zip(train, names, strict=True)]
    both = len(_paths(train) & _paths(held_out.values()))
    known = f", of which {both} {'is' if both == 1 else 'are'} trained on as well" if both else ""
    return Sources(_joined(train), held_out, f"{' and '.join(said)}, to validate {' and '.join(to_validate)}{known}")


def folder_files(folder: str) -> list[Path]:
    """The photos of a folder and the folders in it.

    Raises:
        UsageError: it is missing or holds none.
    """
    path = path_of(folder)
    if not path.is_dir():
        raise UsageError(f"{folder}: no such folder of photos")
    files = folders.find(path, recursive=True)
    if not files:
        raise UsageError(f"{folder}: holds no image file")
    return files


def _low_folders(names: list[str], low: str | Mapping[str, str]) -> dict[str, str]:
    if isinstance(low, str):
        if low and len(names) > 1:
            raise UsageError("data.low: with several sources, write a table: low = {SOURCE = FOLDER}")
        low = {names[0]: low} if low else {}
    for name in low:
        if name not in names:
            raise UnknownNameError("source in data.low", name, names)
        if name == SAMPLE or name.startswith(TFDS):
            raise UsageError(f"data.low: {name} is no folder")
    return dict(low)


def _joined(sources: Sequence[Original]) -> Original | Several:
    return sources[0] if len(sources) == 1 else Several(tuple(sources))


def _paths(sources: Iterable[Original | Several]) -> set[Path]:
    found: set[Path] = set()
    for source in sources:
        if isinstance(source, Several):
            found |= _paths(source.sources)
        elif isinstance(source, Folder):
            found |= {path.absolute() for path in source.files}
    return found


def _whole(name: str, twins: Mapping[str, str], scale: int) -> Original:
    """A source of which nothing is held out."""
    return tfds_splits(name)[0] if name.startswith(TFDS) else _files(name, twins, scale)


def _files(name: str, twins: Mapping[str, str], scale: int) -> Folder:
    files = sample_photos() if name == SAMPLE else folder_files(name)
    return _paired(files, path_of(name), path_of(twins[name]), scale) if name in twins else Folder(files)


def _paired(files: list[Path], root: Path, low: Path, scale: int) -> Folder:
    twins = Twins(low, folder_files(str(low)), scale)
    return Folder(files, [twins.of(path, root) for path in files])


def _split(name: str, twins: Mapping[str, str], scale: int) -> tuple[Original, Original]:
    """A source without what it holds out, and that."""
    if name.startswith(TFDS):
        return tfds_splits(name)
    folder = _files(name, twins, scale)
    total = len(folder.files)
    if total < 2:
        raise UsageError(f"{name}: one photo is too few to hold one out; name a folder to validate on (data.valid)")
    count = HELD_OUT_SAMPLES if name == SAMPLE else min(8, max(1, total // 10))
    kept = range(total - count, total) if name == SAMPLE else _usable(folder.files, count, scale)
    return _some(folder, [i for i in range(total) if i not in kept]), _some(folder, kept)


def _usable(files: list[Path], count: int, scale: int) -> list[int]:
    """Files in even steps, or the next of each that can be validated on: of few, one bad file would be all."""
    step = len(files) // count
    starts = range(0, len(files), step)[:count]

    def good(path: Path) -> bool:
        try:
            picture = images.read(path)
        except UnreadableImageError:
            return False
        return min(picture.width, picture.height) >= SMALLEST_TO_VALIDATE * scale

    return [next((i for i in range(start, start + step) if good(files[i])), start) for start in starts]


def _some(folder: Folder, indices: Sequence[int]) -> Folder:
    low = None if folder.low is None else [folder.low[i] for i in indices]
    return Folder([folder.files[i] for i in indices], low)


def _set(place: str, scale: int) -> Original:
    """A source to validate on."""
    if place.startswith(TFDS):
        return tfds_splits(place)[1]
    if place == SAMPLE:
        return Folder(sample_photos())
    folder = path_of(place)
    if not (folder / "hr").is_dir():
        return Folder(folder_files(place))
    files = folder_files(str(folder / "hr"))
    low = next((p for p in (folder / f"lr_x{scale}", folder / "lr") if p.is_dir()), None)
    return _paired(files, folder / "hr", low, scale) if low else Folder(files)


def _described(source: Original, name: str) -> str:
    if isinstance(source, TfdsSplit):
        return f"{TFDS}{source.name}, split {source.split}"
    what = "pairs" if source.low else "photos"
    return f"{len(source.files)} {what} from {'the sample photos of scikit-image' if name == SAMPLE else name}"


def _held_out(source: Original) -> str:
    if isinstance(source, TfdsSplit):
        return f"split {source.split}"
    return f"{len(source.files)} more {'pairs' if source.low else 'photos'} held out"
