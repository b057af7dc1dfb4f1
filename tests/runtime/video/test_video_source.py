"""Videos as they are read: containers, times, and files that are not whole."""

from __future__ import annotations

import os
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import frames, make, picture, repeats, seconds

av = pytest.importorskip("av")

from srgan_edge.runtime.video import upscale_video  # noqa: E402
from srgan_edge.runtime.video.source import Source, UnreadableVideoError  # noqa: E402


def read(path: Path) -> tuple[list[float], list[str]]:
    """When the frames are shown, and the notes."""
    with Source(path) as source:
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


def test_playlists_open_nothing(tmp_path: Path) -> None:
    make(tmp_path / "private.mp4")
    for name, text in (
        ("concat.mp4", "ffconcat version 1.0\nfile private.mp4\n"),
        ("list.ts", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nprivate.mp4\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(UnreadableVideoError, match=f"{name}: not a video"):
            Source(tmp_path / name)


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
        Source(pipe)
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
