from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import photo
from PIL import Image

from srgan_edge.cli.main import cli, main
from srgan_edge.runtime import upscaler


def srgan_edge(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command, in this process: Python and TensorFlow are started once for all."""
    out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
    code, argv = 0, sys.argv
    os.chdir(cwd or before)
    sys.argv = ["srgan-edge", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = argv
        os.chdir(before)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def test_importing_is_light() -> None:
    code = "import srgan_edge, sys; assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_running_needs_no_tensorflow(exports: Path, tmp_path: Path) -> None:
    Image.fromarray(photo(20, 30)).save(tmp_path / "photo.png")
    code = (
        "import sys; from PIL import Image; from srgan_edge import Upscaler\n"
        f"Upscaler({str(exports / 'tiny-int8.tflite')!r})(Image.open('photo.png')).save('large.png')\n"
        "assert 'tensorflow' not in sys.modules and 'pydantic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert Image.open(tmp_path / "large.png").size == (120, 80)


@pytest.mark.parametrize("arguments", [["convert", "a.onnx"], ["convert"]])
def test_conversions_are_refused_without_tensorflow(tmp_path: Path, arguments: list[str]) -> None:
    """Which takes seconds to start, and prints what nobody asked for."""
    (tmp_path / "a.onnx").write_text("")
    code = (
        "import sys; from srgan_edge.cli.main import cli; from srgan_edge.errors import UsageError\n"
        f"try: cli.main({arguments}, standalone_mode=False)\n"
        "except UsageError: sys.exit('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["", "train", "convert", "run", "evaluate", "inspect", "models", "doctor", "demo"])
def test_help(command: str) -> None:
    done = srgan_edge(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout
    if command in ("train", "convert", "run", "evaluate", "inspect"):
        assert f"srgan-edge {command}" in done.stdout.split("Examples:")[1]


def test_unknown_command() -> None:
    done = srgan_edge("trian")
    assert (done.returncode, done.stdout) == (2, "")
    assert "unknown command 'trian': did you mean 'train'?" in done.stderr


def test_run_reports_what_it_did(exports: Path, tmp_path: Path) -> None:
    Image.fromarray(photo(50, 61)).save(tmp_path / "photo.png")
    done = srgan_edge("run", "photo.png", "-m", str(exports / "tiny-int8.tflite"), "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert line["seconds"] > 0
    expected = {
        "input": "photo.png",
        "output": "photo_x4.png",
        "width": 244,
        "height": 200,
        "scale": 4,
        "model": "tiny-int8",
        "delegate": "cpu",
        "tiles": 4,
        "error": None,
    }
    assert {key: line[key] for key in expected} == expected
    assert Image.open(tmp_path / "photo_x4.png").size == (244, 200)


def test_a_batch_goes_on_after_bad_files(exports: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(photo(12, 12)).save(folder / "a.png")
    Image.fromarray(photo(12, 12)).save(folder / "z.png")
    Image.fromarray(photo(1, 1)).save(folder / "one.png")
    (folder / "text.png").write_text("words")
    Image.fromarray(photo(90, 90)).save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:900])
    model = str(exports / "tiny-int8.tflite")
    done = srgan_edge("run", "photos", "missing.png", "-m", model, "-o", "out", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a_x4.png", "one_x4.png", "z_x4.png"]
    errors = {Path(o["input"]).name: o["error"] for o in map(json.loads, done.stdout.splitlines())}
    assert (
        errors["text.png"]
        == "photos/text.png: not a photo of a format that is read: JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC, PPM"
    )
    assert errors["cut.jpg"].startswith("photos/cut.jpg: cannot be decoded: image file is truncated")
    assert errors["missing.png"] == "missing.png: no such file"
    assert [errors[name] for name in ("a.png", "one.png", "z.png")] == [None] * 3
    assert "3 upscaled, 0 skipped, 3 failed" in done.stderr


def test_existing_results(exports: Path, tmp_path: Path) -> None:
    Image.fromarray(photo(12, 12)).save(tmp_path / "a.png")
    (tmp_path / "a_x4.png").write_text("precious")
    command = ("run", "a.png", "-m", str(exports / "tiny-int8.tflite"))
    done = srgan_edge(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert "a_x4.png: exists; use --overwrite or --skip-existing" in done.stderr
    assert srgan_edge(*command, "--skip-existing", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a_x4.png").read_text() == "precious"
    assert srgan_edge(*command, "--overwrite", cwd=tmp_path).returncode == 0
    assert Image.open(tmp_path / "a_x4.png").size == (48, 48)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("run", "a.png", "-m", "edge-n-x4"), 2, "unknown model 'edge-n-x4'"),
        (("run", "a.png", "-m", "none.tflite"), 2, "none.tflite: no such model file"),
        (("run", "a.png", "--delegate", "cqu"), 2, "did you mean 'cpu'?"),
        (("run",), 2, "name photos, folders or videos, or a --camera"),
        (("run", "a.png", "--skip-existing", "--overwrite"), 2, "exclude each other"),
        (("run", "a.png", "--camera", "0"), 2, "--camera and photos exclude each other"),
        (("run", "https://example.org/a.jpg"), 2, "https://example.org/a.jpg: is an address"),
        (("run", "a.png", "-o", "s3://bucket/a.png"), 2, "s3://bucket/a.png: is an address"),
        (("run", "a.png", "--headless"), 2, "--headless goes with --camera"),
        (("run", "--camera", "0", "-o", "frames"), 2, "--headless goes with --camera and the folder -o"),
        (("run", "--camera", ""), 2, "an empty name"),
        (("run", "--camera", "0", "--json"), 2, "--skip-existing and --json are for files"),
        (("run", "--camera", "0", "--recursive"), 2, "--recursive, --skip-existing and --json are for files"),
        (("run", "a.png", "--format", "jpgg"), 2, "did you mean 'jpg'?"),
        (("run", "a.png", "--scale", "99"), 2, "gives enlargements up to x16, not x99"),
        (("run", "a.mp4", "--format", "png"), 2, "--format is for photos; -o NAME.mkv says what a video becomes"),
        (("run", "a.png", "--delegate-option", "x"), 2, "not of the form KEY=VALUE"),
        (("run", "a.png", "--ray", "--delegate", "gpu"), 2, "--ray computes photos on CPUs"),
        (("run", "a.png", "--fp16", "--ray"), 2, "--ray computes photos on CPUs"),
        (("run", "a.png", "--delegate-option", "a=b", "--ray"), 2, "--ray computes photos on CPUs"),
        (("inspect", "edge"), 2, "unknown model 'edge'"),
        (("evaluate", "--hr", "nowhere"), 2, "nowhere: no such folder of photos"),
        (("evaluate", "--hr", ""), 2, "an empty name of a folder"),
        (("evaluate", "--hr", ".", "--lr", ""), 2, "an empty name of a folder"),
        (("run", "a.png", "-m", ""), 2, "unknown model ''"),
        (("train", "--recipe", "sampel"), 2, "did you mean 'sample'?"),
        (("train", "--set", "pretrain.stepz=1"), 2, "did you mean 'pretrain.steps'?"),
        (("train", "--data", "nowhere"), 2, "nowhere: no such folder of photos"),
        (("train", "--resume"), 2, "--resume takes the run folder as --out"),
        (("convert",), 2, "run srgan-edge train first"),
        (("convert", "nowhere"), 2, "nowhere: not a run folder"),
    ],
)
def test_refused_requests(tmp_path: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    Image.fromarray(photo(12, 12)).save(tmp_path / "a.png")
    done = srgan_edge(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.tensorflow
def test_convert_gate_exits_with_3(run_folder: Path, tmp_path: Path) -> None:
    """No export is better than its float network by 100 dB: with a bound of 0 dB some loss fails the gate."""
    options = ("--qat-steps", "0", "--tile", "48", "--max-drop", "0", "--int8", "-o", str(tmp_path / "out"))
    done = srgan_edge("convert", str(run_folder), *options)
    assert done.returncode == 3, done.stderr
    assert "not written: it loses" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.tensorflow
def test_convert_json(run_folder: Path, tmp_path: Path) -> None:
    options = ("--qat-steps", "0", "--tile", "48", "--fp16", "-o", str(tmp_path), "--json")
    done = srgan_edge("convert", str(run_folder), *options)
    assert done.returncode == 0, done.stderr
    (only,) = json.loads(done.stdout)["exports"]
    assert (only["format"], only["passed"], only["path"]) == ("fp16", True, str(tmp_path / "tiny-fp16.tflite"))
    assert only["size_bytes"] == (tmp_path / "tiny-fp16.tflite").stat().st_size
    assert abs(only["drop_db"]) < 0.002


def test_evaluate(photos: Path, exports: Path) -> None:
    model = str(exports / "tiny-int8.tflite")
    done = srgan_edge("evaluate", "--hr", str(photos), "-m", model, "-m", "bicubic", "--json")
    assert done.returncode == 0, done.stderr
    ours, bicubic = json.loads(done.stdout)
    assert (ours["model"], bicubic["model"], ours["crop"], ours["channel"]) == ("tiny-int8", "bicubic", 4, "y")
    assert ours["psnr"] == pytest.approx(np.mean([i["psnr"] for i in ours["images"]]))
    assert ours["psnr"] > bicubic["psnr"]
    assert len(ours["images"]) == 5


def test_published_bicubic_scores(shared: Path) -> None:
    """The literature's bicubic x4: 28.42/0.8104 and 26.00/0.7027."""
    for name, psnr, ssim in (("set5", 28.42, 0.8104), ("set14", 26.00, 0.7027)):
        folder = shared / "bench" / name
        done = srgan_edge(
            "evaluate", "--hr", str(folder / "hr"), "--lr", str(folder / "lr_x4"), "-m", "bicubic", "--json"
        )
        (got,) = json.loads(done.stdout)
        assert got["psnr"] == pytest.approx(psnr, abs=0.02)
        assert got["ssim"] == pytest.approx(ssim, abs=0.001)


def test_inspect_models_doctor(exports: Path) -> None:
    summary = json.loads(srgan_edge("inspect", str(exports / "tiny-int8.tflite"), "--json").stdout)
    assert set(summary) >= {"inputs", "outputs", "ops", "float_ops", "parameters", "macs", "size_bytes", "gpu", "card"}
    assert (summary["float_ops"], summary["card"]["name"]) == (0, "tiny-int8")
    text = srgan_edge("inspect", str(exports / "tiny-fp16.tflite"), "--tensors").stdout
    assert "DEPTH_TO_SPACE" in text
    assert "receptive field: 7 pixels around" in text
    assert "1x48x48x16" in text  # a tensor inside
    names = [card["name"] for card in json.loads(srgan_edge("models", "--json").stdout)]
    assert "edge-m-x4-int8" in names
    assert "edge-m-x4-int8" in srgan_edge("models").stdout
    card = srgan_edge("models", str(exports / "tiny-int8.tflite")).stdout
    for line in ("training", "train"), ("conversion", "convert"):
        assert f"{line[0]}: srgan-edge models {exports / 'tiny-int8.tflite'} --recipe {line[1]}\n" in card
    assert "training: its recipe is not in this card\n" in srgan_edge("models", "edge-m-x4").stdout
    assert "did you mean 'edge-m-x4'?" in srgan_edge("models", "edge-mm-x4").stderr
    found = json.loads(srgan_edge("doctor", "--json").stdout)
    assert found["delegates"][0]["name"] == "cpu"
    assert found["delegates"][0]["available"]
    assert found["versions"]["numpy"] == np.__version__


@pytest.mark.tensorflow
def test_dry_run_trains_nothing(tmp_path: Path) -> None:
    done = srgan_edge("train", "--dry-run", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    cost = json.loads(done.stdout)
    assert set(cost["parameters"]) == {"generator", "discriminator"}
    assert [phase["name"] for phase in cost["phases"]] == ["pretrain", "gan"]
    assert all(phase["seconds_per_step"] > 0 for phase in cost["phases"])
    assert cost["memory_mb"] > 100
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [tmp_path / "runs" / "sample-pairs.png"]
    assert cost["pairs"] == "runs/sample-pairs.png"
    # Four rows of four pairs of 192 pixels: photos, and the same with a quarter of their pixels.
    assert Image.open(tmp_path / cost["pairs"]).size == (4 * (2 * 192 + 8), 4 * 196)
    assert "to validate" in done.stderr or "held out to validate" in done.stderr
    assert "0000 00:00" not in done.stderr  # TensorFlow's native log


@pytest.mark.tensorflow
def test_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On two of the bundled models: that of x2 has no place in it, and srgan takes half a minute."""
    from srgan_edge import demo

    models = [m for m in demo.bundled() if m.name in ("edge-m-x4-int8", "edge-m-x2-int8")]
    monkeypatch.setattr(demo, "bundled", lambda: models)
    done = srgan_edge("demo", "--steps", "60", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    page = tmp_path / made["page"]
    text = page.read_text()
    assert text.count("data:image/png;base64,") >= 2 * 4
    assert 'src="http' not in text
    assert "$" not in text.split("<script")[0]
    assert [row["model"] for row in made["results"]] == ["bicubic", "edge-m-x4-int8", "sample-int8", "sample-fp16"]
    assert [e["format"] for e in made["exports"]] == ["int8", "fp16"]


def test_what_a_model_warns_of_is_said_as_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vet = upscaler.vet
    monkeypatch.setattr(upscaler, "vet", lambda *given: vet(*given)._replace(notes=("there may be seams",)))
    Image.fromarray(photo(60, 60)).save(tmp_path / "a.png")
    run = ["run", str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png")]
    filters, show = list(warnings.filters), warnings.showwarning
    for command in (run, ["evaluate", "--hr", str(tmp_path)]):
        done = CliRunner().invoke(cli, [*command, "-m", "edge-s-x4"])
        assert done.exit_code == 0, done.output
        assert done.stderr.splitlines()[0] == "edge-s-x4-int8: there may be seams"
    assert (warnings.filters, warnings.showwarning) == (filters, show)
