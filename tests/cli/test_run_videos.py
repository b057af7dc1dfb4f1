"""`run` with videos, in this process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import photo
from PIL import Image

from srgan_edge.cli.main import cli
from srgan_edge.runtime.batch import VIDEO_SUFFIXES

MODEL = ("-m", "edge-s-x4-int8", "--delegate", "cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two videos, one that is none, and a photo."""
    av = pytest.importorskip("av")
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mp4", "b.ts"):
        with av.open(str(folder / name), "w") as made:
            pictures = made.add_stream("libx264", rate=25)
            pictures.width, pictures.height, pictures.pix_fmt = 48, 32, "yuv420p"
            for index in range(5):
                frame = np.ascontiguousarray(photo(32, 60)[:, index : index + 48])
                made.mux(pictures.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            made.mux(pictures.encode())
    (folder / "c.mkv").write_text("words")
    Image.fromarray(photo(12, 12)).save(folder / "d.png")
    return folder


def test_a_mixed_folder(folder: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["run", str(folder), "-o", str(tmp_path / "out"), "--json", *MODEL])
    assert done.exit_code == 1
    results = {Path(one["input"]).name: one for one in map(json.loads, done.stdout.splitlines())}
    assert {name: result["error"] is None for name, result in results.items()} == {
        "a.mp4": True,
        "b.ts": True,
        "c.mkv": False,
        "d.png": True,
    }
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a_x4.mp4", "b_x4.mkv", "d_x4.png"}
    assert results["a.mp4"]["frames"] == 5 and results["a.mp4"]["width"] == 192
    assert "c.mkv: not a video, or damaged" in done.stderr


def test_quality(folder: Path, tmp_path: Path) -> None:
    sizes = []
    for quality in ("5", "95"):
        out = tmp_path / f"{quality}.mp4"
        done = CliRunner().invoke(cli, ["run", str(folder / "a.mp4"), "-o", str(out), "--quality", quality, *MODEL])
        assert done.exit_code == 0, done.output
        sizes.append(out.stat().st_size)
    assert sizes[0] < 0.6 * sizes[1]


def test_help_names_the_suffixes() -> None:
    shown = CliRunner().invoke(cli, ["run", "--help"]).output
    assert all(f" {suffix}" in shown for suffix in VIDEO_SUFFIXES)


def test_an_interrupted_run_says_what_is_kept(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from srgan_edge.runtime import video
    from srgan_edge.runtime.video import kept

    monkeypatch.setattr(kept, "SEGMENT", 2)
    real = video.upscale_video

    def interrupted(
        upscaler: object, source: Path, target: Path, progress: video.FrameProgress, *more: object
    ) -> object:
        def stop(done: int, total: int) -> None:
            progress(done, total)
            if done == 5:
                raise KeyboardInterrupt

        return real(upscaler, source, target, stop, *more)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(video, "upscale_video", interrupted)
    command = ["run", str(folder / "a.mp4"), "-o", str(tmp_path / "out.mp4"), *MODEL]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 1
    assert "out.mp4: 4 frames are kept, and the same command goes on from there" in done.stderr
    monkeypatch.setattr(video, "upscale_video", real)
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0 and "went on after frame 4" in done.stderr


def test_scale(folder: Path, tmp_path: Path) -> None:
    (folder / "c.mkv").unlink()
    done = CliRunner().invoke(cli, ["run", str(folder), "-o", str(tmp_path / "out"), "--scale", "2", "--json", *MODEL])
    assert done.exit_code == 0
    sizes = [(one["width"], one["height"], one["scale"]) for one in map(json.loads, done.stdout.splitlines())]
    assert sizes == [(24, 24, 2), (96, 64, 2), (96, 64, 2)]
