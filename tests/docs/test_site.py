"""The site is built without a warning, and shows every code block as one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pages import ROOT, blocks


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stdout + done.stderr
    return folder


def test_code_blocks_are_shown(site: Path) -> None:
    """A fence whose info the site does not understand would be text, and no warning."""
    for page in (ROOT / "docs").glob("*.md"):
        included = {"contributing": "CONTRIBUTING.md", "security": "SECURITY.md", "changelog": "CHANGELOG.md"}
        source = ROOT / included.get(page.stem, f"docs/{page.name}")
        shown = (site / ("" if page.stem == "index" else page.stem) / "index.html").read_text(encoding="utf-8")
        count = shown.count('class="highlight"')
        found = len(blocks(source.read_text(encoding="utf-8")))
        assert count == found or (page.stem == "api" and count > found), page.name


def test_the_reference_has_the_upscaler(site: Path) -> None:
    shown = (site / "api/index.html").read_text(encoding="utf-8")
    for name in ("Upscaler.__call__", "Upscaler.close"):
        assert f'id="srgan_edge.{name}"' in shown
    assert 'id="srgan_edge.training.recipe.Pretrain.learning_rate"' in shown
