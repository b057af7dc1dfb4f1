"""Frames to RGB bytes and back by the matrix and range that the file says, and upright.

The numbers of primaries, transfers and matrices are those of ITU-T H.273.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from srgan_edge.imaging import Bytes
from srgan_edge.runtime.video.source import AV_VERSION, UnreadableVideoError

_UNSPECIFIED, _LIMITED, _FULL = 2, 1, 2
_BT709, _SMPTE170M, _BT2020 = 1, 6, 9
# H.273's matrices that swscale knows, and its names for them.
_SWSCALE_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}
_HDR = {16: "PQ", 18: "HLG"}
# Chroma between its samples is interpolated and not repeated: enlarging would draw the steps.
_EXACT = 0x4 | 0x40000 | 0x2000 | 0x4000  # SWS_BICUBIC, _ACCURATE_RND, _FULL_CHR_H_INT, _FULL_CHR_H_INP


@dataclass(frozen=True)
class Colours:
    """What a video's numbers mean."""

    primaries: int
    transfer: int
    matrix: int
    range: int
    """1 = limited (16 to 235), 2 = full."""


def colours_of(frame: Any) -> Colours:
    """The colours of a frame as they are written again; a matrix that the file does not name is players' guess by size.

    Raises:
        UnreadableVideoError: HDR, or a matrix that is not supported; the message lacks the file's name.
    """
    dolby = any(frame.side_data.get(kind) for kind in ("DOVI_METADATA", "DOVI_RPU_BUFFER"))
    if frame.color_trc in _HDR or dolby:
        kind = _HDR.get(frame.color_trc, "Dolby Vision")
        raise UnreadableVideoError(f"is HDR ({kind}), and models see 8 bits; tone-map it to SDR first")
    if _is_rgb(frame):
        return Colours(frame.color_primaries, frame.color_trc, _BT709, _LIMITED)
    matrix = _matrix(frame)
    if matrix not in _SWSCALE_MATRIX:
        raise UnreadableVideoError(f"colour matrix {matrix} of H.273 is not supported; convert it to BT.709 first")
    if matrix == _BT2020 and AV_VERSION < 18:  # which writes it by BT.601's numbers
        matrix = _BT709
    full = frame.color_range == _FULL or frame.format.name.startswith("yuvj")
    return Colours(frame.color_primaries, frame.color_trc, matrix, _FULL if full else _LIMITED)


def to_rgb(frame: Any) -> Bytes:
    """A frame's `(height, width, 3)` RGB bytes as they are stored, not yet upright."""
    if not _is_rgb(frame):
        frame.colorspace = _matrix(frame)
    rgb: Any = _converted(frame, format="rgb24", interpolation=_EXACT)
    return rgb.to_ndarray()


def from_rgb(rgb: Bytes, colours: Colours, pixel_format: str = "yuv420p") -> Any:
    """A frame of `(height, width, 3)` RGB bytes, tagged with its colours."""
    frame = _converted(
        av.VideoFrame.from_ndarray(rgb, format="rgb24"),
        format=pixel_format,
        dst_colorspace=_SWSCALE_MATRIX[colours.matrix],
        dst_color_range=colours.range,
        interpolation=_EXACT,
    )
    tag(frame, colours)
    return frame


def _converted(frame: Any, **how: Any) -> Any:
    """By a converter that is gone after: that of a frame starts threads, which live until Python looks for cycles."""
    return VideoReformatter().reformat(frame, **how)


def tag(what: Any, colours: Colours) -> None:
    """Write colours to a frame or an encoder."""
    what.color_primaries, what.color_trc = colours.primaries, colours.transfer
    what.colorspace, what.color_range = colours.matrix, colours.range


def turn_of(frame: Any) -> tuple[bool, bool, bool]:
    """How a frame is made upright: transposed first, then mirrored left to right, then top to bottom.

    A phone stores how it was held as a matrix beside the pictures (FFmpeg's libavutil/display.h).

    Raises:
        UnreadableVideoError: the matrix is neither a quarter turn nor a mirror; the message lacks the file's name.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    a, b, _, c, d = struct.unpack("5i", bytes(data)[:20]) if data else (1, 0, 0, 0, 1)
    if a == b == c == d == 0:  # says nothing
        return False, False, False
    if b == c == 0 and a and d:
        return False, a < 0, d < 0
    if a == d == 0 and b and c:
        return True, c < 0, b < 0
    raise UnreadableVideoError("is to be shown turned by an angle that is not a quarter; turn it first")


def upright(rgb: Bytes, turn: tuple[bool, bool, bool]) -> Bytes:
    """`(h, w, 3)` bytes, or `(w, h, 3)` if transposed, turned by `turn_of`."""
    transpose, left_right, top_bottom = turn
    if transpose:
        rgb = rgb.swapaxes(0, 1)
    return np.ascontiguousarray(rgb[:: -1 if top_bottom else 1, :: -1 if left_right else 1])


def _matrix(frame: Any) -> int:
    if frame.colorspace not in (0, _UNSPECIFIED, 3):
        return frame.colorspace
    return _BT709 if frame.width >= 1280 or frame.height > 576 else _SMPTE170M


def _is_rgb(frame: Any) -> bool:
    return frame.format.is_rgb or frame.format.has_palette
