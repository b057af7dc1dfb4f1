"""Files in, files out: the next photo is decoded and the last one encoded while one is computed."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os.path import lexists
from typing import Any, NamedTuple

from srgan_edge.errors import ResultExistsError, SrganEdgeError, UsageError
from srgan_edge.imaging import Bytes, encoding, images, resample
from srgan_edge.runtime import tiling
from srgan_edge.runtime.batch import Job, RemoteJob
from srgan_edge.runtime.upscaler import Upscaler, colourless

# Strips that may wait for an encoder: they are what a large photo needs of memory.
_WAITING = 2
# Bytes of them in all, where a photo is so wide that few are more: the next is computed when there is room.
_STRIPS = 200_000_000


@dataclass(frozen=True)
class Settings:
    """What is done with each photo."""

    quality: int = 95
    """Of JPEG, WebP and AVIF results, 1 to 100."""
    factor: float | None = None
    """Enlargement of the results; None = the model's."""
    overwrite: bool = False
    """Results that exist are written over, and not refused."""
    max_pixels: int = images.MAX_PIXELS
    """Of a photo; more are refused."""


class FileOutcome(NamedTuple):
    """A photo's result, or why there is none."""

    job: Job | RemoteJob
    error: str | None
    facts: dict[str, Any]
    """width, height, scale, seconds, tiles, notes of the result; empty if there is none."""
    existed: bool = False
    """There is none since its file was there, or has come into being meanwhile."""

    @classmethod
    def failed(cls, job: Job | RemoteJob, error: SrganEdgeError) -> FileOutcome:
        """That of an error."""
        return cls(job, str(error), {}, isinstance(error, ResultExistsError))


class _GivenUpError(Exception):
    """Ends an encoder whose photo was given up."""


class _Photo(NamedTuple):
    """A photo that is being encoded."""

    job: Job
    strips: queue.Queue[Bytes | _GivenUpError | None]
    written: Future[float]
    """When, on the clock of `started`."""
    started: float
    facts: dict[str, Any]


def upscale_files(upscaler: Upscaler, jobs: Iterable[Job], settings: Settings) -> Generator[FileOutcome, None, None]:
    """Upscale photos; the outcomes come in the order of the jobs.

    A photo that fails is an outcome with its error, and the others go on. When the caller stops or is
    interrupted, no half-written file is left.

    Raises:
        UsageError: the factor is not one that the model's results can be brought to.
    """
    check_factor(settings.factor, upscaler.scale)
    stop = threading.Event()
    with ThreadPoolExecutor(1, "decode") as decoders, ThreadPoolExecutor(2, "encode") as encoders:
        todo = iter(jobs)
        ahead: deque[tuple[Job, Future[images.Picture]]] = deque()
        written: deque[_Photo | FileOutcome] = deque()

        def look_ahead() -> None:
            for job in todo:
                ahead.append((job, decoders.submit(_decode, job, upscaler, settings)))
                return

        try:
            look_ahead()
            while ahead:
                job, decoded = ahead.popleft()
                try:
                    picture = decoded.result()
                except SrganEdgeError as error:
                    written.append(FileOutcome.failed(job, error))
                    look_ahead()
                else:
                    look_ahead()
                    written.append(_upscale(upscaler, job, picture, settings, encoders, stop))
                    del picture
                while written and (len(written) > 2 or _is_done(written[0])):
                    yield _outcome(written.popleft())
            while written:
                yield _outcome(written.popleft())
        finally:
            stop.set()
            for item in written:
                if isinstance(item, _Photo):
                    item.written.cancel()


def check_factor(factor: float | None, scale: int) -> None:
    """Refuse an enlargement that a model of `scale` cannot serve.

    Raises:
        UsageError: it is not above 0, or more than the model applied twice gives.
    """
    if factor is not None and not 0 < factor <= scale**2:
        raise UsageError(f"a x{scale} model gives enlargements up to x{scale**2}, not x{factor:g}")


def _decode(job: Job, upscaler: Upscaler, settings: Settings) -> images.Picture:
    if lexists(job.output) and not settings.overwrite:
        raise ResultExistsError(job.output)
    picture = images.read(job.input, settings.max_pixels)
    encoding.check(job.output, *final_size(picture, upscaler.scale, settings.factor))
    return picture


def final_size(picture: images.Picture, scale: int, factor: float | None) -> tuple[int, int]:
    """Width and height of a picture's result."""
    times = factor or scale
    return max(1, round(picture.width * times)), max(1, round(picture.height * times))


def _upscale(
    upscaler: Upscaler,
    job: Job,
    picture: images.Picture,
    settings: Settings,
    encoders: ThreadPoolExecutor,
    stop: threading.Event,
) -> _Photo | FileOutcome:
    started = time.perf_counter()
    factor = settings.factor or upscaler.scale
    header = encoding.header_of(picture, *final_size(picture, upscaler.scale, factor))
    strips: queue.Queue[Bytes | _GivenUpError | None] = queue.Queue(_WAITING)
    facts = {
        "width": header.width,
        "height": header.height,
        "scale": factor,
        "tiles": upscaler.plan(picture.height, picture.width).tiles,
        "notes": [*picture.notes, *encoding.not_held(job.output, header)],
    }
    written = encoders.submit(_encode, job, header, strips, settings, stop)
    photo = _Photo(job, strips, written, started, facts)
    try:
        for strip in resized_strips(upscaler, picture, header, factor):
            room = max(1, _STRIPS // strip.nbytes)
            if not _put(photo, strip):
                return photo  # its encoder has failed and says why
            del strip
            while photo.strips.unfinished_tasks >= room and not written.done():
                time.sleep(0.005)
        _put(photo, None)
    except SrganEdgeError as error:
        _put(photo, _GivenUpError())
        return FileOutcome.failed(job, error)
    except BaseException:
        stop.set()
        raise
    return photo


def resized_strips(
    upscaler: Upscaler, picture: images.Picture, header: encoding.Header, factor: float
) -> Iterator[Bytes]:
    """The result's rows; an enlargement other than the model's is made by resizing the next larger one."""
    (height, width, channels), scale = picture.pixels.shape, upscaler.scale
    grey = colourless(picture.pixels)
    strips = upscaler.strips(picture.pixels, grey=grey)
    height, width = height * scale, width * scale
    if factor > scale:
        strips = upscaler.strips(tiling.Window((height, width, channels), strips, 2 * upscaler.tile[0]), grey=grey)
        height, width = height * scale, width * scale
    return strips if factor == scale else resample.lanczos(strips, height, width, header.height, header.width)


def _put(photo: _Photo, strip: Bytes | _GivenUpError | None) -> bool:
    """Hand a strip to the encoder; False if it has ended."""
    while not photo.written.done():
        try:
            photo.strips.put(strip, timeout=0.2)
            return True
        except queue.Full:
            continue
    return False


def _encode(
    job: Job,
    header: encoding.Header,
    strips: queue.Queue[Bytes | _GivenUpError | None],
    settings: Settings,
    stop: threading.Event,
) -> float:
    with encoding.encoder(job.output, header, settings.quality, settings.overwrite) as write:
        while True:
            try:
                strip = strips.get(timeout=0.2)
            except queue.Empty:
                if stop.is_set():
                    raise _GivenUpError from None
                continue
            if isinstance(strip, _GivenUpError) or stop.is_set():
                raise _GivenUpError
            if strip is None:
                break
            write(strip)
            del strip
            strips.task_done()
    return time.perf_counter()


def _is_done(item: _Photo | FileOutcome) -> bool:
    return isinstance(item, FileOutcome) or item.written.done()


def _outcome(item: _Photo | FileOutcome) -> FileOutcome:
    if isinstance(item, FileOutcome):
        return item
    try:
        seconds = item.written.result() - item.started
    except SrganEdgeError as error:
        return FileOutcome.failed(item.job, error)
    return FileOutcome(item.job, None, item.facts | {"seconds": round(seconds, 4)})
