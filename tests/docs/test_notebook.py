"""The notebook runs from top to bottom: with a few steps, on sample photos."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import importing_first
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from pages import ROOT

pytestmark = pytest.mark.tensorflow

BRIEF = """
RECIPE, PHOTOS, CONVERT = "sample", "sample", "--int8 --qat-steps 0 --set calibration_batches=1 --set min_gain=-90.0"
SETTINGS = "--set pretrain.steps=2 --set pretrain.warmup=0 --set gan.steps=0 --set data.batch=2 --set data.crop=24"
"""


def execute(folder: Path, parameters: str, cells: slice = slice(None)) -> nbformat.NotebookNode:
    """Run the notebook's cells in a folder, with other parameters."""
    notebook = nbformat.read(ROOT / "notebooks/train.ipynb", as_version=4)
    notebook.cells = notebook.cells[cells]
    (place,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    place.source = parameters
    environment = importing_first(ROOT) | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment)
    return notebook


def test_it_runs(tmp_path: Path) -> None:
    notebook = execute(tmp_path, BRIEF)
    shown = [out.data for cell in notebook.cells for out in cell.get("outputs", []) if "data" in out]
    assert sum("image/png" in data for data in shown) == 2
    assert any("sample-int8" in data.get("text/html", "") for data in shown)
    assert (tmp_path / "exports/sample-int8.tflite").stat().st_size > 10_000


def test_a_command_that_fails_stops_it(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="see the message above"):
        execute(tmp_path, BRIEF.replace('"sample", "sample"', '"sample", "nothing-here"'), slice(0, 7))


def test_it_is_kept_without_results() -> None:
    notebook = nbformat.read(ROOT / "notebooks/train.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
