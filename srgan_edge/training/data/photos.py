"""Photos that crops are cut from: decoded in memory or in a packed file, or decoded anew for every crop."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from srgan_edge.imaging import Bytes, images
from srgan_edge.imaging.resample import downscale, resize

# Bicubic shrinking looks 2 low-resolution pixels to each side (its kernel is 4 wide), half a pixel off centre.
_REACH = 3


class Photo(Protocol):
    """A photo that crops are cut from; places and sizes are those of its low resolution."""

    @property
    def name(self) -> str:
        """Of the file or the example."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        ...

    @property
    def paired(self) -> bool:
        """Its low resolution is a file of the user's, which no degradation may replace."""
        ...

    def cut(self, y: int, x: int, side: int) -> tuple[Bytes, Bytes]:
        """The LR crop `(side, side, 3)` at a place, the user's or by bicubic, and its HR twin.

        Raises:
            UnreadableImageError: the file is damaged.
        """
        ...

    def region(self, y: int, x: int, height: int, width: int) -> Bytes:
        """The HR pixels `(s height, s width, 3)` over an LR rectangle that lies in the photo.

        Raises:
            UnreadableImageError: the file is damaged.
        """
        ...


class Pair(NamedTuple):
    """A decoded photo and its low resolution."""

    name: str
    lr: Bytes
    """`(h, w, 3)`"""
    hr: Bytes
    """`(s h, s w, 3)`"""
    paired: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the low resolution."""
        return self.lr.shape[0], self.lr.shape[1]

    def cut(self, y: int, x: int, side: int) -> tuple[Bytes, Bytes]:
        """The LR crop `(side, side, 3)` at a place, and its HR twin."""
        return self.lr[y : y + side, x : x + side], self.region(y, x, side, side)

    def region(self, y: int, x: int, height: int, width: int) -> Bytes:
        """The HR pixels over an LR rectangle."""
        s = self.hr.shape[0] // self.lr.shape[0]
        return self.hr[y * s : (y + height) * s, x * s : (x + width) * s]


class HighResolution(NamedTuple):
    """A decoded photo whose low resolution is made for each crop."""

    name: str
    hr: Bytes
    """`(s h, s w, 3)`"""
    scale: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the low resolution."""
        return self.hr.shape[0] // self.scale, self.hr.shape[1] // self.scale

    @property
    def paired(self) -> bool:
        """Never."""
        return False

    def cut(self, y: int, x: int, side: int) -> tuple[Bytes, Bytes]:
        """The LR crop `(side, side, 3)` at a place, as a crop of the whole photo's, and its HR twin."""
        return shrunk_cut(self, self.scale, y, x, side)

    def region(self, y: int, x: int, height: int, width: int) -> Bytes:
        """The HR pixels over an LR rectangle."""
        s = self.scale
        return self.hr[y * s : (y + height) * s, x * s : (x + width) * s]


class PhotoFile(NamedTuple):
    """A photo that is decoded for every crop."""

    path: Path
    scale: int
    size: tuple[int, int]
    """Height and width of the low resolution."""
    low: Path | None = None
    """The file of its low resolution, where the user has it."""
    factor: float = 1.0
    """By which the photo is shrunk first."""

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path) if self.factor == 1 else f"{self.path} x{self.factor}"

    @property
    def paired(self) -> bool:
        """Its low resolution is a file."""
        return self.low is not None

    def cut(self, y: int, x: int, side: int) -> tuple[Bytes, Bytes]:
        """The LR crop `(side, side, 3)` at a place, as a crop of the whole photo's, and its HR twin.

        Raises:
            UnreadableImageError: the file is damaged.
        """
        if self.low is not None:
            low = images.read(self.low).rgb[y : y + side, x : x + side]
            return low, self.region(y, x, side, side)
        return shrunk_cut(self, self.scale, y, x, side)

    def region(self, y: int, x: int, height: int, width: int) -> Bytes:
        """The HR pixels over an LR rectangle.

        Raises:
            UnreadableImageError: the file is damaged.
        """
        s, photo = self.scale, images.read(self.path).rgb
        part = slice(y * s, (y + height) * s), slice(x * s, (x + width) * s)
        return photo[part] if self.factor == 1 else shrink(photo, self.factor, part)


def shrink(photo: Bytes, factor: float, part: tuple[slice, slice] = (slice(None), slice(None))) -> Bytes:
    """`(H, W, 3)` bytes, or `part` of the result alone, made smaller by MATLAB's bicubic, sides rounded."""
    height, width = shrunk_size(photo.shape[0], photo.shape[1], factor)
    return resize(photo, height, width, part)


def shrunk_size(height: int, width: int, factor: float) -> tuple[int, int]:
    """Of a photo made smaller by `shrink`."""
    return max(1, round(height * factor)), max(1, round(width * factor))


def shrunk_cut(photo: Photo, scale: int, y: int, x: int, side: int) -> tuple[Bytes, Bytes]:
    """`Photo.cut` of a photo that has only HR: its LR is made as the whole photo's would be."""
    height, width = photo.size
    top, left = max(0, y - _REACH), max(0, x - _REACH)
    bottom, right = min(height, y + side + _REACH), min(width, x + side + _REACH)
    region = photo.region(top, left, bottom - top, right - left)
    return Pair("", downscale(region, scale), region).cut(y - top, x - left, side)
