from __future__ import annotations

import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from srgan_edge import models, recipes
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.runtime.flatbuffer import graph_of, packed, read_graph, unpacked
from srgan_edge.runtime.gpu_delegate import gpu_verdict
from srgan_edge.runtime.xnnpack import partitions_of_file
from srgan_edge.training.recipe import Recipe


@pytest.mark.parametrize("model", models.bundled(), ids=lambda m: m.name)
def test_every_bundled_model_is_what_its_card_says(model: models.Model) -> None:
    card = model.card
    assert card is not None
    graph = graph_of(model)
    assert card.name == model.name
    assert card.sha256 == models.file_sha256(model.path)
    assert graph.parameters == card.parameters
    assert graph.inputs[0].shape == [1, card.tile, card.tile, 3]
    assert graph.outputs[0].shape == [1, card.tile * card.scale, card.tile * card.scale, 3]
    assert {t.dtype for t in graph.inputs + graph.outputs} == {card.io_dtype}
    assert graph.macs == card.macs_per_pixel * card.tile**2
    assert card.quantization != "int8" or graph.float_ops == 0
    assert gpu_verdict(graph)["ok"]


@pytest.mark.parametrize("model", models.bundled(), ids=lambda m: m.name)
def test_every_bundled_card_is_complete(model: models.Model) -> None:
    card = model.card
    assert card is not None
    absent = {"made_for"}  # TFLite itself
    if card.name.startswith("edge-m-x4-"):
        absent |= {"training"}  # several runs, of which only their sum is known
    assert {key for key, value in asdict(card).items() if not value} == absent
    assert card.quality["valid"]["psnr_float"] - card.quality["valid"]["psnr"] <= 0.03
    assert set(card.versions) == {"srgan-edge", "tensorflow", "tensorflow-model-optimization", "ai-edge-litert"}
    recipes.from_toml(Conversion, tomli_w.dumps(card.conversion), "card")
    if card.training:
        recipe = recipes.from_toml(Recipe, tomli_w.dumps(card.training), "card")
        named = (recipe.purpose, recipe.generator.scale, recipe.name)
        assert named == (card.purpose, card.scale, card.name.rsplit("-", 1)[0])
        steps = sum(int(phase.steps) for phase in (recipe.pretrain, recipe.finetune, recipe.gan))
        assert card.recipe == f"{recipe.name} to step {steps}"


def any_size(content: bytes) -> bytes:
    """The same model with every picture's height and width left open."""
    _, model = unpacked(content)
    (graph,) = model.subgraphs
    open_ended = {int(t) for op in graph.operators for t in op.outputs} | {int(t) for t in graph.inputs}
    for tensor in (graph.tensors[index] for index in open_ended):
        if len(tensor.shape) != 4 or tensor.shape[0] != 1:
            continue  # weights
        tensor.shapeSignature = np.array([1, -1, -1, tensor.shape[3]], np.int32)
    return packed(model)


@pytest.mark.parametrize("name", ["edge-s-x4-int8", "edge-l-x4-fp16", "srgan-x4-int8"])
def test_a_graph_of_any_size_has_the_same_figures(name: str) -> None:
    model = models.find_model(name)
    graph = read_graph(any_size(models.content(model)), name)
    assert model.card is not None
    assert graph.inputs[0].shape == [1, -1, -1, 3]
    assert graph.macs_per_pixel == model.card.macs_per_pixel
    assert graph.receptive_field() == model.card.overlap


def test_cards_of_a_purpose() -> None:
    purposes = {m.name: m.card.purpose for m in models.bundled() if m.card}
    assert set(purposes.values()) == {"clean", "real", "looks"}
    assert all(
        (name.startswith("srgan") or "gan" in name) == (purpose == "looks") for name, purpose in purposes.items()
    )
    assert all(("-real-x" in name) == (purpose == "real") for name, purpose in purposes.items())


def test_the_default_model_is_bundled_in_both_formats() -> None:
    assert models.find_model(models.DEFAULT_MODEL).name == f"{models.DEFAULT_MODEL}-int8"
    assert models.find_model(models.DEFAULT_MODEL, prefer="fp16").name == f"{models.DEFAULT_MODEL}-fp16"


@pytest.mark.parametrize("model", models.bundled(), ids=lambda m: m.name)
def test_the_photos_licences_are_in_the_notice(model: models.Model) -> None:
    notice = Path(__file__).parent.parent / "NOTICE"
    text = notice.read_text(encoding="utf-8")
    assert model.card is not None
    named = re.findall(r"CC0|CC-BY-SA|CC-BY|Unsplash|LGPL|GPL|Pexels", model.card.licence)
    assert named
    assert all(re.search(rf"{licence}.*: \d+ photograph", text) for licence in named)


def test_weights_stay_small() -> None:
    assert sum(p.stat().st_size for p in models.WEIGHTS.iterdir()) <= 12_000_000


def test_a_damaged_file_brings_inspect_not_down(monkeypatch: pytest.MonkeyPatch) -> None:
    path = models.WEIGHTS / "edge-s-x4-int8.tflite"
    assert partitions_of_file(path) == 1
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(SrganEdgeError, match=r"edge-s-x4-int8\.tflite: the runtime crashes on this file"):
        partitions_of_file(path)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{}", "null", '"x"', "\ufeff{}", '{"scale": ' * 5000, '{"name": "\\ud800"}']
)
def test_what_is_no_card(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(SrganEdgeError, match=r"x\.json: not a model card: "):
        models.load_card(tmp_path / "x.json")


def nested(levels: int, inside: Any) -> dict[str, Any]:
    """Tables in one another."""
    return {"table": nested(levels - 1, inside) if levels > 1 else inside}


SENSIBLE: list[tuple[str, Any]] = [
    *(("scale", n) for n in (1, 16)),
    *(("tile", n) for n in (0, 8192)),
    *(("overlap", n) for n in (0, 4096)),
    *((name, n) for name in ("parameters", "macs_per_pixel") for n in (0, 10**12)),
    *(("name", text) for text in ("n" * 200, "edge (2)-int8")),
    ("recipe", "r" * 10_000),
    ("licence", ""),
    *(("purpose", p) for p in ("", "clean", "real", "looks")),
    ("versions", {"tensorflow": "2.19"}),
    ("made_for", {"chip": "SM8650", "worst": 7, "share": 0.5}),
    ("quality", {"valid": {"psnr": 30.5, "low": -9.9e299, "high": 9.9e299}}),
    ("training", {"steps": [1, 2.5, "x", True, [[["deep"]]]], "gan": {"steps": 0, "crop": {"side": -3}}}),
    ("training", {"note": "two lines,\n\tof\u00a0any text \U0001f469\u200d\U0001f4bb"}),
    ("training", nested(6, 1)),
    ("conversion", nested(5, [1])),
]
SENSELESS: list[tuple[str, Any]] = [
    *(("scale", n) for n in (0, 17, True, 4.0, "4", None)),
    *(("tile", n) for n in (-1, 8193)),
    *(("overlap", n) for n in (-1, 4097)),
    *((name, n) for name in ("parameters", "macs_per_pixel") for n in (-1, 10**12 + 1)),
    *(("name", text) for text in ("", "n" * 201, "a/b", 3)),
    *(("recipe", text) for text in ("r" * 10_001, "two\nlines", 1)),
    *((name, text) for name in ("io_dtype", "quantization", "purpose") for text in ("int4", [])),
    *(("sha256", text) for text in ("0" * 63, "0" * 65, "A" * 64, 7)),
    *(("versions", what) for what in ([], {1: "x"}, {"x": 1})),
    *(("made_for", what) for what in ([], {"chip": [1]}, {"chip": True}, {1: 2})),
    *(("quality", what) for what in ([], {"valid": 1}, {"valid": {"psnr": "x"}}, {"valid": {1: 2}}, {1: {"psnr": 2}})),
    *(("quality", {"valid": {"psnr": n}}) for n in (1e300, -1e300, float("nan"), float("inf"), True)),
    *(("training", what) for what in ([], {"a": None}, {1: 2}, {"a": {1: 2}}, {"a": 1e300})),
    *(("training", {"a": text}) for text in ("\x1b[1m", "\r", "\x85", "\ud800", "r" * 10_001)),
    *(("conversion", what) for what in ({"a": [None]}, nested(7, 1), nested(6, [1]), nested(6, {}))),
]


def card_with(name: str, value: Any) -> models.ModelCard:
    card = models.find_model("edge-s-x4").card
    assert card is not None
    return replace(card, **{name: value})


@pytest.mark.parametrize(("name", "value"), SENSIBLE, ids=lambda v: str(v)[:20])
def test_what_a_card_may_hold(tmp_path: Path, name: str, value: Any) -> None:
    card = card_with(name, value)
    card.save(tmp_path / "x.json")
    assert models.load_card(tmp_path / "x.json") == card


@pytest.mark.parametrize(("name", "value"), SENSELESS, ids=lambda v: str(v)[:20])
def test_what_makes_no_sense_in_a_card(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^its {name} is .*, not "):
        card_with(name, value)


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown model 'edge-mm-x4': did you mean 'edge-m-x4'\?"):
        models.find_model("edge-mm-x4")
    with pytest.raises(UsageError, match="no such model file"):
        models.find_model(str(tmp_path / "none.tflite"))


def test_what_is_no_model_and_leads_to_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("my run/generator/generator.json", "exports/b.tflite", "exports/a.tflite", "net.keras", "a.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("")
    for name, hint in {
        "my run": "is a run folder: its exports are made by srgan-edge convert 'my run'",
        "exports": "is a folder: name a file of it, exports/a.tflite",
        "net.keras": "is to be converted first: srgan-edge convert net.keras",
        "a.jpg": "is no .tflite model",
        "runs/none": "no such model file",
    }.items():
        with pytest.raises(UsageError) as error:
            models.find_model(name)
        assert str(error.value) == f"{name}: {hint}"


def test_cards_and_their_files(exports: Path, tmp_path: Path) -> None:
    found = models.find_model(str(exports / "tiny-int8.tflite"))
    assert found.card is not None
    for suffix in (".tflite", ".json"):
        shutil.copy(found.path.with_suffix(suffix), tmp_path)
    moved = tmp_path / "tiny-int8.tflite"
    assert models.find_model(str(moved)).card == found.card
    moved.write_bytes(moved.read_bytes() + b"more")
    with pytest.raises(SrganEdgeError, match="is the card of another file"):
        models.find_model(str(moved))
    moved.with_suffix(".json").write_text("[]")
    with pytest.raises(SrganEdgeError, match="not a model card"):
        models.find_model(str(moved))
