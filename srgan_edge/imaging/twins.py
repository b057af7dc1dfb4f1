"""Which low-resolution file belongs to a photo, by the conventions of the field's data sets."""

from __future__ import annotations

import re
from pathlib import Path

from srgan_edge.errors import UsageError
from srgan_edge.imaging import images

# 0801x4 and 0801x4m (DIV2K), Canon_001_LR4 (RealSR), img_001_SRF_4_LR (Huang et al. 2015), 0801_LR_bicubic_X4.
_LOW = re.compile(
    r"[-_ ]?(?:SRF_(?P<srf>\d)_LR|x(?P<x>\d)[mwd]?)$"
    r"|[-_ ]LR(?:[-_ ]?(?:bicubic|unknown|mild|wild|difficult|BI|BD|DN))?(?:[-_ ]?x?(?P<lr>\d))?$",
    re.IGNORECASE,
)
_HIGH = re.compile(r"[-_ ](?:SRF_\d_)?(?:HR|GT)$|[-_]x1$", re.IGNORECASE)


class Twins:
    """The files of a folder and the folders in it, each the low resolution of a photo elsewhere."""

    def __init__(self, folder: Path, scale: int) -> None:
        """Read the folder's names.

        Args:
            folder: of low-resolution files.
            scale: of the photos to them; a name that says another scale (`0801x2.png`) is no twin.

        Raises:
            UsageError: the folder is missing or holds no image.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder of low-resolution photos")
        self.folder = folder
        self._named: dict[str, list[Path]] = {}
        self._marked: dict[str, list[Path]] = {}
        for path in images.find(folder, recursive=True):
            stem = path.relative_to(folder).with_suffix("").as_posix()
            self._named.setdefault(stem, []).append(path)
            self._named.setdefault(path.stem, []).append(path)
            marked = _LOW.search(path.stem)
            if marked and int(marked["srf"] or marked["x"] or marked["lr"] or scale) == scale:
                self._marked.setdefault(path.stem[: marked.start()], []).append(path)
        if not self._named:
            raise UsageError(f"{folder}: holds no image file")

    def of(self, photo: Path, root: Path | None = None) -> Path:
        """The twin of a photo that lies in the folder `root` or in one of its folders.

        The file of the same name, whatever its suffix; else the one whose name is the photo's with a mark of low
        resolution (`x4`, `_LR`, `_SRF_4_LR`), the photo's own mark (`_HR`, `_GT`, `_SRF_4_HR`) left out.

        Raises:
            UsageError: there is none, or more than one.
        """
        stem = photo.relative_to(root).with_suffix("").as_posix() if root is not None else photo.stem
        bare = _HIGH.sub("", photo.stem)
        for names, name in (
            (self._named, stem),
            (self._named, photo.stem),
            (self._marked, photo.stem),
            (self._marked, bare),
            (self._named, bare),
        ):
            found = sorted(set(names.get(name, [])))
            same = [p for p in found if p.name == photo.name]
            if len(same) == 1 or len(found) == 1:
                return (same if len(same) == 1 else found)[0]
            if found:
                raise UsageError(f"{photo}: has two twins, {found[0]} and {found[1]}")
        raise UsageError(f"{self.folder}: has no twin of {photo.name}")
