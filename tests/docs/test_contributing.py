"""The changes that CONTRIBUTING.md shows are made on a copy, and what they add works."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import importing_first
from pages import ROOT, blocks

USE = """
import sys
import numpy as np, tensorflow as tf
from pathlib import Path
from PIL import Image
from srgan_edge import Upscaler, recipes
from srgan_edge.conversion.convert import targets_of
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.models import find_model
from srgan_edge.training.data.degradations import degrader
from srgan_edge.training.generators import build_generator
from srgan_edge.training.generator_loss import GeneratorLoss
from srgan_edge.training.recipe import Recipe

def load(*settings):
    return recipes.load(Recipe, "train", "sample", settings)

recipe = load("generator.name=fsrcnn", "pretrain.losses={charbonnier = 1.0}")
assert build_generator("fsrcnn", 4)(np.zeros((1, 8, 8, 3), np.float32)).shape == (1, 32, 32, 3)
images = [tf.fill((1, side, side, 3), value) for side, value in ((8, 0.5), (32, 0.25), (32, 0.75))]
total, _ = GeneratorLoss(recipe.pretrain.losses, 0.0)(*images, None)
assert abs(float(total) - 0.5) < 1e-3, total
high = np.random.default_rng(0).integers(0, 256, (128, 128, 3)).astype(np.uint8)
results = []
for share in (0.0, 1.0):
    degradation = load("degradation.preset=real", f"degradation.last.webp.probability={share}").degradation
    results.append(degrader.Degrader(degradation, 4)(high, np.random.default_rng(1)))
assert results[0].shape == results[1].shape == (32, 32, 3) and (results[0] != results[1]).any()
(target,) = targets_of(Conversion(c_array=True))
model = find_model("edge-s-x4")
Path("model.h").write_bytes(target.make(model.path).content)
with target.open_session(Path("model.h")) as session, Upscaler(model) as upscaler:
    tile = high[:128, :128]
    assert (session.run(tile) == upscaler.tile_alone(tile)).all()
print("all four work")
"""


def apply(diff: str, root: Path) -> None:
    """Make a change: each hunk's old lines are found by their text, once, wherever they are now.

    Raises:
        ValueError: a hunk does not fit.
    """
    for part in re.split(r"^--- .*\n", diff, flags=re.M)[1:]:
        name, *hunks = re.split(r"^@@.*\n", part, flags=re.M)
        file = root / name.strip().removeprefix("+++ b/")
        for hunk in hunks:
            lines = hunk.splitlines(keepends=True)
            old = "".join(line[1:] for line in lines if line[0] != "+")
            new = "".join(line[1:] for line in lines if line[0] != "-")
            if not old:
                file.write_text(new, encoding="utf-8")
                continue
            text = file.read_text(encoding="utf-8")
            if text.count(f"\n{old}") != 1:
                raise ValueError(f"{file.name} has {text.count(old)} places for\n{hunk}")
            file.write_text(text.replace(f"\n{old}", f"\n{new}"), encoding="utf-8")


@pytest.mark.tensorflow
def test_the_changes_work(tmp_path: Path) -> None:
    for folder in ("srgan_edge", "train", "convert"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    diffs = [b.text for b in blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")) if b.language == "diff"]
    assert len(diffs) == 4
    for diff in diffs:
        apply(diff, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env=importing_first(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "all four work", done.stderr[-3000:]


def test_a_change_that_does_not_fit_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("\nx = 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="0 places"):
        apply("--- a/a.py\n+++ b/a.py\n@@\n-x = 2\n+x = 3\n", tmp_path)
