"""Whatever is wrong with what it is given, `run` says so in one sentence and leaves no half file."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import encoded, photo
from PIL import Image

from srgan_edge.cli import main as cli
from srgan_edge.files import atomic
from srgan_edge.imaging import images
from srgan_edge.models import WEIGHTS

MODEL = WEIGHTS / "edge-m-x4-int8.tflite"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """The command in this process: exit code and what it said."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["srgan-edge", "run", "--delegate", "cpu", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as error:
            code = int(error.code or 0)
        return code, capfd.readouterr().err

    return command


Run = Callable[..., tuple[int, str]]


def one_sentence(said: str, about: str) -> None:
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert lines[0].startswith(f"srgan-edge: {about}")
    assert "Traceback" not in said


@pytest.mark.parametrize("tenth", range(10))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".bmp", ".gif"])
def test_truncated_photos(run: Run, tmp_path: Path, suffix: str, tenth: int) -> None:
    whole = encoded(suffix)
    (tmp_path / f"cut{suffix}").write_bytes(whole[: len(whole) * tenth // 10])
    code, said = run(f"cut{suffix}", "-o", "out/x.png")
    assert code == 1
    one_sentence(said, f"cut{suffix}: ")
    assert not (tmp_path / "out").exists()


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def nan_tiff() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8), np.nan, np.float32)).save(buffer, "TIFF")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("text.png", b"words", "not a photo of a format that is read"),
        ("text.jpg", b"\xff\xd8 words", "not a photo|cannot be decoded"),
        ("zeros.png", bytes(1000), "not a photo of a format that is read"),
        ("zeros.jpg", bytes(1000), "not a photo of a format that is read"),
        ("zeros.tif", bytes(1000), "not a photo of a format that is read"),
        ("bomb.png", png_claiming(60_000, 60_000), "60000x60000 are more than 537 megapixels"),
        ("short.png", png_claiming(100, 100), "cannot be decoded"),
        ("nan.tif", nan_tiff(), "cannot be decoded: a pixel is not a finite number"),
        ("a.heic", b"words", "not a photo"),
        ("a.mp4", b"words", "not a video, or damaged"),
        ("a.mkv", bytes(500), "not a video, or damaged"),
    ],
)
def test_what_is_no_photo(run: Run, tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    import re

    (tmp_path / name).write_bytes(content)
    code, said = run(name, *(["-o", "out/x.png"] if not name.endswith((".mp4", ".mkv")) else []))
    assert code == 1
    one_sentence(said, name)
    assert re.search(reason, said)
    assert sorted(p.name for p in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (16400, 1)], ids=str)
def test_odd_sizes_work(run: Run, tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size, "green").save(tmp_path / "odd.png")
    code, said = run("odd.png", "-m", "edge-s-x4")
    assert code == 0, said
    assert images.size(tmp_path / "odd_x4.png") == (size[1] * 4, size[0] * 4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("",), "an empty name"),
        (("a.png", "-o", ""), "an empty name"),
        (("a.png", "-o", "-"), "-o -: results are written to files, not to stdout"),
        (("a.png", "-o", "r.jxl"), "r.jxl: cannot write .jxl; use one of .jpg .jpeg"),
    ],
)
def test_what_would_make_a_folder_or_take_this_one(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    Image.fromarray(photo(20, 20)).save(tmp_path / "a.png")
    code, words = run(*arguments)
    assert code == 2
    one_sentence(words, said)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_batch_goes_on_after_every_kind_of_file(run: Run, tmp_path: Path, no_rights: None) -> None:
    folder = tmp_path / "in"
    (folder / "shut").mkdir(parents=True)
    for name in ("a.png", "secret.png", "z.png", "blocked.png"):
        Image.fromarray(photo(20, 20)).save(folder / name)
    os.mkfifo(folder / "pipe.png")
    (folder / "secret.png").chmod(0)
    (folder / "shut").chmod(0)
    long = f"{'n' * 249}.png"
    Image.fromarray(photo(20, 20)).save(folder / long)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "blocked_x4.png").mkdir()
    code, said = run("in", "-o", "out", "--recursive", "--overwrite")
    (folder / "shut").chmod(0o755)
    assert code == 1
    for words in (
        "srgan-edge: in/shut: cannot be looked into: Permission denied",
        "srgan-edge: in/secret.png: cannot be read: Permission denied",
        "srgan-edge: in/pipe.png: is a pipe or device, not a file",
        f"srgan-edge: out/{'n' * 249}_x4.png: cannot be written: File name too long",
        "srgan-edge: out/blocked_x4.png: cannot be written: Is a directory",
        "2 upscaled, 0 skipped, 5 failed",
    ):
        assert words in said
    assert "Traceback" not in said
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a_x4.png", "blocked_x4.png", "z_x4.png"]


def test_skip_existing_sweeps_what_a_killed_run_left(run: Run, tmp_path: Path) -> None:
    Image.fromarray(photo(20, 20)).save(tmp_path / "a.png")
    (tmp_path / "a_x4.png").write_text("done")
    (tmp_path / f"{atomic.PREFIX}abc").mkdir()
    (tmp_path / f"{atomic.PREFIX}abc" / "a_x4.png").write_text("half")
    code, said = run("a.png", "--skip-existing")
    assert (code, said.splitlines()[-1]) == (0, "0 upscaled, 1 skipped, 0 failed")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "a_x4.png"]


def test_larger_photos_are_refused_until_it_is_said(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (1100, 1000)).save(tmp_path / "a.png")
    code, said = run("a.png", "--max-megapixels", "1")
    assert code == 1
    one_sentence(said, "a.png: 1100x1000 are more than 1 megapixels")
    assert images.read(tmp_path / "a.png", 2_000_000).width == 1100


def test_quality(run: Run, tmp_path: Path) -> None:
    Image.fromarray(photo(40, 40)).save(tmp_path / "a.png")
    for suffix in ("jpg", "webp", "avif"):
        for quality in ("20", "95"):
            assert run("a.png", "-o", f"{quality}.{suffix}", "--quality", quality)[0] == 0
        sizes = [(tmp_path / f"{quality}.{suffix}").stat().st_size for quality in (20, 95)]
        assert sizes[0] < sizes[1] / 2


def test_a_wrong_suffix_works(run: Run, tmp_path: Path) -> None:
    (tmp_path / "really-png.jpg").write_bytes(encoded(".png"))
    assert run("really-png.jpg")[0] == 0
    assert Image.open(tmp_path / "really-png_x4.jpg").format == "JPEG"


def test_a_result_too_wide_for_its_format(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (65500, 1)).save(tmp_path / "wide.jpg")
    code, said = run("wide.jpg")
    assert code == 1
    one_sentence(said, "wide_x4.jpg: cannot be written: JPEG holds at most 65500 pixels a side, not 262000x4")


@pytest.mark.parametrize("target", ["file/x.png", "/proc/x.png", "x.xyz/y.png/z.png"])
def test_unwritable_targets(run: Run, tmp_path: Path, target: str) -> None:
    Image.fromarray(photo(20, 20)).save(tmp_path / "a.png")
    (tmp_path / "file").write_text("")
    (tmp_path / "x.xyz").write_text("")
    code, said = run("a.png", "-o", target)
    assert code == 1
    one_sentence(said, f"{target}: cannot be written")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode != 0:
        pytest.skip("no right to mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_a_full_disk(run: Run, tmp_path: Path, small_disk: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    code, said = run("a.png", "-o", str(small_disk / f"x{suffix}"))
    assert code == 1
    one_sentence(said, f"{small_disk / f'x{suffix}'}: cannot be written: ")
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("tenth", range(10))
def test_truncated_models(run: Run, tmp_path: Path, tenth: int) -> None:
    Image.fromarray(photo(20, 20)).save(tmp_path / "a.png")
    whole = MODEL.read_bytes()
    (tmp_path / "cut.tflite").write_bytes(whole[: len(whole) * tenth // 10])
    code, said = run("a.png", "-m", "cut.tflite")
    assert code == 1
    one_sentence(said, "cut.tflite: ")
    assert not (tmp_path / "a_x4.png").exists()


@pytest.mark.parametrize("content", [b"", b"words", bytes(2000), b"\x1c\0\0\0TFL3" + bytes(50)], ids=range(4))
def test_what_is_no_model(run: Run, tmp_path: Path, content: bytes) -> None:
    Image.fromarray(photo(20, 20)).save(tmp_path / "a.png")
    (tmp_path / "x.tflite").write_bytes(content)
    code, said = run("a.png", "-m", "x.tflite")
    assert code == 1
    one_sentence(said, "x.tflite: ")


def test_a_card_of_another_file(run: Run, tmp_path: Path) -> None:
    Image.fromarray(photo(20, 20)).save(tmp_path / "a.png")
    damaged = bytearray(MODEL.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "x.tflite").write_bytes(damaged)
    shutil.copy(MODEL.with_suffix(".json"), tmp_path / "x.json")
    code, said = run("a.png", "-m", "x.tflite")
    assert code == 1
    one_sentence(said, "x.json: is the card of another file than x.tflite")
