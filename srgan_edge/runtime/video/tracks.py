"""Which tracks of a source its result has, and which are left out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
from av.stream import Discard

from srgan_edge.errors import SrganEdgeError
from srgan_edge.runtime.video.source import VideoSource, is_cover, open_container

# av guesses others by the suffix; the muxer it knows as m4v takes little sound.
_MUXERS = {".m4v": "mp4", ".mkv": "matroska"}
_KINDS = {"audio": "sound", "subtitle": "subtitles", "video": "pictures", "attachment": "attachment", "data": "data"}


class TrackPlan(NamedTuple):
    """Which of a source's tracks a result has."""

    muxer: str
    copied: list[int]
    """Indices of the tracks whose packets are copied."""
    encoded: list[int]
    """Indices of tracks of sound that are encoded anew, without loss."""
    files: list[tuple[str, str, bytes]]
    """Name, type and content of what Matroska holds as attachments: fonts, and covers."""
    notes: list[str]


def plan(source: VideoSource, target: Path) -> TrackPlan:
    """Decide what is copied.

    Raises:
        SrganEdgeError: the target's container cannot hold the sound, which would be lost.
    """
    muxer = _MUXERS.get(target.suffix.lower(), target.suffix.lower()[1:])
    result = TrackPlan(muxer, [], [], [], [])
    refused: list[str] = []
    others: list[str] = []
    for stream in source.container.streams:
        if stream is source.pictures or stream.index == source.pictures.index:
            continue
        if muxer == "matroska" and (stream.type == "attachment" or (stream.type == "video" and is_cover(stream))):
            result.files.append(_attachment(source.path, stream))
        elif stream.type in ("audio", "subtitle") or (stream.type == "video" and is_cover(stream)):
            if _holds(muxer, stream):
                result.copied.append(stream.index)
            elif stream.type == "audio" and muxer == "matroska" and stream.codec_context:
                result.encoded.append(stream.index)
                result.notes.append(f"{_describe(stream)} encoded as FLAC, as mkv cannot hold it")
            elif stream.type == "audio":
                raise SrganEdgeError(
                    f"{target}: {target.suffix[1:]} does not hold the sound of {source.path}, "
                    f"{_describe(stream)}; mkv holds any"
                )
            else:
                refused.append(_describe(stream))
        elif stream.type == "attachment":
            refused.append(_describe(stream))
        elif not (stream.type == "data" and stream.discard == Discard.all):  # that one holds the chapters
            others.append(_describe(stream))
    if refused:
        result.notes.append(f"left out, as {target.suffix[1:]} cannot hold them: {', '.join(refused)}")
    if others:
        result.notes.append(f"left out: {', '.join(others)}")
    if not source.container.streams.audio:
        result.notes.append("no sound")
    return result


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
