"""The README's picture is what its program makes."""

from __future__ import annotations

import runpy

import numpy as np
import pytest
from pages import ROOT
from PIL import Image


def test_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    made = np.asarray(runpy.run_path(str(ROOT / "docs/pictures.py"))["comparison"](), np.int16)
    kept = np.asarray(Image.open(ROOT / "docs/pictures/comparison.jpg").convert("RGB"), np.int16)
    assert made.shape == kept.shape
    # Another libjpeg or another font may differ by a little; another model or part by much.
    assert np.abs(made - kept).mean() < 1.0


def test_pictures_are_light() -> None:
    assert sum(file.stat().st_size for file in (ROOT / "docs/pictures").iterdir()) < 1.5e6
