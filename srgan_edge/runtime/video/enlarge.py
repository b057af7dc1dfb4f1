"""A video file enlarged: decoded, computed frame by frame, encoded into segments and joined."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
import numpy as np
from PIL import Image

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.files.atomic import atomic_path
from srgan_edge.imaging import Bytes, x264
from srgan_edge.runtime.batch import VIDEO_RESULTS
from srgan_edge.runtime.upscaler import Upscaler
from srgan_edge.runtime.video import colours, result, tracks
from srgan_edge.runtime.video.segments import Encoding, Segments, identity
from srgan_edge.runtime.video.source import UnreadableVideoError, VideoSource, fraction, plain

# Frames that may wait for the encoder.
_WAITING = 8


class _First(NamedTuple):
    """What the first frame says of all."""

    stored: tuple[int, int]
    """Height and width before turning."""
    turn: tuple[bool, bool, bool]
    factor: float
    size: tuple[int, int]
    """Width and height of the results."""
    encoding: Encoding
    notes: list[str]


def enlarge(
    upscaler: Upscaler,
    source: Path,
    target: Path,
    progress: Callable[[int, int], None],
    quality: int,
    factor: float | None,
    overwrite: bool,
) -> dict[str, Any]:
    """`upscale_video`, where PyAV is installed."""
    suffix = target.suffix.lower()
    if suffix not in VIDEO_RESULTS:
        raise UsageError(f"{target}: not a video that can be written; use one of {' '.join(VIDEO_RESULTS)}")
    try:
        with VideoSource(source, suffix == ".avi") as given:
            plan = tracks.plan(given, target)
            first = _first(upscaler, source, suffix, quality, factor or upscaler.scale)
            encoding = first.encoding
            computed_by = f"{upscaler.delegate}, {upscaler.device}"
            key = identity(source, upscaler.sha256, computed_by, encoding)
            with VideoSource(source) as looked_through:
                looked_through.check_whole()
            result.rehearse(source, plan)
            with Segments(target, key) as segments:
                before = segments.frames
                try:
                    count = _frames(upscaler, given, segments, first, progress)
                    with atomic_path(target, overwrite) as made:
                        result.join(source, plan, made, segments, encoding.time_base)
                        result.check(source, made, count)
                        lost = result.missing(source, made)
                except UnreadableVideoError:
                    segments.delete()
                    raise
    except av.error.FFmpegError as error:
        raise SrganEdgeError(f"{source} to {target.name}: {plain(error)}") from error
    except OSError as error:
        raise SrganEdgeError(f"{target}: cannot be written: {error.strerror or error}") from error
    notes = [f"{count} frames by {encoding.encoder}", *first.notes, *given.notes, *plan.notes, *lost]
    if before:
        notes.append(f"went on after frame {before}")
    size = {"width": encoding.width, "height": encoding.height}
    return {**size, "scale": first.factor, "frames": count, "notes": notes}


def _first(upscaler: Upscaler, path: Path, suffix: str, quality: int, factor: float) -> _First:
    with VideoSource(path, suffix == ".avi") as source:
        frame = next(source.frames()).picture
        try:
            tags, turn = colours.colours_of(frame), colours.turn_of(frame)
        except UnreadableVideoError as error:
            raise UnreadableVideoError(f"{path}: {error}") from error
        notes = []
        bits = max(component.bits for component in frame.format.components)
        if bits > 8:
            notes.append(f"{bits} bits computed in 8")
        alpha = any(component.is_alpha for component in frame.format.components)
        if alpha or source.pictures.metadata.get("alpha_mode") == "1":  # VP8 and VP9 keep theirs beside
            notes.append("transparency left out")
        width, height = (max(1, round(side * factor)) for side in (frame.width, frame.height))
        pixel_aspect = fraction(source.pictures.sample_aspect_ratio) or None
        if turn[0]:
            width, height = height, width
            pixel_aspect = 1 / pixel_aspect if pixel_aspect else None
        size = width, height
        encoder, options = _encoder(suffix, quality)
        if encoder == "libx264" and (width % 2 or height % 2):
            notes.append(f"an edge of {width}x{height} repeated: H.264 needs even sides")
            width, height = width + width % 2, height + height % 2
        encoding = Encoding(encoder, options, width, height, source.rate, source.time_base, tags, pixel_aspect)
        return _First((frame.height, frame.width), turn, factor, size, encoding, notes)


def _encoder(suffix: str, quality: int) -> tuple[str, dict[str, str]]:
    """FFmpeg's encoder for a container and its options: constant quality, a constant rate factor."""
    worse = 95 - quality
    if suffix != ".webm" and "libx264" not in av.codecs_available:
        raise SrganEdgeError(f"this PyAV has no H.264 encoder, which {suffix} needs: write .webm")
    if suffix == ".webm":
        return "libvpx-vp9", {"crf": str(round(24 + 0.4 * worse)), "b": "0", "cpu-used": "4"}
    options = {"crf": f"{18 + 0.3 * worse:g}"} | x264.repeatable()
    # AVI stores no order of showing that differs from that of decoding.
    return "libx264", options | {"bf": "0"} if suffix == ".avi" else options


def _frames(
    upscaler: Upscaler, given: VideoSource, segments: Segments, first: _First, progress: Callable[[int, int], None]
) -> int:
    """Enlarge what is not in the segments already; return the number of all frames."""
    count, length = 0, given.length
    # All writing is by one thread, in order, while the next frame is computed.
    with ThreadPoolExecutor(1, "encode") as writer:
        waiting: deque[Future[None]] = deque()
        for frame in given.frames():
            picture = frame.picture
            if (picture.height, picture.width) != first.stored:
                height, width = first.stored
                raise UnreadableVideoError(
                    f"{given.path}: the size changes from {width}x{height} to {picture.width}x{picture.height} "
                    f"at frame {count}"
                )
            if count >= segments.frames:
                rgb = colours.upright(colours.to_rgb(picture), first.turn)
                large = _resized(upscaler, rgb, first)
                waiting.append(writer.submit(segments.write, large, frame.pts, frame.duration, first.encoding))
                progress(count + 1, max(count + 1, length))
            count += 1
            while len(waiting) > _WAITING:
                waiting.popleft().result()
        for written in waiting:
            written.result()
    if count < segments.frames:
        raise SrganEdgeError(f"{given.path}: has fewer frames than the run before read; run it again")
    segments.end()
    return count


def _resized(upscaler: Upscaler, rgb: Bytes, first: _First) -> Bytes:
    """An enlargement other than the model's is made by resizing the next larger one, as of photos."""
    large = upscaler(rgb)
    if first.factor > upscaler.scale:
        large = upscaler(large)
    if large.shape[1::-1] != first.size:
        large = np.asarray(Image.fromarray(large).resize(first.size, Image.Resampling.LANCZOS))
    return large
