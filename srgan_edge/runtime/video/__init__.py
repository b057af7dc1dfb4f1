"""Video files: every frame enlarged; sound, subtitles, colours and timing kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from os.path import lexists
from pathlib import Path
from typing import Any

from srgan_edge.errors import ResultExistsError, SrganEdgeError, UsageError
from srgan_edge.runtime.batch import Job
from srgan_edge.runtime.pipeline import FileOutcome, Settings
from srgan_edge.runtime.upscaler import Upscaler

FrameProgress = Callable[[int, int], None]
"""Told how many frames are done, and of how many (0 = not known)."""


def upscale_videos(
    upscaler: Upscaler, jobs: Iterable[Job], settings: Settings, progress: FrameProgress
) -> Iterator[FileOutcome]:
    """Enlarge video files one by one; one that fails is an outcome with its error."""
    for job in jobs:
        started = time.perf_counter()
        try:
            if lexists(job.output) and not settings.overwrite:
                raise ResultExistsError(job.output)
            facts = upscale_video(
                upscaler, job.input, job.output, progress, settings.quality, settings.factor, settings.overwrite
            )
            yield FileOutcome(job, None, {**facts, "seconds": round(time.perf_counter() - started, 4)})
        except SrganEdgeError as error:
            yield FileOutcome.failed(job, error)


def upscale_video(
    upscaler: Upscaler,
    source: Path,
    target: Path,
    progress: FrameProgress = lambda done, total: None,
    quality: int = 95,
    factor: float | None = None,
    overwrite: bool = True,
) -> dict[str, Any]:
    """Enlarge a video file. Returns the facts of a `FileOutcome`.

    Sound, subtitles, cover pictures, fonts, chapters and titles are copied as they are; what the target's container
    cannot hold is named in the notes, and sound that it cannot hold is an error. Colour primaries, transfer, matrix
    and range stay those of the source. A run that was stopped or killed goes on where it was, frame for frame as if
    it had never stopped (`segments`).

    Args:
        upscaler: enlarges the frames.
        source: a video file of any of the containers in `batch.VIDEO_SUFFIXES`.
        target: its suffix chooses the container, one of `batch.VIDEO_RESULTS`.
        progress: told after each frame.
        quality: 1 to 100, of the encoder; 95 is H.264's CRF 18.
        factor: enlargement of the result, up to the model's squared; None = the model's.
        overwrite: a target that has come into being meanwhile.

    Raises:
        ResultExistsError: it may not be overwritten; the frames are kept.
        UsageError: PyAV is not installed, or no container has the target's suffix.
        SrganEdgeError: the file is missing, damaged, cut short or HDR, or the target cannot be written.
    """
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise UsageError(f"{source}: video needs PyAV: pip install 'srgan-edge[video]'") from error
    from srgan_edge.runtime.video.enlarge import enlarge

    return enlarge(upscaler, source, target, progress, quality, factor, overwrite)
