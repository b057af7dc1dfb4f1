"""Every program of benchmarks/ runs, in its smallest form; what it prints is looked at where it is measured."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import gpu
import npu
import numpy as np
import other_runtimes
import peers
import perception
import pytest
import quantization
import runtime
import training
from click.testing import CliRunner
from PIL import Image

from srgan_edge import Upscaler
from srgan_edge.conversion.targets import Made
from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import Bytes
from srgan_edge.models import find_model
from srgan_edge.runtime.session import Session

pytestmark = pytest.mark.tensorflow


def printed(program: Any, *arguments: object) -> str:
    result = CliRunner().invoke(program.main, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, coffee: Bytes) -> Path:
    """A set of one photo."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "one" / "hr").mkdir(parents=True)
    Image.fromarray(coffee[:192, :200]).save(folder / "one" / "hr" / "coffee.png")
    return folder


def test_every_program_is_here() -> None:
    """A new program gets a test; modules without a `main` are parts of one."""
    folder = Path(peers.__file__).parent
    programs = {path.stem for path in folder.glob("*.py") if "@click.command" in path.read_text(encoding="utf-8")}
    tested = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert {name for name in programs if not re.search(rf"^ *import {name}\b", tested, re.MULTILINE)} == set()


def test_what_cannot_be_used_is_a_sentence(bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a traceback, and the exit code of the command line."""
    monkeypatch.setattr(gpu.captured, "own_process", lambda: None)
    monkeypatch.setattr(gpu.probe, "TIME_LIMIT", gpu.probe.TIME_LIMIT)  # the program sets it
    hr, sheet = bench / "one" / "hr", ("--sheet", tmp_path / "sheet.png")
    (tmp_path / "small").mkdir()
    Image.new("RGB", (96, 96)).save(tmp_path / "small" / "small.png")
    requests: list[tuple[Any, tuple[object, ...], str]] = [
        (gpu, ("--model", "nothing"), "unknown model 'nothing'"),
        (other_runtimes, ("nothing",), "unknown model 'nothing'"),
        (peers, ("nothing", "--bench", bench), "unknown model 'nothing'"),
        (perception, ("--photos", hr, *sheet, "edge-m-x4", "edge-m-x2"), "edge-m-x4 enlarges by 4 and edge-m-x2 by 2"),
        (perception, ("--photos", tmp_path / "small", *sheet, "edge-s-x4", "edge-s-x4"), "holds no photo of 160x160"),
        (quantization, ("--bench", bench, tmp_path), "not a run folder"),
        (runtime, ("--model", "nothing"), "unknown model 'nothing'"),
        (training, ("--generator", "nothing"), "generator.name = 'nothing'"),
    ]
    for program, arguments, words in requests:
        done = CliRunner().invoke(program.main, [str(a) for a in arguments])
        assert (done.exit_code, done.stderr.count("\n"), words in done.stderr) == (2, 1, True), done.output


def test_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU plays the GPU, one level too bright; then there is none. The real one's code is in test_delegates.py."""

    class Bright(Upscaler):
        def __init__(self, model: Any, delegate: str, half: bool = False) -> None:
            super().__init__(model, delegate="cpu")
            self.level = delegate == "gpu"

        def __call__(self, image: Any) -> Any:
            return np.minimum(super().__call__(image), 254) + np.uint8(self.level)

    monkeypatch.setattr(gpu.captured, "own_process", lambda: None)
    monkeypatch.setattr(gpu, "ROUNDS", 1)
    monkeypatch.setattr(gpu, "Upscaler", Bright)
    (row,) = json.loads(printed(gpu, "--model", "edge-s-x4-int8", "--size", "40x30", "--json"))
    assert (row["model"], row["worst"], row["mean"], row["error"]) == ("edge-s-x4-int8", 1, 1.0, "")
    assert "edge-s-x4-int8" in printed(gpu, "--model", "edge-s-x4-int8", "--size", "40x30")

    def none(*arguments: Any, **options: Any) -> None:
        raise SrganEdgeError("no Vulkan driver is installed")

    monkeypatch.setattr(gpu, "Upscaler", none)
    done = CliRunner().invoke(gpu.main, ["--model", "edge-s-x4-int8"])
    assert (done.exit_code, "edge-s-x4-int8: no Vulkan driver is installed" in done.output) == (1, True)


def test_a_driver_that_takes_too_long_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not to be missing."""
    monkeypatch.setattr(gpu.captured, "own_process", lambda: None)
    monkeypatch.setattr(gpu.probe, "TIME_LIMIT", gpu.probe.TIME_LIMIT)  # the program sets it
    done = CliRunner().invoke(gpu.main, ["--model", "edge-s-x4-int8", "--limit", "0.01"])
    assert done.exit_code == 1
    assert re.search(r"cannot run on gpu: gave no result in 0\.01 seconds\n", done.stdout)


def test_npu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU plays the NPU, one level too bright; the real one's code is in tests/conversion/test_npu.py."""

    class Bright(Session):
        def run(self, tile: Bytes, out: Bytes | None = None, margin: int = 0) -> Bytes:
            return np.minimum(super().run(tile, out, margin), 254) + np.uint8(1)

    def compiled(tflite: Path, chip: str) -> Made:
        if chip == "SM8450":
            raise SrganEdgeError("it does not fit")
        return Made(tflite.read_bytes(), {"operators": 13, "operators_on_npu": 12, "pieces": 2})

    def run(*chips: str) -> Any:
        options = [part for chip in chips for part in ("--chip", chip)]
        return CliRunner().invoke(npu.main, [*options, "--model", "edge-s-x4-int8", "--tiles", "1", "--json"])

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: real("json" if name == "onnxruntime_qnn" else name))
    monkeypatch.setattr(npu.npu, "compiled", compiled)
    monkeypatch.setattr(npu.npu, "HtpSession", Bright)
    (row,) = json.loads(run("SM8650").stdout)
    assert (row["worst"], row["operators_on_npu"], row["chip"]) == (1, 12, "SM8650")
    assert row["to_cpu_db"] == pytest.approx(48.13, abs=0.05)  # 20 log 255, less what is white
    assert row["drop_db"] != 0
    done = run("SM8450")
    assert (done.exit_code, json.loads(done.stdout)[0]["error"]) == (1, "it does not fit")
    done = CliRunner().invoke(npu.main, ["--chip", "SM8450", "--model", "edge-s-x4-int8"])
    assert (done.exit_code, "edge-s-x4-int8 for SM8450: it does not fit\n" in done.stdout) == (1, True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxruntime_qnn" else real(name))
    done = run("SM8650")
    assert (done.exit_code, "pip install 'srgan-edge[npu]'" in done.output) == (2, True)


def test_peers(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "bundled", lambda: [find_model("edge-m-x4"), find_model("edge-m-x2")])
    monkeypatch.setattr(peers, "ROUNDS", 1)
    rows = json.loads(printed(peers, "--bench", bench, "mine=edge-s-x4", "--json"))
    assert [row["model"] for row in rows] == ["edge-m-x4-int8", "mine", "bicubic"]
    assert rows[0]["quality"]["one"]["psnr"] > rows[2]["quality"]["one"]["psnr"] + 0.5
    assert rows[0]["ratio"] == 1
    assert rows[1]["frame_ms"] > 0
    table = printed(peers, "--bench", bench)
    assert re.search(r"edge-m-x4-int8 +\d\d\.\d\d / 0\.\d{4} +72,544 +4\.16G", table)


def test_other_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One is a level darker, the others are not installed."""

    def upscaler_of(model: Any, runtime: str) -> Any:
        if runtime != "onnxruntime":
            raise SrganEdgeError(f"{runtime}: pip install {runtime} to run models in it")
        ours = Upscaler(model, delegate="cpu", threads=1)
        return lambda image: np.maximum(ours(image), 1) - np.uint8(1)

    monkeypatch.setattr(other_runtimes, "upscaler_of", upscaler_of)
    rows = re.findall(r"^edge-s-x4-int8 +(\w+) +(\d+\.\d) +(\d+)$", printed(other_runtimes, "edge-s-x4"), re.MULTILINE)
    assert [(runtime, worst) for runtime, _, worst in rows] == [("LiteRT", "0"), ("onnxruntime", "1")]
    assert all(float(ms) > 0 for _, ms, _ in rows)


def test_perception(bench: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    table = printed(perception, "--photos", bench / "one" / "hr", "--sheet", sheet, "edge-s-x4", "edge-m-real-gan-x4")
    figures = dict(re.findall(r"^((?:LPIPS|DISTS)'s distance) +(\d.*)$", table, re.MULTILINE))
    assert set(figures) == {"LPIPS's distance", "DISTS's distance"}
    bicubic, psnr_model, gan_model = (float(n) for n in figures["DISTS's distance"].split())
    assert gan_model < psnr_model < bicubic
    assert Image.open(sheet).size == (4 * 160, 160)


def test_quantization(bench: Path, run_folder: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text("tile = 48\nqat_steps = 2\nbatch = 2\ncrop = 24\ncalibration_batches = 2\n")
    rows = json.loads(printed(quantization, "--bench", bench, "--json", f"{run_folder}:{recipe}"))
    assert [row["export"] for row in rows] == ["float", "FP16", "INT8, calibrated", "INT8, fine-tuned"]
    assert rows[0]["drop_db"]["one"] == 0
    assert abs(rows[1]["drop_db"]["one"]) < 0.02
    assert all(row["tile_ms"] > 0 and row["size_bytes"] > 1000 for row in rows)


def test_runtime(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = runtime.call_ratio
    monkeypatch.setattr(
        runtime, "call_ratio", lambda model, threads, h, w, rounds: whole(model, threads, 160, 240, rounds)
    )
    lines = printed(runtime, "--model", "edge-s-x4", "--photos", bench / "one" / "hr", "--rounds", 1)
    assert re.findall(r"(ratio) \d", lines) == ["ratio"] * 4  # one and two threads, PNG and JPEG


def test_training(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, whole = [], training.loop_ratio

    def small(generator: str, steps: int, preset: str, photos: Path) -> float:
        seen.append(photos)
        return whole(generator, steps, preset, 2, 16, photos)

    monkeypatch.setattr(training, "loop_ratio", small)
    size = ("--generator", "edge-s", "--batch", 2, "--crop", 16, "--steps", 1, "--no-bfloat16")
    lines = printed(training, *size, "--photos", photos)
    assert seen == [photos]
    assert len(re.findall(r"ratio \d+\.\d+", lines)) == 2


def test_cluster() -> None:
    pytest.importorskip("ray")
    import cluster

    line = printed(cluster, "--count", 4, "--size", 64, "--no-kill")
    assert "4 outcomes, 0 errors, 4 files, 4 right" in line
