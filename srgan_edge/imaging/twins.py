"""Which low-resolution file belongs to a photo, by the conventions of the field's data sets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from srgan_edge.errors import UsageError

# What a name says beside the photo's own: 0801x4, 0801x4m, baby_LR, Canon_001_LR4, img_001_SRF_4_HR, woman-GT, 12_4x,
# img(x4), girl_bicubic.
_WORDS = r"srf[ _\-]?(?P<srf>\d+)|lr(?P<lr>\d*)|hr|lq|hq|gt|bic|bicubic"
_MARK = re.compile(
    rf"(?:[ _.\-]*\(?x(?P<x>\d+)[mwd]?\)?|[ _.\-]+\(?(?P<n>\d+)x\)?|[ _.\-]+\(?(?:{_WORDS})\)?)$", re.IGNORECASE
)


class Twins:
    """Files, each of which may be the low resolution of a photo elsewhere, found by name however many there are."""

    def __init__(self, folder: Path, files: Iterable[Path], scale: int | None) -> None:
        """Index the files.

        Args:
            folder: that they lie in.
            files: of low resolution.
            scale: of photos to twins, which chooses among several that say theirs; None = not known.
        """
        self.folder, self.scale = folder, scale
        self._by_path: dict[str, list[Path]] = {}
        self._by_stem: dict[str, list[Path]] = {}
        self._by_plain: dict[str, list[Path]] = {}
        for path in files:
            self._by_path.setdefault(_inside(path, folder), []).append(path)
            self._by_stem.setdefault(path.stem, []).append(path)
            self._by_plain.setdefault(_plain(path.stem), []).append(path)

    def of(self, photo: Path, root: Path) -> Path:
        """The twin of a photo that lies in the folder `root`, or deeper.

        That of the same name, in a folder of the same name; else of the same name without its suffix; else of the
        same name without what names say of resolution.

        Raises:
            UsageError: there is none, or more than one.
        """
        for names, name in (
            (self._by_path, _inside(photo, root)),
            (self._by_stem, photo.stem),
            (self._by_plain, _plain(photo.stem)),
        ):
            found = names.get(name, [])
            if len(found) > 1:
                found = [twin for twin in found if twin.name == photo.name] or found
            if len(found) > 1 and self.scale is not None:
                found = [twin for twin in found if str(self.scale) in _scales(twin.stem)] or found
            if len(found) == 1:
                return found[0]
            if found:
                several = " and ".join(twin.relative_to(self.folder).as_posix() for twin in found[:2])
                raise UsageError(f"{self.folder}: has several LR counterparts of {photo.name}: {several}")
        raise UsageError(f"{self.folder}: has no LR counterpart of {photo.name}")


def _inside(path: Path, folder: Path) -> str:
    """Without the suffix."""
    return path.relative_to(folder).with_suffix("").as_posix()


def _plain(stem: str) -> str:
    """A name without its marks."""
    while (found := _MARK.search(stem)) and found.start() > 0:
        stem = stem[: found.start()]
    return stem.casefold()


def _scales(stem: str) -> set[str]:
    """The scales that a name's marks say."""
    said: set[str] = set()
    while (found := _MARK.search(stem)) and found.start() > 0:
        said |= {value for value in found.groupdict().values() if value}
        stem = stem[: found.start()]
    return said
