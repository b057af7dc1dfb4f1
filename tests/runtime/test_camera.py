"""A camera, for which a video file stands in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import photo

from srgan_edge import Upscaler
from srgan_edge.errors import ResultExistsError, SrganEdgeError
from srgan_edge.imaging import images
from srgan_edge.runtime import camera

FRAMES = 10


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames that move."""
    av = pytest.importorskip("av")
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(path), "w") as made:
        pictures = made.add_stream("libx264", rate=20, options={"crf": "1"})
        pictures.width, pictures.height, pictures.pix_fmt = 80, 48, "yuv420p"
        wide = photo(48, 100)
        for index in range(FRAMES):
            frame = np.ascontiguousarray(wide[:, index : index + 80])
            made.mux(pictures.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        made.mux(pictures.encode())
    return path


@pytest.fixture(scope="module")
def upscaler():
    with Upscaler("edge-s-x4-int8", delegate="cpu", threads=1) as upscaler:
        yield upscaler


def frames(path: Path) -> list[np.ndarray]:
    cv2 = pytest.importorskip("cv2")
    source, found = cv2.VideoCapture(str(path)), []
    while (read := source.read())[0]:
        found.append(np.ascontiguousarray(read[1][..., ::-1]))
    return found


def test_camera_without_a_window(upscaler: Upscaler, clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    assert camera.record(upscaler, str(clip), tmp_path / "frames", lambda count: None) == FRAMES
    files = sorted((tmp_path / "frames").iterdir())
    assert files[0].name == "frame-000000.jpg"
    for given, path in zip(frames(clip), files, strict=True):
        assert np.abs(upscaler(given).astype(int) - images.read(path).rgb).mean() < 8


def test_frames_have_the_quality_asked_for(upscaler: Upscaler, clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    for quality in (20, 95):
        camera.record(upscaler, str(clip), tmp_path / str(quality), lambda count: None, quality)
    small, large = ((tmp_path / name / "frame-000000.jpg").stat().st_size for name in ("20", "95"))
    assert small < large / 2


def test_a_second_recording_does_not_replace_the_first(upscaler: Upscaler, clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    (tmp_path / "frame-000000.jpg").write_text("the first")
    (tmp_path / "frame-000099.jpg").write_text("the last")
    with pytest.raises(ResultExistsError, match=r"frame-000000\.jpg: exists"):
        camera.record(upscaler, str(clip), tmp_path, lambda count: None)
    assert (tmp_path / "frame-000000.jpg").read_text() == "the first"
    assert camera.record(upscaler, str(clip), tmp_path, lambda count: None, overwrite=True) == FRAMES
    assert len(list(tmp_path.iterdir())) == FRAMES


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
