from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.models import bundled, find_model
from srgan_edge.training.generators import build_generator
from srgan_edge.training.pretrained import from_export, initialise, load_pretrained
from srgan_edge.training.run_folder import load_generator

pytestmark = pytest.mark.tensorflow


def test_weights_come_back_from_an_fp16_export(exports: Path, run_folder: Path) -> None:
    export = load_pretrained(str(exports / "tiny-fp16.tflite"), "generator.init")
    run = load_pretrained(str(run_folder), "generator.init")
    assert (export.architecture, export.scale) == (run.architecture, run.scale)
    for back, trained in zip(export.model.get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_allclose(back, trained, rtol=1e-3, atol=1e-6)


def test_a_bundled_name_means_its_fp16_export() -> None:
    """What the runtime makes of a picture, the network that was taken back makes too."""
    from srgan_edge import Upscaler

    name = next(m.name for m in bundled() if m.name.startswith("edge-") and m.name.endswith("x4-fp16"))
    trained = load_pretrained(name.removesuffix("-fp16"), "generator.init")
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    with Upscaler(name, delegate="cpu") as upscaler:
        expected = upscaler(picture)
    margin = 30
    padded = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    result = trained.model(padded[None] / np.float32(255)).numpy()[0][
        4 * margin : -4 * margin, 4 * margin : -4 * margin
    ]
    assert np.abs(np.clip(np.round(result * 255), 0, 255) - expected).max() <= 1


def test_initialise_takes_any_generator_of_the_same_architecture(exports: Path, run_folder: Path) -> None:
    trained = load_pretrained(str(exports / "tiny-fp16.tflite"), "generator.init")
    picture = np.random.default_rng(0).random((1, 24, 24, 3), np.float32)
    expected = load_generator(run_folder).model(picture)
    for collapsible in (False, True):
        started = build_generator("chain-s", 4, collapsible=collapsible)
        initialise(started, trained)
        np.testing.assert_allclose(started(picture), expected, atol=2e-3)
    with pytest.raises(UsageError, match=r"generator\.init: .* is chain-s-x4, not edge-s-x4"):
        initialise(build_generator("edge-s", 4), trained)


def test_weights_of_a_damaged_file_are_not_taken(tmp_path: Path) -> None:
    whole = find_model("edge-s-x4", "fp16")
    damaged = bytearray(whole.path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / whole.path.name).write_bytes(damaged)
    with pytest.raises(SrganEdgeError, match="sha256"):
        from_export(whole._replace(path=tmp_path / whole.path.name))


def test_a_damaged_file_whose_card_has_its_hash_is_refused_by_name(tmp_path: Path) -> None:
    whole = find_model("edge-s-x4", "fp16")
    assert whole.card is not None
    cut = whole.path.read_bytes()[:2000]
    (tmp_path / "cut.tflite").write_bytes(cut)
    card = replace(whole.card, sha256=hashlib.sha256(cut).hexdigest())
    with pytest.raises(SrganEdgeError, match=r"cut\.tflite: a damaged TFLite model"):
        from_export(whole._replace(path=tmp_path / "cut.tflite", card=card))


def test_a_home_folder_of_nobody() -> None:
    with pytest.raises(UsageError, match="~nosuchuser/run: there is no such user"):
        load_pretrained("~nosuchuser/run", "teacher")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "unknown model 'nowhere'"),
        ("edge-s-x4-int8", "holds rounded weights"),
        ("srgan-x4", "batch normalisation of srgan cannot be taken back"),
    ],
)
def test_refusals(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=rf"teacher: {name}: .*{message}"):
        load_pretrained(name, "teacher")
