"""Exports on tflite-runtime 2.14, which old boards have: an environment of its own, made by `make test`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from srgan_edge.training.data import lookup

ROOT = Path(__file__).parents[2]
BOARD = ROOT / ".venv-board/bin/python"
MODELS = ("edge-m-x4-int8", "edge-m-x4-fp16")


def _runs(python: Path) -> bool:
    command = [str(python), "-c", "import tflite_runtime.interpreter"]
    return Path(python).is_file() and subprocess.run(command, capture_output=True).returncode == 0


def _evaluate(python: Path | str, photos: Path) -> dict[str, float]:
    options = [part for name in MODELS for part in ("-m", name)]
    command = [str(python), "-m", "srgan_edge", "evaluate", "--hr", str(photos), "--json", *options]
    found = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True)
    assert found.returncode == 0, found.stderr.decode()
    return {row["model"]: row["psnr"] for row in json.loads(found.stdout)}


needs_board = pytest.mark.skipif(not _runs(BOARD), reason="make test sets up tflite-runtime, on Python 3.11 at most")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for item in lookup.find_sources(lookup.SAMPLE).valid["valid"].items():
        Image.fromarray(item.read()[:240, :240]).save(folder / f"{Path(item.name).stem}.png")
    return folder


@needs_board
def test_quality_is_that_of_litert(photos: Path) -> None:
    ours, board = _evaluate(sys.executable, photos), _evaluate(BOARD, photos)
    assert set(ours) == set(MODELS)
    for name, psnr in ours.items():
        assert board[name] == pytest.approx(psnr, abs=0.01)


@needs_board
def test_says_which_runtime_ran(photos: Path, tmp_path: Path) -> None:
    photo = next(photos.iterdir())
    command = [str(BOARD), "-m", "srgan_edge", "run", str(photo), "-o", str(tmp_path / "x.png"), "--json"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True)
    assert "tflite_runtime" in json.loads(found.stdout)["device"]
