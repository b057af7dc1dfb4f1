"""The Android library and app have the project's version."""

from __future__ import annotations

import re
from pathlib import Path

from srgan_edge import __version__

FOLDER = Path(__file__).parents[1] / "android-demo"


def test_it_is_the_projects() -> None:
    assert re.findall(r"^version=(.*)$", (FOLDER / "gradle.properties").read_text(), re.MULTILINE) == [__version__]
    assert re.findall(r"dev\.srganedge:engine:([\d.]+\d)", (FOLDER / "engine/README.md").read_text()) == [__version__]


def test_nobody_else_says_one() -> None:
    for path in [*FOLDER.glob("*/build.gradle.kts"), FOLDER / "verify/build.sh"]:
        assert not re.search(r"ersion(Name)?\s*=\s*\"\d", path.read_text()), path
