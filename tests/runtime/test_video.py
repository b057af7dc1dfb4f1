"""Video files and a camera, for which a video file stands in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import photo

from srgan_edge import Upscaler
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import images
from srgan_edge.runtime import camera
from srgan_edge.runtime.batch import Job
from srgan_edge.runtime.video import upscale_video, upscale_videos

av = pytest.importorskip("av")
FRAMES = 10


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames that move, and a tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(path), "w") as made:
        pictures = made.add_stream("libx264", rate=20, options={"crf": "1"})
        pictures.width, pictures.height, pictures.pix_fmt = 80, 48, "yuv420p"
        sound = made.add_stream("aac", rate=44100)
        wide = photo(48, 100)
        for index in range(FRAMES):
            frame = np.ascontiguousarray(wide[:, index : index + 80])
            made.mux(pictures.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        tone = np.sin(np.arange(22050) / 20).astype(np.float32)
        for start in range(0, len(tone), 1024):
            part = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="fltp", layout="mono")
            part.sample_rate, part.pts = 44100, start
            made.mux(sound.encode(part))
        made.mux(pictures.encode())
        made.mux(sound.encode())
    return path


@pytest.fixture
def upscaler(exports: Path):
    with Upscaler(exports / "tiny-int8.tflite") as upscaler:
        yield upscaler


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as given:
        return [frame.to_ndarray(format="rgb24") for frame in given.decode(video=0)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_frames_timing_and_sound(upscaler: Upscaler, clip: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"large{suffix}"
    told: list[tuple[int, int]] = []
    facts = upscale_video(upscaler, clip, target, lambda done, total: told.append((done, total)))
    assert (facts["width"], facts["height"], facts["frames"]) == (320, 192, FRAMES)
    assert told[-1] == (FRAMES, FRAMES)
    for given, made in zip(frames(clip), frames(target), strict=True):
        assert np.abs(upscaler(given).astype(int) - made).mean() < 4
    with av.open(str(clip)) as given, av.open(str(target)) as made:
        assert made.streams.audio[0].codec_context.name == "aac"
        assert float(made.duration) == pytest.approx(float(given.duration), rel=0.05)
        times = [[float(f.time) for f in c.decode(video=0)] for c in (given, made)]
        # Matroska has no time before 0, where AAC begins: there all is later by that, sound and pictures alike.
        np.testing.assert_allclose(np.diff(times[0]), np.diff(times[1]), atol=0.002)
        assert abs(times[0][0] - times[1][0]) < 0.03


def test_a_clip_that_was_filmed_upright(upscaler: Upscaler, tmp_path: Path) -> None:
    """Its pictures lie on their side, and the file says so."""
    from srgan_edge.runtime.video import _pixels

    class Turned:
        rotation = -90

        def to_ndarray(self, **_: str) -> np.ndarray:
            return photo(20, 30)

    np.testing.assert_array_equal(_pixels(Turned()), np.rot90(photo(20, 30), -1))


def test_bad_clips(upscaler: Upscaler, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("words")
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:800])
    (tmp_path / "there.mp4").write_text("precious")
    jobs = [
        Job(tmp_path / "text.mp4", tmp_path / "a.mp4"),
        Job(tmp_path / "cut.mp4", tmp_path / "b.mp4"),
        Job(tmp_path / "none.mp4", tmp_path / "c.mp4"),
        Job(clip, tmp_path / "d.webm"),
        Job(clip, tmp_path / "there.mp4"),
        Job(clip, tmp_path / "e.mp4"),
    ]
    outcomes = list(upscale_videos(upscaler, jobs, False, lambda done, total: None))
    errors = [outcome.error or "" for outcome in outcomes]
    assert "Invalid data found" in errors[0]
    assert "Invalid data found" in errors[1]
    assert errors[2].endswith("none.mp4: no such file")
    assert "webm does not hold the sound" in errors[3]
    assert "exists" in errors[4]
    assert errors[5] == ""
    made = {"text.mp4", "cut.mp4", "there.mp4", "e.mp4"}
    assert {path.name for path in tmp_path.iterdir()} == made


def test_camera_without_a_window(upscaler: Upscaler, clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    assert camera.record(upscaler, str(clip), tmp_path / "frames", lambda count: None) == FRAMES
    files = sorted((tmp_path / "frames").iterdir())
    assert files[0].name == "frame-000000.jpg"
    for given, path in zip(frames(clip), files, strict=True):
        assert np.abs(upscaler(given).astype(int) - images.read(path).rgb).mean() < 8


def test_no_camera_and_no_display(upscaler: Upscaler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2")
    with pytest.raises(SrganEdgeError, match="none there, or it gives no pictures"):
        camera.record(upscaler, str(tmp_path / "none.mp4"), tmp_path / "frames", lambda count: None)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(SrganEdgeError, match="there is no display: use --headless"):
        camera.view(upscaler, "0")


def test_the_view_is_half_and_half(upscaler: Upscaler) -> None:
    frame = photo(24, 30)
    enlarged = upscaler(frame)
    view = camera.split(frame, enlarged)
    np.testing.assert_array_equal(view[:, 61:], enlarged[:, 61:])
    assert not np.array_equal(view[:, :59], enlarged[:, :59])


def test_refused_suffix(upscaler: Upscaler, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"x\.png: not a video"):
        upscale_video(upscaler, clip, tmp_path / "x.png")
