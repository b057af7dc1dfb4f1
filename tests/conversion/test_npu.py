"""Exports compiled for Qualcomm's chips, run on the vendor's emulation where its libraries are installed."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import photo

from srgan_edge.cli.convert_command import command
from srgan_edge.conversion import export, fake_quantization, fold, npu, verify
from srgan_edge.conversion.publish import Export, publish_for
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import GateFailedError, SrganEdgeError
from srgan_edge.models import WEIGHTS, load_card
from srgan_edge.runtime import tiling
from srgan_edge.runtime.flatbuffer import packed, unpacked
from srgan_edge.runtime.session import Session
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.generators import ARCHITECTURES, build_generator

pytestmark = pytest.mark.tensorflow

libraries = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime_qnn") is None,
    reason="Qualcomm's libraries are not installed: pip install 'srgan-edge[npu]'",
)
SIDE = 24


def int8(folder: Path, name: str) -> Path:
    """An INT8 export, calibrated alone; srgan's slopes are -0.3."""
    model = build_generator(name, 4, collapsible=False, **({"blocks": 1} if name == "srgan" else {}))
    for layer in (layer for layer in model.layers if type(layer).__name__ == "PReLU"):
        layer.set_weights([np.full_like(layer.get_weights()[0], -0.3)])
    unit = fold.sums_apart(fold.leaky_relu(fold.folded(model, ARCHITECTURES[name].value_range)))
    crops = [(photo(SIDE, SIDE, i)[None], photo(4 * SIDE, 4 * SIDE, i)[None]) for i in range(2)]
    path = folder / "model.tflite"
    path.write_bytes(export.export_int8(fake_quantization.fake_quantize(unit, crops), SIDE))
    return path


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return int8(tmp_path_factory.mktemp("edge"), "edge-s")


@pytest.fixture(scope="module")
def sloped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return int8(tmp_path_factory.mktemp("sloped"), "srgan")


def decibels(tflite: Path, made: npu.Made, folder: Path) -> float:
    """How near the emulation's result is to the CPU's."""
    path = folder / "compiled.tflite"
    path.write_bytes(made.content)
    with npu.HtpSession(path) as one, Session(tflite) as two:
        assert one.tile == two.tile
        difference = one.run(photo(SIDE, SIDE)).astype(float) - two.run(photo(SIDE, SIDE))
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


@libraries
def test_the_whole_network_is_on_the_npu(edge: Path, tmp_path: Path) -> None:
    made = npu.compiled(edge, "SM8650")
    assert made.facts["operators"] == made.facts["operators_on_npu"]
    assert (made.facts["pieces"], made.facts["vendor"]) == (1, "Qualcomm")
    assert "operators on the NPU, in 1 piece; run on Qualcomm's emulation, no phone" in made.summary
    assert decibels(edge, made, tmp_path) > 45
    assert npu.compiled(edge, "SM8650").content == made.content


@libraries
def test_negative_slopes_stay_negative(sloped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Qualcomm's compiler takes a LeakyReLU's negative slope for 0."""
    assert decibels(sloped, npu.compiled(sloped, "SM8650"), tmp_path) > 40
    monkeypatch.setattr(npu, "signed_slopes", lambda content: content)
    assert decibels(sloped, npu.compiled(sloped, "SM8650"), tmp_path) < 35  # or the compiler has learnt it


def test_slopes_as_a_tensor_are_the_same_function(sloped: Path, tmp_path: Path) -> None:
    signed = tmp_path / "signed.tflite"
    signed.write_bytes(npu.signed_slopes(sloped.read_bytes()))
    with Session(sloped) as one, Session(signed) as two:
        assert np.abs(one.run(photo(SIDE, SIDE)).astype(int) - two.run(photo(SIDE, SIDE))).max() <= 2
    positive = (WEIGHTS / "edge-s-x4-int8.tflite").read_bytes()
    assert npu.signed_slopes(positive) == positive


@libraries
def test_the_gate_is_the_same(edge: Path, tmp_path: Path) -> None:
    """Ranges cut in half lose on the emulation what they lose on the CPU: refused, and nothing is left behind."""
    tflite = Path(shutil.copy(edge, tmp_path))
    card = replace(load_card(WEIGHTS / "edge-s-x4-int8.json"), tile=SIDE)
    pairs = [Pair(str(i), photo(40, 30, i), photo(160, 120, i)) for i in range(6)]
    with Session(tflite) as cpu:

        def whole(low: np.ndarray) -> np.ndarray:
            tiles = tiling.plan(low.shape[0], low.shape[1], SIDE, 7)
            return np.concatenate(list(tiling.strips(low, tiles, 4, cpu.run)))

        # Its own result is the truth here, so that what is cut off is a loss.
        pairs = [Pair(p.name, p.lr, whole(p.lr)) for p in pairs]
        checker = verify.Checker(pairs, 4, 7, whole)
        original = Export(tflite, "int8", 1, 50.0, 50.0, 0.0, 0, True)
        settings = Conversion(tile=SIDE, max_drop=60)  # of a truth that is the CPU's result to the bit
        said: list[str] = []
        target = npu.npu_target("SM8550", SIDE)
        written = publish_for(target, original, card, settings, checker, said.append)
        assert written.export.path.name == "model-SM8550.tflite"
        assert "model-SM8550: " in said[0]
        assert said[0].endswith("on 4 photos")
        made_for = load_card(tmp_path / "model-SM8550.json").made_for
        assert (made_for["target"], made_for["run_on"]) == ("SM8550", "Qualcomm's emulation, no phone")
        limit = settings.model_copy(update={"max_drop": written.export.drop_db + 3})
        (tmp_path / "half").mkdir()
        halved = tmp_path / "half" / "model.tflite"
        halved.write_bytes(_halved(tflite.read_bytes()))
        with pytest.raises(GateFailedError, match=r"model-SM8550\.tflite: not written: it loses"):
            publish_for(target, replace(original, path=halved), card, limit, checker, said.append)
    assert [p.name for p in halved.parent.iterdir()] == ["model.tflite"]


def _halved(content: bytes) -> bytes:
    """The file with the range of the first convolution's output cut in half."""
    _, model = unpacked(content)
    graph = model.subgraphs[0]
    wide = graph.tensors[next(op.outputs[0] for op in graph.operators if len(op.inputs) == 3)]
    wide.quantization.scale = np.asarray(wide.quantization.scale) / 2
    return packed(model)


@libraries
def test_what_is_not_whole_on_the_npu_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SrganEdgeError, match="only a network that is whole on the NPU can be emulated"):
        npu.HtpSession(WEIGHTS / "edge-s-x4-int8.tflite")
    text = tmp_path / "text.tflite"
    text.write_text("words")
    with pytest.raises(SrganEdgeError, match=r"text\.tflite: cannot be compiled for SM8650: not a TFLite model"):
        npu.compiled(text, "SM8650")


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    def sentence(*options: str) -> tuple[str, object]:
        done = CliRunner().invoke(command, ["nowhere", *options])
        return str(done.exception), getattr(done.exception, "exit_code", None)

    message, code = sentence("--npu", "SM8560")
    assert message.startswith("unknown chip 'SM8560': did you mean 'SM8")
    assert code == 2
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxruntime_qnn" else real(name))
    message, code = sentence("--npu", "SM8650")
    assert message == "--npu needs Qualcomm's libraries: pip install 'srgan-edge[npu]' (Python 3.11 or later)"
    assert code == 2
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: real("json"))
    assert sentence("--npu", "SM8650", "--tile", "0") == (
        "--npu needs a fixed tile: an NPU's program is of one size",
        2,
    )
    assert sentence("--npu", "SM8650", "--dynamic")[0] == "SM8650 is made of int8, fp16 exports, not of dynamic"
