"""A frame of a video by libx264, through PyAV."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np

from srgan_edge.imaging import Bytes, x264
from srgan_edge.training.data.degradations.settings import H264

_FRAMES = 3
_SPEED = 2
"""Pixels a frame, at most, by which the picture moves: a still one would be refined from frame to frame."""


def h264(image: Bytes, settings: H264, random: np.random.Generator) -> Bytes:
    """Encode `(H, W, 3)` bytes as the last frame of a short pan, and decode it."""
    crf = int(random.integers(settings.crf[0], settings.crf[1] + 1))
    speed = random.integers(-_SPEED, _SPEED + 1, 2)
    height, width = image.shape[:2]
    reach = _SPEED * (_FRAMES - 1)
    # 4:2:0 needs even sides.
    padded = np.pad(image, ((reach, reach + height % 2), (reach, reach + width % 2), (0, 0)), mode="edge")
    rows, columns = height + height % 2, width + width % 2
    options = {"crf": str(crf), "preset": "veryfast", **x264.repeatable()}
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options=options)
        stream.width, stream.height, stream.pix_fmt = columns, rows, "yuv420p"
        stream.codec_context.thread_count = 1
        for index in range(_FRAMES):
            y, x = reach + speed * (_FRAMES - 1 - index)
            window = np.ascontiguousarray(padded[y : y + rows, x : x + columns])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(window, "rgb24")))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as encoded:
        *_, last = encoded.decode(video=0)
    return last.to_ndarray(format="rgb24").astype(np.uint8)[:height, :width]
