"""A video file as it is read: which containers, which pictures, at what times, and whether it is whole."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
from av.stream import Disposition

from srgan_edge.errors import SrganEdgeError

AV_VERSION = int(av.__version__.split(".")[0])
# FFmpeg's demuxers that open nothing but the file itself. Playlists (concat, hls, dash) pull in other files.
_CONTAINERS = "mov,matroska,avi,asf,flv,mpeg,mpegts,mpegvideo,m4v,h264,hevc,ogg,ivf,mxf,dv"
# What frames may carry that their results do not.
_BESIDE = {
    "A53_CC": "closed captions",
    "SPHERICAL": "marks of a 360-degree film",
    "STEREO3D": "marks of a 3D film",
}
# Those whose header says how long the file is.
_LENGTH_IN_HEADER = ("mov", "matroska", "avi", "asf", "flv")
# Containers round times, and a last frame may have no duration.
_SLACK_SECONDS = 0.3
_JUMP_SECONDS = 1.0


class UnreadableVideoError(SrganEdgeError):
    """A file that is no video, is damaged or cut short, or holds pictures that cannot be enlarged."""


class Frame(NamedTuple):
    """A decoded frame."""

    picture: Any
    pts: int
    """When it is shown, in ticks of `VideoSource.time_base`, 0 = the file's beginning."""
    duration: int
    """In ticks too; 0 = not known."""


class VideoSource:
    """An open video file; `frames` and `check_whole` read it, one of them and once."""

    def __init__(self, path: Path, constant_rate: bool = False) -> None:
        """Open a file.

        Args:
            path: a video file.
            constant_rate: count time in frames, for a container that knows no other times.

        Raises:
            UnreadableVideoError: no such file, not a video, or one without pictures.
        """
        self.path = path
        self.container = open_container(path)
        tracks = [s for s in self.container.streams.video if not is_cover(s)]
        if not tracks:
            self.container.close()
            raise UnreadableVideoError(f"{path}: has no pictures")
        self.pictures = tracks[0]
        self.pictures.thread_type = "AUTO"
        rates = fraction(self.pictures.average_rate), fraction(self.pictures.guessed_rate)
        self.rate = rates[0] or rates[1] or Fraction(25)
        self._given_base = fraction(self.pictures.time_base) or 1 / self.rate
        self.time_base = 1 / self.rate if constant_rate else self._given_base
        self.start = start_seconds(self.container)
        self._beside: set[str] = set()
        self._untimed = self._undecoded = self._damaged = self._interlaced = self._read = 0
        # AVI stores when a packet is decoded, not when its frame is shown: frames are shown in that same rhythm.
        self._rhythm: deque[int] | None = deque() if self.container.format.name == "avi" else None

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    @property
    def length(self) -> int:
        """Number of frames as the header says or lets guess, 0 = not known."""
        seconds = (self.container.duration or 0) / av.time_base
        return max(self.pictures.frames or round(max(0.0, seconds) * self.rate), 0)

    def check_whole(self) -> None:
        """Read the file through without decoding, so that a damaged one is known before hours of computing.

        Raises:
            UnreadableVideoError: it cannot be read through, or ends before its header says.
        """
        end = Fraction(0)
        read = ("video", "audio", "subtitle")
        try:
            for packet in self.container.demux([s for s in self.container.streams if s.type in read]):
                if packet.pts is not None:
                    end = max(end, (packet.pts + (packet.duration or 0)) * fraction(packet.time_base))
        except av.error.FFmpegError as error:
            raise UnreadableVideoError(f"{self.path}: damaged after {_clock(end)}: {plain(error)}") from error
        # On the file's own clock: most containers count from its 0, wherever their first packet is.
        declared = Fraction(self.container.duration or 0, av.time_base)
        name = self.container.format.name.split(",")[0]
        if name in _LENGTH_IN_HEADER and end < declared - Fraction(_SLACK_SECONDS):
            raise UnreadableVideoError(
                f"{self.path}: ends after {_clock(end)} of {_clock(declared)}: cut short or damaged; "
                "ffmpeg -i FILE -c copy NEW.mkv makes a whole file of what is there"
            )

    def frames(self) -> Iterator[Frame]:
        """The frames in the order of their times, which always increase.

        Raises:
            UnreadableVideoError: nothing can be decoded.
        """
        last = -1
        try:
            for packet in self.container.demux(self.pictures):
                for picture in self._decoded(packet):
                    self._read += 1
                    self._interlaced += picture.interlaced_frame
                    self._damaged += picture.is_corrupt
                    self._beside |= {kind for kind in _BESIDE if picture.side_data.get(kind)}
                    last = self._time(picture, last)
                    yield Frame(picture, last, self._ticks(picture.duration or 0))
        except av.error.DecoderNotFoundError as error:
            raise UnreadableVideoError(f"{self.path}: FFmpeg cannot decode its pictures here") from error
        except av.error.FFmpegError as error:
            where = _clock(last * self.time_base)
            raise UnreadableVideoError(f"{self.path}: damaged after {where}: {plain(error)}") from error
        if not self._read:
            raise UnreadableVideoError(f"{self.path}: has no pictures that can be decoded")

    @property
    def notes(self) -> list[str]:
        """What of the frames read so far a user should know."""
        found = []
        if self._untimed:
            whole = f"no times: {float(self.rate):g} frames a second assumed"
            found.append(whole if self._untimed == self._read else f"frames without a usable time: {self._untimed}")
        if self._undecoded:
            found.append(f"damaged packets left out: {self._undecoded}")
        if self._damaged:
            found.append(f"frames damaged in the source: {self._damaged}")
        if self._interlaced:
            found.append("interlaced: the two fields of a frame are enlarged as one picture; deinterlace first")
        for kind, words in _BESIDE.items():
            if kind in self._beside:
                found.append(f"{words} left out")
        return found

    def _decoded(self, packet: Any) -> list[Any]:
        if self._rhythm is not None and packet.dts is not None:
            self._rhythm.append(packet.dts)
        try:
            return packet.decode()
        except av.error.InvalidDataError:
            # Recordings begin between key frames; later ones are damage, which players pass over too.
            self._undecoded += self._read > 0
            return []

    def _time(self, picture: Any, last: int) -> int:
        step = max(1, round(1 / self.rate / self.time_base))
        given = picture.pts
        if self._rhythm is not None:
            given = self._rhythm.popleft() if self._rhythm else None
        if given is None:
            self._untimed += 1
            return last + step if last >= 0 else 0
        pts = self._ticks(given) - round(self.start / self.time_base)
        if last >= 0 and (last - pts) * self.time_base > _JUMP_SECONDS:
            jump = f"times jump back from {_clock(last * self.time_base)} to {_clock(pts * self.time_base)}"
            raise UnreadableVideoError(f"{self.path}: {jump}: several recordings in one file?")
        if pts <= last:
            self._untimed += 1
            return last + 1
        return pts

    def _ticks(self, ticks: int) -> int:
        """Ticks of the track's time base in those of `self.time_base`."""
        return round(ticks * self._given_base / self.time_base)


def open_container(path: Path) -> Any:
    """Open a video file for reading; what its content is decides, not its name, and no other file is opened.

    Raises:
        UnreadableVideoError: no such file, or not a video.
    """
    if not path.exists():
        raise UnreadableVideoError(f"{path}: no such file")
    if not path.is_file():
        raise UnreadableVideoError(f"{path}: not a regular file")
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    # From version 19 on, PyAV reads titles that are no UTF-8 by itself.
    titles: dict[str, Any] = {"metadata_errors": "replace"} if AV_VERSION < 19 else {}
    try:
        return av.open(f"file:{path}", options=options, **titles)
    except av.error.FFmpegError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            raise UnreadableVideoError(f"{path}: {plain(error)}") from error
        raise UnreadableVideoError(f"{path}: not a video, or damaged") from error
    except UnicodeEncodeError as error:
        raise UnreadableVideoError(f"{path}: FFmpeg takes names in UTF-8 alone") from error


def fraction(value: Any) -> Fraction:
    """A number of PyAV's, whose own kind it has from version 19 on; 0 where there is none."""
    return Fraction(value.numerator, value.denominator) if value else Fraction(0)


def start_seconds(container: Any) -> Fraction:
    """When the file begins on its own clock, which the result's begins at 0: broadcasts begin anywhere."""
    return Fraction(max(0, container.start_time or 0), av.time_base)


def is_cover(stream: Any) -> bool:
    """Whether a track of pictures is a cover: one still picture."""
    return bool(stream.disposition & Disposition.attached_pic)


def plain(error: av.error.FFmpegError) -> str:
    """An error of FFmpeg in words, without the file's name, which the message says already."""
    if error.errno == errno.EINVAL:
        return "FFmpeg refuses its parameters"
    return error.strerror or type(error).__name__


def _clock(seconds: Fraction) -> str:
    minutes, rest = divmod(max(0.0, float(seconds)), 60)
    return f"{int(minutes)}:{rest:05.2f}"
