"""The result put together: encoded pictures, and what is copied from the source as it is."""

from __future__ import annotations

import heapq
import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
from av.bitstream import BitStreamFilterContext
from av.stream import Discard

from srgan_edge.errors import SrganEdgeError
from srgan_edge.runtime.video.source import Source, is_cover, open_container, start_seconds

# av guesses others by the suffix; the muxer it knows as m4v takes little sound.
_MUXERS = {".m4v": "mp4", ".mkv": "matroska"}
# Written by muxers themselves, of the file and of a track.
_TECHNICAL = {
    "encoder", "major_brand", "minor_version", "compatible_brands", "duration", "handler_name", "vendor_id", "language",
    "filename", "mimetype", "rotate", "isvbr", "metadatacreator", "hasaudio", "hasvideo", "creation_time",
}  # fmt: skip
_KINDS = {"audio": "sound", "subtitle": "subtitles", "video": "pictures", "attachment": "attachment", "data": "data"}


class Plan(NamedTuple):
    """Which of a source's tracks a result has."""

    muxer: str
    copied: list[int]
    """Indices of the tracks whose packets are copied."""
    encoded: list[int]
    """Indices of tracks of sound that are encoded anew, without loss."""
    files: list[tuple[str, str, bytes]]
    """Name, type and content of what Matroska holds as attachments: fonts, and covers."""
    notes: list[str]


def plan(source: Source, target: Path) -> Plan:
    """Decide what is copied.

    Raises:
        SrganEdgeError: the target's container cannot hold the sound, which would be lost.
    """
    muxer = _MUXERS.get(target.suffix.lower(), target.suffix.lower()[1:])
    result = Plan(muxer, [], [], [], [])
    left: list[str] = []
    for stream in source.container.streams:
        if stream is source.pictures or stream.index == source.pictures.index:
            continue
        if muxer == "matroska" and (stream.type == "attachment" or (stream.type == "video" and is_cover(stream))):
            result.files.append(_attachment(source.path, stream))
        elif stream.type in ("audio", "subtitle") or (stream.type == "video" and is_cover(stream)):
            if _holds(muxer, stream):
                result.copied.append(stream.index)
            elif stream.type == "audio" and muxer == "matroska":
                result.encoded.append(stream.index)
                result.notes.append(f"{_describe(stream)} encoded as FLAC, as mkv cannot hold it")
            elif stream.type == "audio":
                raise SrganEdgeError(
                    f"{target}: {target.suffix[1:]} does not hold the sound of {source.path}, "
                    f"{_describe(stream)}; mkv holds any"
                )
            else:
                left.append(_describe(stream))
        elif not (stream.type == "data" and stream.discard == Discard.all):  # that one holds the chapters
            left.append(_describe(stream))
    if left:
        result.notes.append(f"left out, as {target.suffix[1:]} cannot hold them: {', '.join(left)}")
    if not source.container.streams.audio:
        result.notes.append("no sound")
    return result


def join(source: Path, pictures: Iterator[Any], template: Path, plan: Plan, made: Path, time_base: Fraction) -> None:
    """Write the result.

    Args:
        source: the source, for what is copied.
        pictures: the encoded pictures' packets.
        template: a file whose first track describes them.
        plan: what is copied.
        made: the file to write.
        time_base: the pictures' clock, for containers that count frames.

    Raises:
        FFmpegError: the file cannot be written.
    """
    avi = plan.muxer == "avi"
    with (
        open_container(source) as given,
        av.open(f"file:{template}") as first,
        av.open(f"file:{made}", "w", format=plan.muxer) as result,
    ):
        start = start_seconds(given)
        track = result.add_stream_from_template(first.streams.video[0])
        track.time_base = time_base
        # AVI holds H.264 as broadcasts do, with start codes and not with lengths.
        codes = BitStreamFilterContext("h264_mp4toannexb", first.streams.video[0], track) if avi else None
        original = next(s for s in given.streams.video if not is_cover(s))
        _copy_tags(original, track)
        tracks = {}
        for index in sorted(plan.copied + plan.encoded):
            stream = given.streams[index]
            if index in plan.copied:
                tracks[index] = result.add_stream_from_template(stream)
            else:
                tracks[index] = result.add_stream("flac", rate=stream.rate, layout=stream.layout.name, format="s16")
            _copy_tags(stream, tracks[index])
        lossless = {index: _Lossless(tracks[index], start) for index in plan.encoded}
        for name, kind, content in plan.files:
            result.add_attachment(name, kind, content)
        result.metadata.update({k: v for k, v in given.metadata.items() if _is_told(k) or k == "creation_time"})
        result.set_chapters([_shifted(chapter, start) for chapter in given.chapters()])

        def copied() -> Iterator[tuple[Fraction, Any, Any]]:
            last = Fraction(0)
            for packet in given.demux([given.streams[index] for index in tracks]) if tracks else ():
                index = packet.stream.index
                for copy in lossless[index].encoded(packet) if index in lossless else _moved(packet, start):
                    last = last if copy.dts is None else copy.dts * copy.time_base
                    yield last, tracks[index], copy

        def encoded() -> Iterator[tuple[Fraction, Any, Any]]:
            for given_packet in pictures:
                packets: list[Any] = [given_packet] if codes is None else codes.filter(given_packet)
                for packet in packets:
                    yield packet.dts * packet.time_base, track, packet

        for _, stream, packet in heapq.merge(encoded(), copied(), key=lambda item: item[0]):
            packet.stream = stream
            result.mux(packet)


def missing(source: Path, made: Path) -> list[str]:
    """Notes of chapters and titles that the result's container did not take, found by reading it."""
    with open_container(source) as given, open_container(made) as result:
        notes = []
        if len(result.chapters()) < len(given.chapters()):
            notes.append(f"{len(given.chapters())} chapters left out, as {made.suffix[1:]} cannot hold them")
        there = {key.lower() for key in result.metadata}
        lost = sorted(key for key in given.metadata if _is_told(key) and key.lower() not in there)
        if lost:
            notes.append(f"tags left out, as {made.suffix[1:]} cannot hold them: {', '.join(lost)}")
        return notes


def _holds(muxer: str, stream: Any) -> bool:
    """Whether a container can hold a track as it is: its muxer is asked, since FFmpeg's own list is not right."""
    try:
        with av.open(io.BytesIO(), "w", format=muxer) as trial:
            copy = trial.add_stream_from_template(stream)
            copy.disposition = stream.disposition
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def _copy_tags(given: Any, made: Any) -> None:
    made.metadata.update({k: v for k, v in given.metadata.items() if _is_told(k) or k in ("language", "handler_name")})
    made.disposition = given.disposition


def _is_told(key: str) -> bool:
    """Whether a tag is the film's, and not the muxer's."""
    key = key.lower()
    statistics = key.startswith(("_statistics", "bps", "number_of_", "duration", "source_id"))
    return key not in _TECHNICAL and not statistics


def _moved(packet: Any, start: Fraction) -> list[Any]:
    """A packet on the clock of the result; the last of a track is empty, and left out."""
    if not packet.size:
        return []
    shift = round(start / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts - shift
    packet.dts = packet.pts if packet.dts is None else packet.dts - shift
    return [packet]


class _Lossless:
    """A track of sound, decoded and encoded for another container."""

    def __init__(self, track: Any, start: Fraction) -> None:
        self._track, self._start, self._end = track, start, 0

    def encoded(self, packet: Any) -> Iterator[Any]:
        """A packet's sound in packets of the other track; the last packet of a track is empty."""
        for frame in packet.decode():
            moved = self._end if frame.pts is None else frame.pts - round(self._start / frame.time_base)
            self._end = moved + round(Fraction(frame.samples, frame.sample_rate) / frame.time_base)
            frame.pts = moved
            yield from self._track.encode(frame)
        if not packet.size:
            yield from self._track.encode()


def _shifted(chapter: Any, start: Fraction) -> Any:
    shift = round(start / (chapter["time_base"] or 1))
    return {**chapter, "start": chapter["start"] - shift, "end": chapter["end"] - shift}


def _attachment(path: Path, stream: Any) -> tuple[str, str, bytes]:
    if stream.type == "attachment":
        return stream.name or "attachment", stream.mimetype or "application/octet-stream", bytes(stream.data)
    kind = stream.codec_context.name
    suffix = {"mjpeg": "jpeg"}.get(kind, kind)
    with open_container(path) as container:
        packet = next(p for p in container.demux(container.streams[stream.index]) if p.size)
        return stream.metadata.get("filename", f"cover.{suffix}"), f"image/{suffix}", bytes(packet)


def _describe(stream: Any) -> str:
    codec = stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"
    words = [_KINDS.get(stream.type, stream.type), str(stream.index), codec, stream.metadata.get("language", "")]
    return " ".join(word for word in words if word and word != "und")
