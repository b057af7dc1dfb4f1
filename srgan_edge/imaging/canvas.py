"""Memory that Pillow decodes a file into, given back row by row: a photo is never in memory twice."""

from __future__ import annotations

import mmap
import sys

from PIL import Image, ImageFile
from PIL.ExifTags import Base

# What decodes into the memory that it finds, and modes whose pixels take 4 bytes there.
_FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "BMP", "PPM")
_MODES = ("RGB", "RGBA", "CMYK", "YCbCr", "LAB")
_BYTES = 4


class Canvas:
    """The memory of an image's pixels."""

    def __init__(self, image: ImageFile.ImageFile) -> None:
        """Lay it under an image that is open and not yet loaded."""
        self._row, self._given_back = _BYTES * image.width, 0
        # Private: what is shared between processes is not given back page by page.
        self._memory = mmap.mmap(-1, self._row * image.height, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        # What Image.frombuffer does, which does not take RGB.
        self._pixels = Image.core.map_buffer(self._memory, image.size, "raw", 0, (image.mode, 0, 1))
        image.im = self._pixels

    def give_back(self, image: Image.Image, rows: int) -> None:
        """The first `rows` rows of the image are not looked at any more."""
        if image.im is not self._pixels:
            return  # a decoder took memory of its own
        end = self._row * rows // mmap.PAGESIZE * mmap.PAGESIZE
        if end > self._given_back:
            self._memory.madvise(mmap.MADV_DONTNEED, self._given_back, end - self._given_back)
            self._given_back = end


def under(image: Image.Image) -> Canvas | None:
    """A canvas for an image that is open and not yet loaded; None where it would not help."""
    if sys.platform == "win32" or not isinstance(image, ImageFile.ImageFile) or not image.tile:
        return None
    if image.format not in _FORMATS or image.mode not in _MODES or getattr(image, "n_frames", 1) > 1:
        return None
    if image.format == "TIFF" and getattr(image, "tag_v2", {}).get(Base.Orientation, 1) != 1:
        return None  # Pillow turns it, which makes another copy
    return Canvas(image)
