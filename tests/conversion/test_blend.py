from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tf_keras as keras
from click.testing import CliRunner

from srgan_edge.cli.convert_command import command
from srgan_edge.conversion import blend, fold
from srgan_edge.conversion.blend import blended
from srgan_edge.conversion.convert import convert
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import UsageError
from srgan_edge.models import find_model
from srgan_edge.training.generators import build_generator
from srgan_edge.training.pretrained import load_pretrained
from srgan_edge.training.run_folder import load_generator

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def other_run(tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> Path:
    """The same run with all of its weights at a half."""
    from srgan_edge.imaging.metrics import Score
    from srgan_edge.recipes import load
    from srgan_edge.training.recipe import Recipe
    from srgan_edge.training.run_folder import save_generator

    folder = tmp_path_factory.mktemp("other") / "half"
    folder.mkdir()
    shutil.copy(run_folder / "recipe.toml", folder)
    trained = load_generator(run_folder)
    trained.model.set_weights([weight / 2 for weight in trained.model.get_weights()])
    save_generator(
        trained.model, load(Recipe, "train", str(run_folder / "recipe.toml")), folder / "generator", 1, Score(0, 0)
    )
    return folder


def test_slopes_are_mixed_as_weights_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PReLU's slope is no weight of the LeakyReLU that it becomes."""

    def network(slope: float) -> Any:
        made = build_generator("srgan", 4, blocks=1)
        for layer in made.layers:
            if isinstance(layer, keras.layers.PReLU):
                layer.set_weights([np.full_like(layer.get_weights()[0], slope)])
        return made

    monkeypatch.setattr(
        blend, "load_generator", lambda path, warn: SimpleNamespace(model=network(0.8), value_range=(-1.0, 1.0))
    )
    mixed = fold.leaky_relu(blended(fold.folded(network(0.2), (-1.0, 1.0)), {"other": 0.5}))
    slopes = [layer.alpha for layer in mixed.layers if isinstance(layer, keras.layers.LeakyReLU)]
    assert slopes and slopes == pytest.approx([0.5] * len(slopes))


def test_three_networks_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of 1, 3 and 7 everywhere; untrained, so that fast tests have it."""

    def network(value: float) -> Any:
        made = build_generator("chain-s", 4, collapsible=False)
        made.set_weights([0 * weight + value for weight in made.get_weights()])
        return made

    runs = {"b": SimpleNamespace(model=network(3), value_range=(0.0, 1.0)), "c": SimpleNamespace(model=network(7))}
    runs["c"].value_range = (0.0, 1.0)
    monkeypatch.setattr(blend, "load_generator", lambda path, warn: runs[str(path)])
    made = blended(network(1), {"b": 0.25, "c": 0.5})
    for mixed in made.get_weights():
        np.testing.assert_allclose(mixed, 0.25 * 1 + 0.25 * 3 + 0.5 * 7, rtol=1e-6)


def test_shares_of_one_together_leave_nothing_to_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """These four add up to a little more than 1 in floating point."""
    network = build_generator("chain-s", 4, collapsible=False)
    other = SimpleNamespace(model=network, value_range=(0.0, 1.0))
    monkeypatch.setattr(blend, "load_generator", lambda path, warn: other)
    made = blended(network, {"a": 0.2, "b": 0.4, "c": 0.3, "d": 0.1})
    for mixed, own in zip(made.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_allclose(mixed, own, rtol=1e-5)


def test_weights_are_interpolated(run_folder: Path, other_run: Path) -> None:
    network = fold.leaky_relu(fold.folded(load_generator(run_folder).model, (0.0, 1.0)))
    made = blended(network, {str(other_run): 0.4})
    for mixed, own in zip(made.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_allclose(mixed, 0.6 * own + 0.4 * own / 2, atol=1e-6)


def test_refusals(run_folder: Path, other_run: Path) -> None:
    network = fold.leaky_relu(fold.folded(load_generator(run_folder).model, (0.0, 1.0)))
    with pytest.raises(UsageError, match=r"shares add up to 1\.2"):
        blended(network, {str(other_run): 0.6, str(run_folder): 0.6})
    with pytest.raises(UsageError, match="holds chain-s-x4, not edge-s-x4"):
        blended(build_generator("edge-s", 4), {str(other_run): 0.5})


def test_a_blend_is_exported_verified_and_named(run_folder: Path, other_run: Path, tmp_path: Path) -> None:
    settings = Conversion(formats=["fp16"], tile=48, min_gain=-20.0, blend={str(other_run): 0.25})
    (made,) = convert(run_folder, settings, tmp_path, lambda text: None)
    assert made.path.name == "tiny-blend25-fp16.tflite"
    assert abs(made.drop_db) < 0.01
    card = find_model(str(made.path)).card
    assert card is not None
    assert card.conversion["blend"] == {"runs/half": 0.25}
    expected = 0.875 * load_generator(run_folder).model.get_layer("conv1").get_weights()[0]
    exported = load_pretrained(str(made.path), "generator.init").model.get_layer("conv1").get_weights()[0]
    np.testing.assert_allclose(exported, expected, atol=1e-3)


@pytest.mark.parametrize("text", ["runs/a", "=0.5", "runs/a=2", "runs/a=much", "runs/a=0"])
def test_options_of_another_form(text: str) -> None:
    result = CliRunner().invoke(command, ["--blend", text])
    assert result.exit_code == 2
    assert "write it as RUN=SHARE" in result.output
