"""What a run hands to conversion: whole, or refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srgan_edge import recipes
from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging.metrics import Score
from srgan_edge.training.generators import build_generator
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import load_generator, save_generator

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    recipe = recipes.load(Recipe, "train", "sample", ("name=tiny", "generator.name=edge-s"))
    save_generator(small_generator(), recipe, folder / "generator", 7, Score(30.0, 0.9))
    return folder


def small_generator() -> Any:
    """The same each time, biases too."""
    network = build_generator("edge-s", 4)
    random = np.random.default_rng(0)
    network.set_weights([random.uniform(-0.1, 0.1, weight.shape) for weight in network.get_weights()])
    return network


def copy(run: Path, to: Path) -> Path:
    shutil.copytree(run / "generator", to / "generator")
    return to / "generator"


def test_what_is_saved_is_loaded(run: Path) -> None:
    found = load_generator(run)
    assert (found.name, found.architecture, found.scale, found.step) == ("tiny", "edge-s", 4, 7)
    assert (found.psnr, found.ssim) == (30.0, 0.9)
    image = np.random.default_rng(1).random((1, 9, 8, 3), np.float32)
    np.testing.assert_allclose(found.model(image), small_generator()(image), atol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_one_bit_of_the_weights_is_noticed(run: Path, tmp_path: Path, seed: int) -> None:
    path = copy(run, tmp_path) / "generator.h5"
    content = bytearray(path.read_bytes())
    draw = np.random.default_rng(seed)
    content[draw.integers(len(content))] ^= 1 << draw.integers(8)
    path.write_bytes(content)
    with pytest.raises(SrganEdgeError, match=r"generator\.h5: is damaged, or of another generator: its sha256"):
        load_generator(tmp_path)


def test_without_a_hash_as_version_0_1_wrote_it(run: Path, tmp_path: Path) -> None:
    folder = copy(run, tmp_path)
    about = json.loads((folder / "generator.json").read_text())
    del about["sha256"]
    (folder / "generator.json").write_text(json.dumps(about))
    said: list[str] = []
    assert load_generator(tmp_path, said.append).name == "tiny"
    (sentence,) = said
    assert sentence.startswith(f"{folder / 'generator.h5'}: version 0.1 wrote no sha256 of it")
    load_generator(run, said.append)
    assert len(said) == 1
    (folder / "generator.h5").write_bytes((folder / "generator.h5").read_bytes()[:5000])
    with pytest.raises(SrganEdgeError, match=r"generator\.h5: is damaged") as caught:
        load_generator(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "../../evil"}, "name: "),
        ({"name": ".hidden"}, "name: .* is no file's name"),
        ({"step": "7"}, "step: "),
        ({"psnr": None}, "psnr: "),
        ({"arguments": {"name": "edge-q", "scale": 4}}, "arguments: "),
        ({"arguments": {"name": "edge-s", "scale": 10**9}}, "arguments: "),
        ({"arguments": {"name": "srgan", "scale": 4, "blocks": -3}}, "arguments: "),
        ({"arguments": {}}, "arguments: .* have no name and scale"),
    ],
)
def test_a_description_that_is_none(run: Path, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = copy(run, tmp_path) / "generator.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SrganEdgeError, match=rf"generator\.json: does not describe a generator: {message}"):
        load_generator(tmp_path)
    path.write_text("[" * 100_000)
    with pytest.raises(SrganEdgeError, match="does not describe a generator"):
        load_generator(tmp_path)
