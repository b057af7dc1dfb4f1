"""Videos as they are read: containers, times, and files that are not whole."""

from __future__ import annotations

import os
import threading
import types
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import frames, make, picture, repeats, seconds
from conftest import photo
from PIL import Image

av = pytest.importorskip("av")

from av.stream import Disposition  # noqa: E402

from srgan_edge.runtime.video import upscale_video  # noqa: E402
from srgan_edge.runtime.video.source import UnreadableVideoError, VideoSource  # noqa: E402


def read(path: Path) -> tuple[list[float], list[str]]:
    """When the frames are shown, and the notes."""
    with VideoSource(path) as source:
        times = [float(frame.pts * source.time_base) for frame in source.frames()]
        return times, source.notes


def test_uneven_times(tmp_path: Path) -> None:
    ticks = [0, 40, 41, 200, 333, 334]
    for suffix, base in ((".mkv", Fraction(1, 1000)), (".mp4", Fraction(1, 90000))):
        clip = make(tmp_path / f"uneven{suffix}", times=ticks, time_base=base)
        assert read(clip) == (pytest.approx([float(tick * base) for tick in ticks]), [])
        upscale_video(repeats(), clip, tmp_path / f"out{suffix}")
        assert seconds(tmp_path / f"out{suffix}") == pytest.approx([float(tick * base) for tick in ticks], abs=1e-6)


def test_avi_whose_frames_are_not_stored_in_their_order(tmp_path: Path) -> None:
    clip = make(tmp_path / "b.avi", times=10, options={"bf": "2"}, pixel_format="yuv420p")
    times = [frame / 25 for frame in range(10)]
    assert read(clip)[0] == pytest.approx(times)
    upscale_video(repeats(), clip, tmp_path / "out.avi")
    assert seconds(tmp_path / "out.avi") == pytest.approx(times)
    for index, shown in enumerate(frames(tmp_path / "out.avi")):
        assert np.abs(shown[::2, ::2].astype(int) - picture(32, 48, index)).mean() < 4


def test_no_times_at_all(tmp_path: Path) -> None:
    """H.264 as an encoder gives it, without a container."""
    make(tmp_path / "raw.h264", times=10)
    clip = (tmp_path / "raw.h264").rename(tmp_path / "raw.mp4")
    times, notes = read(clip)
    assert times == pytest.approx([frame / 25 for frame in range(10)])
    assert notes == ["no times: 25 frames a second assumed"]


def test_broadcasts_begin_at_0(tmp_path: Path) -> None:
    clip = make(tmp_path / "late.ts", pixel_format="yuv420p", times=list(range(100, 125)))
    with av.open(str(clip)) as given:
        assert given.start_time > 1e6
    times, _ = read(clip)
    assert times[0] < 0.1 and np.diff(times) == pytest.approx(1 / 25, abs=1e-4)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".flv", ".mov"])
def test_a_late_beginning_is_no_cut(tmp_path: Path, suffix: str) -> None:
    clip = make(tmp_path / f"late{suffix}", pixel_format="yuv420p", times=list(range(100, 125)))
    with VideoSource(clip) as source:
        source.check_whole()


def test_playlists_open_nothing(tmp_path: Path) -> None:
    make(tmp_path / "private.mp4")
    for name, text in (
        ("concat.mp4", "ffconcat version 1.0\nfile private.mp4\n"),
        ("list.ts", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nprivate.mp4\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(UnreadableVideoError, match=f"{name}: not a video"):
            VideoSource(tmp_path / name)


def test_names_are_not_protocols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "a.mp4").rename(tmp_path / "http:a%03d.mp4")
    upscale_video(repeats(), Path("http:a%03d.mp4"), Path("concat:b%d.mp4"))
    assert len(frames((tmp_path / "concat:b%d.mp4").rename(tmp_path / "b.mp4"))) == 6


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    # One that reads it gets nothing and does not wait for ever.
    writer = threading.Thread(target=lambda: pipe.open("wb").close(), daemon=True)
    writer.start()
    with pytest.raises(UnreadableVideoError, match=r"pipe\.mp4: not a regular file"):
        VideoSource(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer.join()
    os.close(reader)


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".flv", ".mov"])
def test_a_file_cut_short_fails_by_name(tmp_path: Path, suffix: str) -> None:
    whole = make(tmp_path / f"whole{suffix}", pixel_format="yuv420p", times=50).read_bytes()
    (tmp_path / f"cut{suffix}").write_bytes(whole[: len(whole) // 2])
    upscaler = repeats()
    with pytest.raises(UnreadableVideoError, match=rf"cut\{suffix}: (ends after 0:0[01]|not a video, or damaged)"):
        upscale_video(upscaler, tmp_path / f"cut{suffix}", tmp_path / "out.mkv")
    assert upscaler.calls == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_interlaced_is_said(tmp_path: Path) -> None:
    clip = make(tmp_path / "i.mkv", "mpeg2video", "yuv420p", options={"flags": "+ildct+ilme"})
    assert any("interlaced" in note for note in read(clip)[1])


def test_a_size_that_changes_is_refused(tmp_path: Path) -> None:
    parts = [make(tmp_path / f"{n}.ts", pixel_format="yuv420p", size=(32, 48 + 16 * n)).read_bytes() for n in range(2)]
    (tmp_path / "both.ts").write_bytes(b"".join(parts))
    with pytest.raises(UnreadableVideoError, match=r"both\.ts: (the size changes from 48x32 to 64x32|times jump back)"):
        upscale_video(repeats(), tmp_path / "both.ts", tmp_path / "out.mkv")


@pytest.mark.parametrize(
    ("harm", "note"),
    [
        (lambda data: bytes(len(data)), "damaged packets left out: 1"),
        (lambda data: data[:40] + bytes(len(data) - 40), "frames damaged in the source: 1"),
    ],
)
def test_damage_in_the_middle_is_said(tmp_path: Path, harm: Callable[[bytes], bytes], note: str) -> None:
    clip = make(tmp_path / "clip.mkv", pixel_format="yuv420p", times=12, size=(64, 96))
    with av.open(str(clip)) as given, av.open(str(tmp_path / "harmed.mkv"), "w") as made:
        track = made.add_stream_from_template(given.streams.video[0])
        for number, packet in enumerate(packet for packet in given.demux(video=0) if packet.size):
            copy = av.Packet(harm(bytes(packet)) if number == 5 else bytes(packet))
            copy.pts, copy.dts, copy.time_base, copy.stream = packet.pts, packet.dts, packet.time_base, track
            copy.is_keyframe = packet.is_keyframe
            made.mux(copy)
    times, notes = read(tmp_path / "harmed.mkv")
    assert len(times) in (11, 12) and notes == [note]


def test_two_recordings_in_one_file(tmp_path: Path) -> None:
    part = make(tmp_path / "part.ts", pixel_format="yuv420p", times=60).read_bytes()
    (tmp_path / "both.ts").write_bytes(2 * part)
    with pytest.raises(UnreadableVideoError, match=r"both\.ts: times jump back from 0:02\.36 to 0:00\.00"):
        read(tmp_path / "both.ts")


def test_a_cover_alone_is_no_video(tmp_path: Path) -> None:
    Image.fromarray(photo(40, 40)).save(tmp_path / "cover.jpg")
    with av.open(str(tmp_path / "cover.jpg")) as cover, av.open(str(tmp_path / "song.mp4"), "w") as made:
        track = made.add_stream_from_template(cover.streams.video[0])
        track.disposition = Disposition.attached_pic
        sound = made.add_stream("aac", rate=48000)
        part = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), format="fltp", layout="mono")
        part.sample_rate = 48000
        made.mux(sound.encode(part))
        made.mux(sound.encode())
        for packet in cover.demux():
            if packet.size:
                packet.stream = track
                made.mux(packet)
    with pytest.raises(UnreadableVideoError, match=r"song\.mp4: has no pictures"):
        VideoSource(tmp_path / "song.mp4")


def test_times_always_increase() -> None:
    """Of frames of two ticks: as given, one tick on where a time is late or doubled, a frame on where there is none."""
    source = object.__new__(VideoSource)
    source.rate, source.time_base, source.start = Fraction(5), Fraction(1, 10), Fraction(1)
    source._given_base, source._rhythm, source._untimed = Fraction(1, 10), None, 0
    last, seen = -1, []
    for given in (10, 12, 12, 11, None, 20):
        last = source._time(types.SimpleNamespace(pts=given), last)
        seen.append(last)
    assert seen == [0, 2, 3, 4, 6, 10]
    assert source._untimed == 3


class Breaks:
    """A container whose file cannot be read beyond a number of packets."""

    def __init__(self, container: Any, packets: int) -> None:
        self._container, self._packets = container, packets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def demux(self, *streams: Any) -> Iterator[Any]:
        yield from islice(self._container.demux(*streams), self._packets)
        raise av.error.InvalidDataError(1094995529, "Invalid data found", "")


def test_where_the_damage_begins(tmp_path: Path) -> None:
    clip = make(tmp_path / "broken.mkv", times=1800)
    with VideoSource(clip) as source:
        source.container = Breaks(source.container, 1780)
        with pytest.raises(UnreadableVideoError, match=r"broken\.mkv: damaged after 1:11\.20: Invalid data found"):
            source.check_whole()
    shown: list[float] = []
    with VideoSource(clip) as source:
        source.container = Breaks(source.container, 1780)
        with pytest.raises(UnreadableVideoError) as raised:
            shown.extend(float(frame.pts * source.time_base) for frame in source.frames())
    assert 69 < shown[-1] < 71.2
    assert f": damaged after 1:{shown[-1] - 60:05.2f}: Invalid data found" in str(raised.value)


def test_without_a_timed_packet_nothing_is_known_to_be_cut(tmp_path: Path) -> None:
    with VideoSource(make(tmp_path / "untimed.mp4")) as source:
        untimed = [types.SimpleNamespace(pts=None, duration=None, time_base=None)]
        known = source.container
        source.container = types.SimpleNamespace(
            streams=known.streams, format=known.format, duration=None, demux=lambda streams: untimed, close=known.close
        )
        source.check_whole()
