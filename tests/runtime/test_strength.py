from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import photo

from srgan_edge import Upscaler
from srgan_edge.errors import UsageError
from srgan_edge.models import bundled, find_model
from srgan_edge.runtime.strength import mix, pair


def test_mixed_by_hand() -> None:
    faithful, looks = np.array([[[0, 100, 255]]], np.uint8), np.array([[[255, 101, 0]]], np.uint8)
    assert mix(faithful, looks, 0.25).tolist() == [[[64, 100, 191]]]
    assert mix(faithful, looks, 0.0).tolist() == faithful.tolist()
    assert mix(faithful, looks, 1.0).tolist() == looks.tolist()


def test_pairs_by_name_either_way() -> None:
    for name in ("edge-m-real-x4", "edge-m-real-gan-x4-int8", "edge-m-real-gan-x4"):
        assert [m.name for m in pair(find_model(name))] == ["edge-m-real-x4-int8", "edge-m-real-gan-x4-int8"]
    assert [m.name for m in pair(find_model("edge-m-real-x4", "fp16"))] == [
        "edge-m-real-x4-fp16",
        "edge-m-real-gan-x4-fp16",
    ]
    with pytest.raises(UsageError, match=r"edge-s-x4-int8: has no edge-s-gan-x4-int8 beside it .* edge-m-real-gan-x4"):
        pair(find_model("edge-s-x4"))


def test_every_model_for_looks_of_the_edge_family_has_a_faithful_one() -> None:
    looks = [model for model in bundled() if model.card and model.card.purpose == "looks" and "-gan-" in model.name]
    assert looks
    for model in looks:
        faithful, own = pair(model)
        assert own == model
        assert (faithful.card.scale, faithful.card.family) == (model.card.scale, model.card.family)  # type: ignore[union-attr]


@pytest.mark.parametrize("quantization", ["int8", "fp16"])
def test_a_strength_is_so_much_of_the_difference(quantization: str) -> None:
    image = photo(150, 90)
    name = f"edge-m-real-gan-x4-{quantization}"
    results = {}
    for strength in (0.0, 0.3, 1.0):
        with Upscaler(name, delegate="cpu", strength=strength) as upscaler:
            results[strength] = upscaler(image).astype(float)
    with (
        Upscaler(f"edge-m-real-x4-{quantization}", delegate="cpu") as faithful,
        Upscaler(name, delegate="cpu") as looks,
    ):
        np.testing.assert_array_equal(results[0.0], faithful(image))
        np.testing.assert_array_equal(results[1.0], looks(image))
    between = results[0.0] + 0.3 * (results[1.0] - results[0.0])
    assert np.abs(results[1.0] - results[0.0]).max() > 20
    assert np.abs(results[0.3] - between).max() <= (0.5001 if quantization == "int8" else 1.5)


def test_what_it_says_of_itself() -> None:
    with (
        Upscaler("edge-m-real-x4", delegate="cpu", strength=0.25) as quarter,
        Upscaler("edge-m-real-x4", delegate="cpu", strength=0.5) as half,
    ):
        assert quarter.name == "edge-m-real-gan-x4-int8 at strength 0.25"
        assert quarter.sha256 != half.sha256  # what a video's finished parts are told by
        tile, inner = photo(*quarter.tile), 4 * quarter.overlap
        whole = quarter(tile)[inner:-inner, inner:-inner]
        np.testing.assert_array_equal(quarter.tile_alone(tile)[inner:-inner, inner:-inner], whole)
    with Upscaler("edge-m-real-gan-x4", delegate="cpu", strength=0) as faithful:
        assert faithful.name == "edge-m-real-x4-int8"
    for strength in (-0.1, 1.1, float("nan")):
        with pytest.raises(UsageError, match="a strength is from 0 to 1, not"):
            Upscaler("edge-m-real-x4", strength=strength)


def test_pairs_of_the_users_own(tmp_path: Path) -> None:
    for name, bundle in (("mine-x4-int8", "edge-m-real-x4-int8"), ("mine-gan-x4-int8", "edge-m-real-gan-x4-int8")):
        for suffix in (".tflite", ".json"):
            shutil.copy(find_model(bundle).path.with_suffix(suffix), tmp_path / f"{name}{suffix}")
    image = photo(40, 40)
    with (
        Upscaler(tmp_path / "mine-x4-int8.tflite", strength=0.5) as own,
        Upscaler("edge-m-real-x4", strength=0.5) as ours,
    ):
        np.testing.assert_array_equal(own(image), ours(image))
    (tmp_path / "mine-gan-x4-int8.tflite").unlink()
    with pytest.raises(UsageError, match="mine-x4-int8: has no mine-gan-x4-int8 beside it"):
        Upscaler(tmp_path / "mine-x4-int8.tflite", strength=0.5)


def test_two_networks_that_do_not_fit(tmp_path: Path) -> None:
    for name, bundle in (("a-x4", "edge-m-real-x4-int8"), ("a-gan-x4", "edge-m-x2-int8")):
        shutil.copy(find_model(bundle).path, tmp_path / f"{name}.tflite")
    with pytest.raises(UsageError, match="a-x4 and a-gan-x4 differ in scale or tile"):
        Upscaler(tmp_path / "a-x4.tflite", strength=0.5)
