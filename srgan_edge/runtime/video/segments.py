"""Encoded pictures in files of 250 frames, so that hours of computing outlive a kill.

They lie in a hidden folder beside the result. Each begins anew for the encoder, whether the run was stopped before it
or not: a run that goes on writes what one writes that was never stopped.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from srgan_edge.errors import SrganEdgeError
from srgan_edge.files.locks import try_lock
from srgan_edge.imaging import Bytes
from srgan_edge.runtime.video import kept
from srgan_edge.runtime.video.colours import Colours, from_rgb, tag

_OPEN, _LOCK = "open.mp4", "lock"


@dataclass(frozen=True)
class Encoding:
    """How pictures are encoded."""

    encoder: str
    options: dict[str, str]
    width: int
    height: int
    rate: Fraction
    time_base: Fraction
    colours: Colours
    pixel_aspect: Fraction | None


class Segments:
    """The folder of a result's segments, locked while it is open."""

    def __init__(self, target: Path, identity: dict[str, Any]) -> None:
        """Open or make the folder; segments of another source, model or setting are deleted.

        Args:
            target: the result.
            identity: everything that the encoded pictures depend on, as JSON.

        Raises:
            SrganEdgeError: the folder cannot be written, or another process is at work on it.
        """
        self.folder = kept.segments_folder(target)
        self.frames = 0
        """Frames that whole segments hold."""
        about, text = self.folder / "about.json", json.dumps(identity, sort_keys=True, default=str)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / _LOCK).open("ab")
            if not try_lock(self._lock):
                self._lock.close()
                raise SrganEdgeError(f"{target}: another srgan-edge is writing it")
            if not about.exists() or about.read_text(encoding="utf-8") != text:
                self._sweep(lambda path: True)
                about.write_text(text, encoding="utf-8")
            whole = {about}
            for path in self.paths():
                if not (count := _frames_of(path)):
                    break
                self.frames += count
                whole.add(path)
            self._sweep(lambda path: path not in whole)
        except OSError as error:
            raise SrganEdgeError(f"{target}: cannot be written: {error.strerror or error}") from error
        self._open: _Encoder | None = None

    def paths(self) -> list[Path]:
        """The whole segments in their order."""
        found = []
        while (path := self.folder / f"{len(found):06}.mp4").exists():
            found.append(path)
        return found

    def write(self, rgb: Bytes, pts: int, duration: int, encoding: Encoding) -> None:
        """Encode the next frame."""
        if self._open is None:
            self._open = _Encoder(self.folder / _OPEN, encoding)
        self._open.write(rgb, pts, duration)
        if self._open.frames == kept.SEGMENT:
            self.end()

    def end(self) -> None:
        """Make the segment that is being written whole."""
        if self._open is not None:
            segment, self._open = self._open, None
            segment.close()
            # On the disk before it has its name: a power cut leaves a segment whole or unnamed.
            with segment.path.open("rb+") as file:
                os.fsync(file.fileno())
            segment.path.replace(self.folder / f"{len(self.paths()):06}.mp4")

    def packets(self) -> Iterator[Any]:
        """All encoded pictures; times of decoding increase from segment to segment too."""
        last: int | None = None
        for path in self.paths():
            with av.open(f"file:{path}") as segment:
                for packet in segment.demux(video=0):
                    if packet.dts is None:  # the last one is empty
                        continue
                    # Where frames are unevenly spaced, an encoder that begins anew counts back too far.
                    if last is not None and packet.dts <= last:
                        packet.dts = last + 1
                    last = packet.dts
                    yield packet

    def delete(self) -> None:
        """Delete the segments; a run after this one begins anew."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Segments:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Keep whole segments if the run was cut off."""
        self._open = None
        (self.folder / _OPEN).unlink(missing_ok=True)
        self._lock.close()
        if kind is None or not self.paths():
            self.delete()

    def _sweep(self, unwanted: Callable[[Path], bool]) -> None:
        for path in self.folder.iterdir():
            if path.name != _LOCK and unwanted(path):
                path.unlink()


class _Encoder:
    """A segment being written."""

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self.path, self.frames, self._encoding = path, 0, encoding
        # mp4 keeps times exactly if the film's clock ticks as the track's does.
        ticks = {"movie_timescale": str(encoding.time_base.denominator)}
        self._file = av.open(f"file:{path}", "w", container_options=ticks)
        self._stream: Any = self._file.add_stream(encoding.encoder, rate=encoding.rate, options=encoding.options)
        self._stream.width, self._stream.height = encoding.width, encoding.height
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.time_base = encoding.time_base
        tag(context, encoding.colours)
        if encoding.pixel_aspect:
            context.sample_aspect_ratio = encoding.pixel_aspect

    def write(self, rgb: Bytes, pts: int, duration: int) -> None:
        encoding = self._encoding
        below, beside = encoding.height - rgb.shape[0], encoding.width - rgb.shape[1]
        if below or beside:
            rgb = np.pad(rgb, ((0, below), (0, beside), (0, 0)), mode="edge")
        frame = from_rgb(rgb, encoding.colours)
        frame.pts, frame.time_base, frame.duration = pts, encoding.time_base, duration
        self._file.mux(self._stream.encode(frame))
        self.frames += 1

    def close(self) -> None:
        self._file.mux(self._stream.encode())
        self._file.close()


def identity(source: Path, model_sha256: str, delegate: str, encoding: Encoding) -> dict[str, Any]:
    """What a segment's bytes depend on: the source, the model, what computes, the encoder and its settings."""
    facts = source.stat()
    return {
        "source": [facts.st_size, facts.st_mtime_ns],
        "model": model_sha256,
        "delegate": delegate,
        "encoding": asdict(encoding),
        "software": [av.__version__, av.library_versions],
        "length": kept.SEGMENT,
    }


def _frames_of(path: Path) -> int:
    """Number of a segment's frames, 0 if it is damaged."""
    try:
        with av.open(f"file:{path}") as segment:
            return segment.streams.video[0].frames
    except (av.error.FFmpegError, IndexError):
        return 0
