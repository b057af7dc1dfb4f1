"""`--json` of every command has the keys that scripts rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import photo
from PIL import Image

from srgan_edge.cli.main import _COMMANDS, cli
from srgan_edge.models import ModelCard

RUN = "input output width height scale model delegate device seconds tiles error"
EVALUATE = "model psnr ssim channel crop images"
BENCHMARK = (
    "model delegate threads median_ms p90_ms min_ms invoke_median_ms compile_ms peak_rss_mb megapixels_per_second"
)
INSPECT = "inputs outputs ops float_ops parameters macs size_bytes gpu card"
EXPORT = "path format size_bytes psnr psnr_float drop_db float_ops passed"
# These train: their keys are looked at in test_main.py and test_convert_command.py.
ELSEWHERE = {"train", "convert", "demo"}


def data(*arguments: str) -> Any:
    done = CliRunner().invoke(cli, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_every_command_has_it() -> None:
    for name in _COMMANDS:
        command = cli.get_command(None, name)  # pyright: ignore[reportArgumentType]
        assert command is not None
        assert "--json" in [option for parameter in command.params for option in parameter.opts], name


def test_every_command_is_looked_at() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert {name for name in _COMMANDS if f'data("{name}"' not in text} == ELSEWHERE


def test_run(tmp_path: Path) -> None:
    Image.fromarray(photo(20, 24)).save(tmp_path / "a.png")
    found = data("run", str(tmp_path / "a.png"), "-m", "edge-s-x4", "--threads", "1")
    assert set(RUN.split()) <= set(found)
    assert (found["width"], found["height"], found["scale"], found["error"]) == (96, 80, 4, None)


def test_evaluate(tmp_path: Path) -> None:
    Image.fromarray(photo(48, 48)).save(tmp_path / "a.png")
    (row,) = data("evaluate", "--hr", str(tmp_path), "-m", "bicubic")
    assert set(EVALUATE.split()) <= set(row)
    assert set(row["images"][0]) == {"name", "psnr", "ssim", "seconds"}


def test_benchmark() -> None:
    (row,) = data("benchmark", "-m", "edge-s-x4", "--size", "64x48", "--runs", "1", "--threads", "1")
    assert set(BENCHMARK.split()) <= set(row)


def test_inspect() -> None:
    found = data("inspect", "edge-s-x4")
    assert set(INSPECT.split()) <= set(found)
    assert set(found["ops"][0]) == {"op", "count", "dtypes"}
    assert set(found["gpu"]) == {"ok", "refused"}


def test_models() -> None:
    assert {frozenset(row) for row in data("models")} == {frozenset(ModelCard.__dataclass_fields__)}


def test_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    from srgan_edge.runtime import delegates
    from srgan_edge.runtime.probe import Finding

    monkeypatch.setattr(delegates, "probe", lambda *a: Finding("", False, "not tried here"))
    found = data("doctor")
    assert set(found) == {"delegates", "versions"}
    assert {frozenset(d) for d in found["delegates"]} == {
        frozenset(("name", "available", "device", "software", "reason"))
    }


def test_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from srgan_edge import web

    monkeypatch.setattr(web, "write_site", lambda site, models, say: None)
    found = data("web", "-o", str(tmp_path / "site"))
    assert set(found) == {"site", "models"}
