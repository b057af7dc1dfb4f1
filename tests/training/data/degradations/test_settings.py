from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge import recipes
from srgan_edge.errors import UsageError
from srgan_edge.training.data.degradations.settings import PRESETS
from srgan_edge.training.recipe import Recipe


def load(*settings: str) -> Recipe:
    return recipes.load(Recipe, "train", "sample", settings)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_preset_is_written_out_and_read_back(preset: str, tmp_path: Path) -> None:
    recipe = load(f"degradation.preset={preset}")
    recipes.save(recipe, tmp_path / "recipe.toml")
    assert recipes.load(Recipe, "train", str(tmp_path / "recipe.toml")) == recipe


def test_a_key_beside_a_preset_changes_it_alone() -> None:
    preset = load("degradation.preset=real").degradation
    changed = load("degradation.preset=real", "degradation.last.jpeg.quality=[10, 20]").degradation
    assert changed.last.jpeg.quality == (10, 20)
    assert changed.last.jpeg.probability == preset.last.jpeg.probability == 0.8
    assert changed.first == preset.first


def test_shares_of_kinds_are_replaced_as_a_whole() -> None:
    recipe = load("degradation.preset=real-esrgan", "degradation.first.blur.kernels={iso = 1}")
    assert recipe.degradation.first.blur.kernels == {"iso": 1}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("degradation.preset={}", r"--set degradation\.preset={}: .*'bicubic', 'real'"),
        ("degradation.preset=[]", r"--set degradation\.preset=\[\]: .*'bicubic', 'real'"),
        ("degradation.preset=reel", r"--set degradation\.preset=reel: .*'bicubic', 'real', 'real-esrgan' or 'video'"),
        ("degradation.last.noise.sigma=[5, 1]", "begins above its end"),
        ("degradation.last.noise.sgima=[1, 5]", r"did you mean 'degradation\.last\.noise\.sigma'\?"),
        ("degradation.last.jpeg.quality=[0.5, 5]", r"degradation\.last\.jpeg\.quality = 0\.5"),
        ("degradation.first.blur.kernels={isso = 1}", r"degradation\.first\.blur\.kernels\.isso"),
        # What no fault could be drawn from.
        ("degradation.last.noise.sigma=[0, 5]", r"degradation\.last\.noise\.sigma = 0: .* greater than 0"),
        ("degradation.first.blur.sigma=[0, 1.5]", r"blur\.sigma = 0: .* greater than 0"),
        ("degradation.last.jpeg.quality=[50, 101]", r"jpeg\.quality = 101"),
        ("degradation.last.h264.crf=[20, 60]", r"h264\.crf = 60"),
        ("degradation.first.blur.kernels={iso = 0}", r"first\.blur\.kernels needs a share above 0"),
        ("degradation.last.filters={}", r"last\.filters needs a share above 0"),
        (
            "degradation.second.resize.factor=[0.5, 0.9]",
            r"second\.resize\.factor = .* no enlargement in it: set up = 0",
        ),
        ("degradation.second.resize={factor = [1.5, 2.0], down = 1.0}", r"only enlarges: set down = 0"),
        ("degradation.second.resize={up = 0.0}", r"second\.resize\.up, down and keep need a share"),
        ("degradation.clean=2", r"degradation\.clean = 2"),
    ],
)
def test_refusals(setting: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load("degradation.preset=real", setting)


def test_bicubic_takes_no_faults() -> None:
    with pytest.raises(UsageError, match="choose another preset"):
        load("degradation.last.jpeg.probability=0.5")
