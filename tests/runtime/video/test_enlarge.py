"""Whole videos, by a bundled model."""

from __future__ import annotations

import gc
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from clips import frames, make, packets, picture, repeats, seconds
from PIL import Image

from srgan_edge import Upscaler
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.runtime.batch import VIDEO_RESULTS, VIDEO_SUFFIXES, Job, result_name
from srgan_edge.runtime.pipeline import Settings
from srgan_edge.runtime.video import upscale_video, upscale_videos

av = pytest.importorskip("av")


@pytest.fixture(scope="module")
def upscaler():
    with Upscaler("edge-s-x4-int8", delegate="cpu", threads=1) as upscaler:
        yield upscaler


@pytest.mark.parametrize("suffix", VIDEO_RESULTS)
def test_frames_timing_and_sound(upscaler: Upscaler, tmp_path: Path, suffix: str) -> None:
    codec, sound = ("libvpx-vp9", "libopus") if suffix == ".webm" else ("libx264", "aac")
    clip = make(tmp_path / f"clip{suffix}", codec, "yuv420p", times=12, sounds=(sound,))
    target = tmp_path / f"out{suffix}"
    told: list[tuple[int, int]] = []
    facts = upscale_video(upscaler, clip, target, lambda done, total: told.append((done, total)))
    assert (facts["width"], facts["height"], facts["frames"]) == (192, 128, 12)
    assert [done for done, _ in told] == list(range(1, 13))
    assert told[-1][1] in (12, 13)  # Matroska says how long sound and pictures are together
    for given, made in zip(frames(clip), frames(target), strict=True):
        assert np.abs(upscaler(given).astype(int) - made).mean() < 4
    assert packets(clip, "audio") == packets(target, "audio")
    times = seconds(clip), seconds(target)
    np.testing.assert_allclose(np.diff(times[0]), np.diff(times[1]), atol=0.0011)
    assert abs(times[0][0] - times[1][0]) < 0.03  # AAC begins before 0, where Matroska has no times


@pytest.mark.parametrize("suffix", sorted(set(VIDEO_SUFFIXES) - set(VIDEO_RESULTS)))
def test_what_is_read_and_not_written(tmp_path: Path, suffix: str) -> None:
    codecs = {".wmv": "wmv2", ".mpg": "mpeg2video", ".mpeg": "mpeg1video", ".vob": "mpeg2video", ".ogv": "libvpx"}
    written = ".ts" if suffix in (".mts", ".m2ts") else suffix  # the same, where FFmpeg knows no writer for a name
    clip = make(tmp_path / f"clip{written}", codecs.get(suffix, "libx264"), "yuv420p", times=12)
    clip = clip.rename(tmp_path / f"clip{suffix}")
    target = tmp_path / result_name(clip, 2)
    assert target.name == "clip_x2.mkv"
    facts = upscale_video(repeats(), clip, target)
    assert facts["frames"] == 12
    np.testing.assert_allclose(np.diff(seconds(target)), 1 / 25, atol=0.0011)


def test_odd_sides(tmp_path: Path) -> None:
    """H.264 in 4:2:0 has none: the last column and row are repeated."""
    clip = make(tmp_path / "odd.mp4", size=(31, 47))
    facts = upscale_video(repeats(3), clip, tmp_path / "out.mp4")
    assert (facts["width"], facts["height"]) == (142, 94)
    assert "an edge of 141x93 repeated: H.264 needs even sides" in facts["notes"]
    made = frames(tmp_path / "out.mp4")[0]
    assert np.abs(made[1:93:3, 1:141:3].astype(int) - picture(31, 47)).mean() < 3
    assert np.abs(made[93].astype(int) - made[92]).mean() < 4


def test_quality(tmp_path: Path) -> None:
    for suffix, codec in ((".mp4", "libx264"), (".webm", "libvpx-vp9")):
        clip = make(tmp_path / f"clip{suffix}", codec, "yuv420p", size=(96, 128))
        sizes = []
        for quality in (5, 50, 95, 100):
            target = tmp_path / f"{quality}{suffix}"
            upscale_video(repeats(), clip, target, quality=quality)
            sizes.append(target.stat().st_size)
        assert sizes == sorted(sizes) and sizes[0] < 0.6 * sizes[2]


def test_depth_and_transparency_are_said(tmp_path: Path) -> None:
    clip = make(tmp_path / "deep.mkv", pixel_format="yuv420p10le")
    assert "10 bits computed in 8" in upscale_video(repeats(), clip, tmp_path / "a.mkv")["notes"]
    clip = make(tmp_path / "clear.mkv", "ffv1", "yuva420p")
    assert "transparency left out" in upscale_video(repeats(), clip, tmp_path / "b.mkv")["notes"]


def test_a_batch_goes_on(tmp_path: Path) -> None:
    clip = make(tmp_path / "clip.mp4", sounds=("aac",))
    (tmp_path / "text.mp4").write_text("words")
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:800])
    (tmp_path / "there.mp4").write_text("precious")
    jobs = [
        Job(tmp_path / "text.mp4", tmp_path / "a.mp4"),
        Job(tmp_path / "cut.mp4", tmp_path / "b.mp4"),
        Job(tmp_path / "none.mp4", tmp_path / "c.mp4"),
        Job(clip, tmp_path / "there.mp4"),
        Job(clip, clip / "below-a-file" / "d.mp4"),
        Job(clip, tmp_path / "e.mp4"),
    ]
    outcomes = list(upscale_videos(repeats(), jobs, Settings(), lambda done, total: None))
    errors = [outcome.error or "" for outcome in outcomes]
    assert errors[0].endswith("text.mp4: not a video, or damaged")
    assert errors[1].endswith("cut.mp4: not a video, or damaged")
    assert errors[2].endswith("none.mp4: no such file")
    assert "exists" in errors[3]
    assert "cannot be written" in errors[4]
    assert errors[5] == ""
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "text.mp4", "cut.mp4", "there.mp4", "e.mp4"}


def test_a_result_that_players_would_not_show_is_refused(tmp_path: Path) -> None:
    """Of four frames in some microseconds, as of a file whose clock is damaged, MP4's edit list leaves none."""
    clip = make(tmp_path / "clip.mp4", times=4)
    data = bytearray(clip.read_bytes())
    place = data.index(b"mdhd") + 16
    data[place : place + 4] = struct.pack(">I", 1_000_000_000)
    clip.write_bytes(data)
    with pytest.raises(SrganEdgeError, match=r"clip\.mp4: its times are damaged: of 4 frames in mp4 only 0 would be"):
        upscale_video(repeats(), clip, tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == [clip]


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads by Linux's /proc")
def test_threads_do_not_grow_with_the_frames(tmp_path: Path) -> None:
    """swscale starts some for each converter of colours."""
    clip = make(tmp_path / "clip.mp4", times=120)
    counts: list[int] = []

    def count(done: int, total: int) -> None:
        counts.append(sum(1 for _ in Path("/proc/self/task").iterdir()))

    gc.disable()
    try:
        upscale_video(repeats(), clip, tmp_path / "out.mp4", count)
    finally:
        gc.enable()
    assert max(counts[60:]) < max(counts[:20]) + 10


def test_refused_suffix(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"x\.wmv: not a video that can be written; use one of \.mp4"):
        upscale_video(repeats(), make(tmp_path / "a.mp4"), tmp_path / "x.wmv")


def test_without_x264(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make(tmp_path / "clip.mp4")
    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"libx264"})
    with pytest.raises(SrganEdgeError, match=r"no H\.264 encoder, which \.mkv needs: write \.webm"):
        upscale_video(repeats(), clip, tmp_path / "out.mkv")
    assert upscale_video(repeats(), clip, tmp_path / "out.webm")["frames"] == 6


@pytest.mark.parametrize("factor, calls", [(1.5, 1), (3, 2), (4, 2)])
def test_another_enlargement(tmp_path: Path, factor: float, calls: int) -> None:
    clip = make(tmp_path / "clip.mp4", times=1)
    upscaler = repeats()
    facts = upscale_video(upscaler, clip, tmp_path / "out.mp4", factor=factor)
    assert (facts["width"], facts["height"], facts["scale"]) == (48 * factor, 32 * factor, factor)
    assert upscaler.calls == calls
    made = Image.fromarray(frames(tmp_path / "out.mp4")[0]).resize((48, 32), Image.Resampling.BOX)
    assert np.abs(np.asarray(made).astype(int) - picture(32, 48)).mean() < 3
