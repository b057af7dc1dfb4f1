"""A run that was cut off goes on, and its result is that of one that never stopped."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest
from clips import frames, make, repeats, seconds

av = pytest.importorskip("av")

from srgan_edge.errors import ResultExistsError, SrganEdgeError  # noqa: E402
from srgan_edge.runtime.video import kept, upscale_video  # noqa: E402
from srgan_edge.runtime.video.kept import kept_frames  # noqa: E402


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SEGMENT", 10)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    # Unevenly spaced: an encoder that begins anew counts its times of decoding back too far.
    ticks = [100 * n + (n * n % 7) * 10 + 300 * (n > 10) for n in range(35)]
    return make(tmp_path / "clip.mp4", size=(32, 64), times=ticks, time_base=Fraction(1, 2500), sounds=("aac",))


def cut_off(clip: Path, target: Path, at: int, error: BaseException, quality: int = 95) -> int:
    """Run until a frame; the number of frames computed."""
    upscaler = repeats()

    def progress(done: int, total: int) -> None:
        if done == at:
            raise error

    with pytest.raises(type(error)):
        upscale_video(upscaler, clip, target, progress, quality)
    return upscaler.calls


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_the_same_result(tmp_path: Path, clip: Path, suffix: str) -> None:
    whole, target = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    upscale_video(repeats(), clip, whole)
    assert cut_off(clip, target, 15, KeyboardInterrupt()) == 15
    cut_off(clip, target, 31, SystemExit())
    assert not target.exists() and kept_frames(target) == 30
    assert len(list(tmp_path.iterdir())) == 3
    upscaler = repeats()
    told: list[tuple[int, int]] = []
    facts = upscale_video(upscaler, clip, target, lambda done, total: told.append((done, total)))
    assert upscaler.calls == 5 and told[0] == (31, 35) and told[-1] == (35, 35)
    assert facts["frames"] == 35 and "went on after frame 30" in facts["notes"]
    if suffix == ".mkv":  # a Matroska file has a random number in it
        assert seconds(whole) == seconds(target)
        for one, other in zip(frames(whole), frames(target), strict=True):
            assert (one == other).all()
    else:
        assert whole.read_bytes() == target.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", whole.name, target.name}


def test_a_file_that_appears_meanwhile_is_not_overwritten_and_no_frame_is_lost(tmp_path: Path, clip: Path) -> None:
    target = tmp_path / "out.mp4"
    with pytest.raises(ResultExistsError):
        upscale_video(repeats(), clip, target, lambda done, total: target.touch(), overwrite=False)
    assert target.read_bytes() == b""
    upscaler = repeats()
    assert upscale_video(upscaler, clip, target)["frames"] == 35
    assert upscaler.calls < 10


def test_times_over_all_segments(tmp_path: Path, clip: Path) -> None:
    upscale_video(repeats(), clip, tmp_path / "out.mp4")
    assert seconds(tmp_path / "out.mp4") == pytest.approx(seconds(clip), abs=1e-6)
    with av.open(str(tmp_path / "out.mp4")) as made:
        decoded = [packet.dts for packet in made.demux(video=0) if packet.size]
    assert decoded == sorted(set(decoded))


def test_times_are_exact_to_the_tick(tmp_path: Path) -> None:
    """No segment but the first begins at a whole millisecond, the unit of a film's clock where nothing else is said."""
    times = [1001 * n for n in range(25)]
    clip = make(tmp_path / "clip.mp4", size=(32, 64), times=times, time_base=Fraction(1, 30000))
    upscale_video(repeats(), clip, tmp_path / "out.mp4")
    assert seconds(tmp_path / "out.mp4") == pytest.approx(seconds(clip), abs=1e-6)


@pytest.mark.parametrize("changed", ["size", "mtime"])
def test_another_source_of_the_same_name_begins_anew(tmp_path: Path, clip: Path, changed: str) -> None:
    target, facts = tmp_path / "out.mp4", clip.stat()
    cut_off(clip, target, 25, KeyboardInterrupt())
    if changed == "size":
        with clip.open("ab") as file:
            file.write(b"\x00\x00\x00\x08free")
    ticks = facts.st_mtime_ns + (changed == "mtime")
    os.utime(clip, ns=(ticks, ticks))
    upscaler = repeats()
    upscale_video(upscaler, clip, target)
    assert upscaler.calls == 35


def test_other_settings_begin_anew(tmp_path: Path, clip: Path) -> None:
    target = tmp_path / "out.mp4"
    cut_off(clip, target, 25, KeyboardInterrupt())
    assert cut_off(clip, target, 12, KeyboardInterrupt(), quality=50) == 12
    cut_off(clip, target, 25, KeyboardInterrupt())
    clip.write_bytes(make(tmp_path / "other.mp4", size=(32, 64), times=35).read_bytes())
    upscaler = repeats()
    upscale_video(upscaler, clip, target)
    assert upscaler.calls == 35


def test_nothing_is_left_where_there_is_nothing_to_go_on_from(tmp_path: Path, clip: Path) -> None:
    cut_off(clip, tmp_path / "out.mp4", 5, KeyboardInterrupt())
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"] and kept_frames(tmp_path / "out.mp4") == 0


def test_a_killed_run_leaves_an_open_segment(tmp_path: Path, clip: Path) -> None:
    target = tmp_path / "out.mp4"
    cut_off(clip, target, 15, KeyboardInterrupt())
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    (folder / "open.mp4").write_bytes(b"half")
    (folder / "000001.mp4").write_bytes(b"damaged")
    (folder / "000005.mp4").write_bytes(b"of another time")
    upscale_video(repeats(), clip, target)
    assert len(frames(target)) == 35


def test_two_at_once(tmp_path: Path, clip: Path) -> None:
    target = tmp_path / "out.mp4"

    def progress(done: int, total: int) -> None:
        if done == 12:
            with pytest.raises(SrganEdgeError, match=r"out\.mp4: another srgan-edge is writing it"):
                upscale_video(repeats(), clip, target)

    upscale_video(repeats(), clip, target, progress)
    assert len(frames(target)) == 35
