"""Video files: every frame enlarged, sound and timing kept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srgan_edge.atomic import atomic_path
from srgan_edge.errors import ResultExistsError, SrganEdgeError, UsageError
from srgan_edge.runtime.batch import VIDEO_SUFFIXES, Job
from srgan_edge.runtime.pipeline import Outcome
from srgan_edge.runtime.upscaler import Upscaler

Bytes = NDArray[np.uint8]

# Encoders, their codecs and options for constant quality, the best first; a container takes some of them.
_ENCODERS = (
    ("libx264", "h264", {"crf": "18"}),
    ("libvpx-vp9", "vp9", {"crf": "24", "b": "0"}),
    ("mpeg4", "mpeg4", {"qscale": "3"}),
)
# Frames and packets of sound that may wait for the encoder.
_WAITING = 8


def is_video(path: Path) -> bool:
    """Whether a file is one of video, by its suffix."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def upscale_videos(
    upscaler: Upscaler, jobs: Iterable[Job], overwrite: bool, progress: Callable[[int, int], None]
) -> Iterator[Outcome]:
    """Enlarge video files one by one; one that fails is an outcome with its error."""
    for job in jobs:
        started = time.perf_counter()
        try:
            if job.output.exists() and not overwrite:
                raise ResultExistsError(job.output)
            facts = upscale_video(upscaler, job.input, job.output, progress)
            yield Outcome(job, None, {**facts, "seconds": round(time.perf_counter() - started, 4)})
        except SrganEdgeError as error:
            yield Outcome(job, str(error), {})


def upscale_video(
    upscaler: Upscaler, source: Path, target: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Enlarge a video file; its first sound track is copied as it is. Returns the facts of an `Outcome`.

    Args:
        upscaler: enlarges the frames.
        source: any file that FFmpeg reads.
        target: its suffix chooses the container.
        progress: told how many frames are done, and of how many (0 = not known).

    Raises:
        UsageError: PyAV is not installed, or no container has the target's suffix.
        SrganEdgeError: the file is missing, damaged or has no pictures, or the target cannot be written.
    """
    try:
        import av
        import av.error
    except ImportError as error:
        raise UsageError(f"{source}: video needs PyAV: pip install 'srgan-edge[video]'") from error
    if target.suffix.lower() not in VIDEO_SUFFIXES:
        raise UsageError(f"{target}: not a video; use one of {' '.join(VIDEO_SUFFIXES)}")
    if not source.is_file():
        raise SrganEdgeError(f"{source}: no such file")
    try:
        with av.open(str(source)) as given:
            if not given.streams.video:
                raise SrganEdgeError(f"{source}: has no pictures")
            first = next((_pixels(frame) for frame in given.decode(video=0)), None)
        if first is None:
            raise SrganEdgeError(f"{source}: has no pictures")
        height, width = (side * upscaler.scale for side in first.shape[:2])
        with (
            atomic_path(target) as temporary,
            av.open(str(source)) as given,
            av.open(str(temporary), "w") as made,
        ):
            return _transcode(upscaler, given, made, (width, height), target, progress)
    except av.error.FFmpegError as error:
        raise SrganEdgeError(f"{source} to {target.name}: {error.strerror or error}") from error


def _transcode(
    upscaler: Upscaler,
    given: Any,
    made: Any,
    size: tuple[int, int],
    target: Path,
    progress: Callable[[int, int], None],
) -> dict[str, Any]:
    import av

    pictures = given.streams.video[0]
    pictures.thread_type = "AUTO"
    sound = given.streams.audio[0] if given.streams.audio else None
    encoder, options = next(
        (name, options)
        for name, codec, options in _ENCODERS
        if name in av.codecs_available and codec in made.supported_codecs
    )
    stream = made.add_stream(encoder, rate=pictures.average_rate or pictures.guessed_rate or 25, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = pictures.time_base
    if sound is not None and sound.codec_context.name not in made.supported_codecs:
        raise SrganEdgeError(
            f"{target}: {target.suffix[1:]} does not hold the sound of {given.name}, {sound.codec_context.name}; "
            "mkv holds any"
        )
    track = made.add_stream_from_template(sound) if sound is not None else None
    done = 0

    def encode(result: Bytes, pts: int) -> None:
        frame = av.VideoFrame.from_ndarray(result, format="rgb24")
        frame.pts, frame.time_base = pts, pictures.time_base
        made.mux(stream.encode(frame))

    def copy(packet: Any) -> None:
        packet.stream = track
        made.mux(packet)

    # All writing is by one thread, in order, while the next frame is computed.
    with ThreadPoolExecutor(1, "encode") as writer:
        waiting: deque[Future[None]] = deque()
        for packet in given.demux([s for s in (pictures, sound) if s is not None]):
            if sound is not None and packet.stream.index == sound.index:
                if packet.dts is not None:  # the last is empty
                    waiting.append(writer.submit(copy, packet))
            else:
                for frame in packet.decode():
                    waiting.append(writer.submit(encode, upscaler(_pixels(frame)), frame.pts))
                    done += 1
                    progress(done, pictures.frames)
            while len(waiting) > _WAITING:
                waiting.popleft().result()
        for written in waiting:
            written.result()
    made.mux(stream.encode())
    facts = {"width": size[0], "height": size[1], "scale": upscaler.scale, "frames": done}
    return facts | {"notes": [f"{done} frames by {encoder}", "sound kept" if sound is not None else "no sound"]}


def _pixels(frame: Any) -> Bytes:
    """A frame's `(h, w, 3)` bytes, upright: phones store how they were held beside the pictures."""
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4))
