"""One version everywhere, and a light wheel."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml
from pages import PAGES, ROOT

from srgan_edge import __version__

FILES = [*PAGES, ROOT / "notebooks/train.ipynb"]


def test_the_version_is_the_same_everywhere() -> None:
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == __version__
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest is not None
    assert newest[1] in (__version__, "Unreleased")
    named = [v for file in FILES for v in re.findall(r"srgan_edge-([\d.]+)-py3", file.read_text(encoding="utf-8"))]
    assert len(named) >= 3
    assert set(named) == {__version__}


def test_the_workflow_calls_ci_run() -> None:
    if not (ROOT / ".github").is_dir():
        pytest.skip("not a checkout")
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert {"run": ".ci/run"} in workflow["jobs"]["linux"]["steps"]


def test_what_the_wheel_holds_is_light() -> None:
    """Files of the folders that pyproject.toml puts into the wheel: 8 MB once they are compressed."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    command = ["git", "ls-files", "srgan_edge", "train", "convert", "web-demo/src"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(files) > 100
    assert sum((ROOT / file).stat().st_size for file in files) < 11e6
