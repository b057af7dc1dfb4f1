"""The result put together: encoded pictures, and what is copied from the source as it is."""

from __future__ import annotations

import heapq
import io
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.bitstream import BitStreamFilterContext

from srgan_edge.errors import SrganEdgeError
from srgan_edge.runtime.video.segments import Segments
from srgan_edge.runtime.video.source import (
    UnreadableVideoError,
    fraction,
    is_cover,
    open_container,
    plain,
    start_seconds,
)
from srgan_edge.runtime.video.tracks import TrackPlan

# Written by muxers themselves, of the file and of a track.
_TECHNICAL = {
    "encoder", "major_brand", "minor_version", "compatible_brands", "duration", "handler_name", "vendor_id", "language",
    "filename", "mimetype", "rotate", "isvbr", "metadatacreator", "hasaudio", "hasvideo", "creation_time", "alpha_mode",
}  # fmt: skip
# These take packets of equal times.
_EQUAL_TIMES = ("matroska", "webm")
_Timed = tuple[Fraction, Any, Any]
"""A time in seconds, a track of the result and a packet for it."""


def join(source: Path, plan: TrackPlan, made: Path, segments: Segments, time_base: Fraction) -> None:
    """Write the result.

    Args:
        source: what the plan's tracks, titles and chapters are copied from.
        plan: what is copied.
        made: the file to write.
        segments: the encoded pictures.
        time_base: the pictures' clock, for containers that count frames.

    Raises:
        FFmpegError: the file cannot be written.
    """
    with (
        open_container(source) as given,
        av.open(f"file:{segments.paths()[0]}") as first,
        av.open(f"file:{made}", "w", format=plan.muxer) as result,
    ):
        template = first.streams.video[0]
        track = result.add_stream_from_template(template)
        track.time_base = time_base
        # AVI holds H.264 as broadcasts do, with start codes and not with lengths.
        codes = BitStreamFilterContext("h264_mp4toannexb", template, track) if plan.muxer == "avi" else None
        _copy_tags(next(s for s in given.streams.video if not is_cover(s)), track)

        def encoded() -> Iterator[_Timed]:
            for segment_packet in segments.packets():
                packets: list[Any] = [segment_packet] if codes is None else codes.filter(segment_packet)
                for packet in packets:
                    yield packet.dts * fraction(packet.time_base), track, packet

        for name, kind, content in plan.files:
            result.add_attachment(name, kind, content)
        result.metadata.update({k: v for k, v in given.metadata.items() if _is_told(k) or k == "creation_time"})
        start = start_seconds(given)
        result.set_chapters([_shifted(chapter, start) for chapter in given.chapters()])
        for _, made_track, packet in heapq.merge(encoded(), _copied(given, plan, result), key=lambda item: item[0]):
            packet.stream = made_track
            result.mux(packet)


def rehearse(source: Path, plan: TrackPlan) -> None:
    """Copy a source's tracks to nowhere: a track that cannot be copied is known before hours of computing, not after.

    Raises:
        SrganEdgeError: one cannot.
    """
    if not plan.copied + plan.encoded:
        return
    try:
        with open_container(source) as given, av.open(_Nowhere(), "w", format=plan.muxer) as result:
            for _, track, packet in _copied(given, plan, result):
                packet.stream = track
                result.mux(packet)
    except av.error.FFmpegError as error:
        raise SrganEdgeError(f"{source}: its sound or subtitles cannot be copied: {plain(error)}") from error


def check(source: Path, made: Path, frames: int) -> None:
    """Read the result through, without decoding.

    Raises:
        UnreadableVideoError: by the source's times players would not show all its frames; muxers do not notice.
    """
    with open_container(made) as result:
        track = next(s for s in result.streams.video if not is_cover(s))
        shown = sum(1 for packet in result.demux(track) if packet.size and not packet.is_discard)
    if shown < frames:
        raise UnreadableVideoError(
            f"{source}: its times are damaged: of {frames} frames in {made.suffix[1:]} only {shown} would be shown"
        )


def missing(source: Path, made: Path) -> list[str]:
    """Notes of chapters, titles and languages that the result's container did not take, found by reading it."""
    with open_container(source) as given, open_container(made) as result:
        notes = []
        if len(result.chapters()) < len(given.chapters()):
            notes.append(f"{len(given.chapters())} chapters left out, as {made.suffix[1:]} cannot hold them")
        there = {key.lower() for key in result.metadata}
        lost = sorted(key for key in given.metadata if _is_told(key) and key.lower() not in there)
        if lost:
            notes.append(f"tags left out, as {made.suffix[1:]} cannot hold them: {', '.join(lost)}")
        spoken = Counter(_languages(given)) - Counter(_languages(result))
        if spoken:
            notes.append(f"languages of tracks left out, as {made.suffix[1:]} cannot hold them: {', '.join(spoken)}")
        return notes


def _languages(container: Any) -> list[str]:
    told = [s.metadata.get("language", "und") for s in container.streams if s.type in ("audio", "subtitle")]
    return [language for language in told if language != "und"]


def _copied(given: Any, plan: TrackPlan, result: Any) -> Iterator[_Timed]:
    """The tracks of a plan are added to a result at once, and their packets yielded then."""
    start = start_seconds(given)
    tracks: dict[int, _Copy | _Lossless] = {}
    for index in sorted(plan.copied + plan.encoded):
        stream = given.streams[index]
        if index in plan.copied:
            track = result.add_stream_from_template(stream)
            tracks[index] = _Copy(track, start, plan.muxer in _EQUAL_TIMES)
        else:
            track = result.add_stream("flac", rate=stream.rate, layout=stream.layout.name, format="s16")
            tracks[index] = _Lossless(track, start)
        _copy_tags(stream, track)

    def packets() -> Iterator[_Timed]:
        last = Fraction(0)
        for packet in given.demux([given.streams[index] for index in tracks]) if tracks else ():
            copy = tracks[packet.stream.index]
            for made in copy.packets(packet):
                last = last if made.dts is None else made.dts * fraction(made.time_base)
                yield last, copy.track, made

    return packets()


class _Copy:
    """A track that is copied."""

    def __init__(self, track: Any, start: Fraction, equal_times: bool) -> None:
        self.track, self._start, self._step = track, start, 0 if equal_times else 1
        self._last: Fraction | None = None

    def packets(self, packet: Any) -> list[Any]:
        """A packet on the clock of the result, later than the one before; a track's last is empty, and left out."""
        if not packet.size:
            return []
        base = fraction(packet.time_base)
        shift = round(self._start / base)
        pts = None if packet.pts is None else packet.pts - shift
        dts = pts if packet.dts is None else packet.dts - shift
        floor = None if self._last is None else round(self._last / base) + self._step
        if dts is None or (floor is not None and dts < floor):
            dts = floor or 0
        self._last = dts * base
        packet.dts, packet.pts = dts, dts if pts is None else max(pts, dts)
        return [packet]


class _Lossless:
    """A track of sound, decoded and encoded for a container that cannot hold it as it is."""

    def __init__(self, track: Any, start: Fraction) -> None:
        self.track, self._start, self._end = track, start, 0

    def packets(self, packet: Any) -> Iterator[Any]:
        """A packet's sound in packets of the other track; the last packet of a track is empty."""
        for frame in packet.decode():
            base = fraction(frame.time_base)
            moved = self._end if frame.pts is None else frame.pts - round(self._start / base)
            frame.pts = moved = max(moved, self._end)
            self._end = moved + int(Fraction(frame.samples, frame.sample_rate) / base)
            yield from self.track.encode(frame)
        if not packet.size:
            yield from self.track.encode()


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._place = self._size = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._place += len(data)
        self._size = max(self._size, self._place)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + (0, self._place, self._size)[whence]
        return self._place

    def tell(self) -> int:
        return self._place


def _copy_tags(given: Any, made: Any) -> None:
    made.metadata.update({k: v for k, v in given.metadata.items() if _is_told(k) or k in ("language", "handler_name")})
    made.disposition = given.disposition


def _is_told(key: str) -> bool:
    """Whether a tag is the film's, and not the muxer's."""
    key = key.lower()
    statistics = key.startswith(("_statistics", "bps", "number_of_", "duration", "source_id"))
    return key not in _TECHNICAL and not statistics


def _shifted(chapter: Any, start: Fraction) -> Any:
    shift = round(start / (fraction(chapter["time_base"]) or 1))
    return {**chapter, "start": chapter["start"] - shift, "end": chapter["end"] - shift}
