"""The vectors that the Android engine is tested with are those that the runtime gives today."""

from __future__ import annotations

import gzip
import importlib.util
import io
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

FOLDER = Path(__file__).parents[1] / "android-demo"


@pytest.fixture(scope="module")
def vectors() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vectors", FOLDER / "vectors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_they_are_up_to_date(vectors: ModuleType) -> None:
    made, random = io.BytesIO(), np.random.default_rng(0)
    vectors.tiling_vectors(made, random)
    vectors.frame_vectors(made, random)
    assert gzip.decompress(vectors.TARGET.read_bytes()) == made.getvalue(), "run android-demo/vectors.py"


def test_the_colours_are_those_of_jpeg(vectors: ModuleType) -> None:
    """Pillow converts by the same standard; 1 level is rounding."""
    random = np.random.default_rng(1)
    y = random.integers(0, 256, (16, 20), np.uint8)
    u, v = (random.integers(0, 256, (8, 10), np.uint8) for _ in range(2))
    large = [np.repeat(np.repeat(plane, 2, 0), 2, 1) for plane in (u, v)]
    reference = Image.fromarray(np.dstack([y, *large]), "YCbCr").convert("RGB")
    assert np.abs(vectors.to_rgb(y, u, v).astype(int) - np.asarray(reference)).max() <= 1
