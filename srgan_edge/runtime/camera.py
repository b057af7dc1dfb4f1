"""A camera, live: the enlarged picture beside plain interpolation, in a window or as files."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import ResultExistsError, SrganEdgeError, UsageError
from srgan_edge.imaging import Bytes, encoding, images
from srgan_edge.runtime.upscaler import Upscaler

_WINDOW = "srgan-edge: interpolated | enlarged    (q quits)"


def view(upscaler: Upscaler, camera: str) -> int:
    """Show a camera in a window until q or Escape is pressed; return the number of frames.

    Raises:
        UsageError: OpenCV is not installed.
        SrganEdgeError: no such camera, or OpenCV has no window system here.
    """
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise SrganEdgeError("no window can be opened here, there is no display: use --headless -o FOLDER")
    cv2 = _opencv()
    times: deque[float] = deque(maxlen=20)
    shown = 0
    with _frames(cv2, camera) as frames:
        for frame in frames:
            times.append(time.perf_counter())
            picture = np.ascontiguousarray(split(frame, upscaler(frame))[..., ::-1])
            if len(times) > 1:
                rate = (len(times) - 1) / (times[-1] - times[0])
                cv2.putText(picture, f"{rate:.1f} frames/s", (12, 36), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 255), 2)
            try:
                cv2.imshow(_WINDOW, picture)
                key = cv2.waitKey(1) & 0xFF
            except cv2.error as error:  # opencv-python-headless
                raise SrganEdgeError("this OpenCV opens no windows: use --headless -o FOLDER") from error
            shown += 1
            if key in (ord("q"), 27):
                break
        cv2.destroyAllWindows()
    return shown


def record(
    upscaler: Upscaler,
    camera: str,
    out: Path,
    progress: Callable[[int], None],
    quality: int = 95,
    overwrite: bool = False,
) -> int:
    """Write a camera's enlarged frames to `out`/frame-000000.jpg and on; return their number when the camera ends.

    Args:
        upscaler: enlarges the frames.
        camera: its number, or what else OpenCV opens: a file, an address.
        out: the folder of the frames.
        progress: told how many are written.
        quality: of the JPEG files, 1 to 100.
        overwrite: frames of an earlier recording are deleted.

    Raises:
        UsageError: OpenCV is not installed.
        ResultExistsError: without `overwrite`, the folder holds frames of an earlier recording.
        SrganEdgeError: no such camera, or a frame cannot be written.
    """
    written = 0
    earlier = sorted(out.glob("frame-*.jpg"))
    if earlier and not overwrite:
        raise ResultExistsError(earlier[0])
    with _frames(_opencv(), camera) as frames:
        for path in earlier:  # a shorter recording would end in frames of another
            path.unlink(missing_ok=True)
        for frame in frames:
            encoding.write(images.Picture(upscaler(frame)), out / f"frame-{written:06}.jpg", quality)
            written += 1
            progress(written)
    return written


def split(frame: Bytes, enlarged: Bytes) -> Bytes:
    """The left half of a frame as interpolation enlarges it, and the right half of `enlarged`, with a line between."""
    from PIL import Image

    height, width = enlarged.shape[:2]
    result = enlarged.copy()
    plain = np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BILINEAR))
    result[:, : width // 2] = plain[:, : width // 2]
    result[:, width // 2 - 1 : width // 2 + 1] = 255
    return result


def _opencv() -> Any:
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # its warnings of drivers say less than our errors
    try:
        import cv2
    except ImportError as error:
        raise UsageError(
            f"--camera needs OpenCV ({error}): pip install 'srgan-edge[video]'; where it is installed and libGL is "
            "missing, as on servers, apt-get install libgl1"
        ) from error
    return cv2


@contextmanager
def _frames(cv2: Any, camera: str) -> Iterator[Iterator[Bytes]]:
    source = cv2.VideoCapture(int(camera) if camera.isdecimal() else camera)
    try:
        found, first = source.read()
        if not found:
            raise SrganEdgeError(f"camera {camera}: none there, or it gives no pictures")

        def all_frames() -> Iterator[Bytes]:
            frame, more = first, True
            while more:
                yield np.ascontiguousarray(frame[..., ::-1])
                more, frame = source.read()

        yield all_frames()
    finally:
        source.release()
