"""ONNX files of exports, run by ONNX Runtime."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import photo

pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed: pip install 'srgan-edge[onnx]'")
pytest.importorskip("tf2onnx", reason="tf2onnx is not installed: pip install 'srgan-edge[onnx]'")

from srgan_edge.cli.convert_command import command
from srgan_edge.conversion import export, fake_quantization, verify
from srgan_edge.conversion.onnx import OnnxSession, onnx_target, to_onnx
from srgan_edge.conversion.publish import Export, publish_for
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import GateFailedError, SrganEdgeError
from srgan_edge.models import WEIGHTS, load_card
from srgan_edge.runtime import tiling
from srgan_edge.runtime.session import Session
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.generators import build_generator

pytestmark = pytest.mark.tensorflow

QUICK = Conversion(tile=48, max_drop=0.5, min_gain=-100.0)


def made(tflite: Path, folder: Path) -> Path:
    path = folder / f"{tflite.stem}.onnx"
    path.write_bytes(to_onnx(tflite).content)
    return path


def whole(session: Session, low: np.ndarray) -> np.ndarray:
    tiles = tiling.plan(low.shape[0], low.shape[1], 48, 7)
    return np.concatenate(list(tiling.strips(low, tiles, 4, session.run)))


@pytest.mark.parametrize("name", ["edge-s-x4", "edge-m-x2", "edge-l-x4"])
def test_int8_is_tflites_bit_for_bit(name: str, coffee: np.ndarray, tmp_path: Path) -> None:
    tflite = WEIGHTS / f"{name}-int8.tflite"
    with Session(tflite) as one, OnnxSession(made(tflite, tmp_path)) as two:
        assert one.tile == two.tile
        side = 128
        tiles = [coffee[y : y + side, x : x + side] for y in (0, 120, 270) for x in (0, 200, 470)]
        tiles.append(np.random.default_rng(0).integers(0, 256, tiles[0].shape, np.uint8))
        for tile in tiles:
            np.testing.assert_array_equal(one.run(tile), two.run(tile))


def test_sums_are_xnnpacks_but_for_ties(coffee: np.ndarray, tmp_path: Path) -> None:
    """Of residual sums ONNX Runtime rounds some pairs of bytes to the other side; as exported, next to none."""
    tflite = WEIGHTS / "edge-l-real-x4-int8.tflite"
    shares = []
    for plain in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            if plain:
                patch.setattr("srgan_edge.conversion.onnx.round_alike", lambda graph: None)
            path = made(tflite, tmp_path)
        with Session(tflite) as one, OnnxSession(path) as two:
            tiles = [coffee[:128, 200:328], np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)]
            apart = np.abs(np.stack([one.run(tile).astype(np.int16) - two.run(tile) for tile in tiles]))
        assert apart.max() <= (4 if plain else 2)
        shares.append((apart > 0).mean())
    assert 4 * shares[0] < shares[1], shares


def test_floats_are_tflites(coffee: np.ndarray, tmp_path: Path) -> None:
    tflite = WEIGHTS / "edge-s-x4-fp16.tflite"
    with Session(tflite) as one, OnnxSession(made(tflite, tmp_path)) as two:
        tile = coffee[100:228, 200:328]
        difference = np.abs(one.run(tile).astype(int) - two.run(tile))
    assert difference.max() <= 1  # of what was nearly half-way between two levels
    assert (difference > 0).mean() < 1e-3


@pytest.mark.parametrize("io", ["uint8", "int8", "float32"])
def test_every_kind_of_input(io: str, tmp_path: Path) -> None:
    import onnx

    network = build_generator("edge-s", 4, collapsible=False)
    quantized = fake_quantization.fake_quantize(
        network, [(photo(24, 24, i)[None], photo(96, 96, i)[None]) for i in range(2)]
    )
    tflite = tmp_path / "model.tflite"
    if io == "float32":
        quantized = fake_quantization.in_bytes(quantized, network)
    tflite.write_bytes(export.export_int8(quantized, 24, io))
    path = made(tflite, tmp_path)
    model = onnx.load(str(path))
    image, enlarged = model.graph.input[0], model.graph.output[0]
    assert (image.name, enlarged.name) == ("image", "enlarged")
    kind = onnx.TensorProto.FLOAT if io == "float32" else onnx.TensorProto.UINT8
    assert {image.type.tensor_type.elem_type, enlarged.type.tensor_type.elem_type} == {kind}
    with Session(tflite) as one, OnnxSession(path) as two:
        difference = np.abs(one.run(photo(24, 24)).astype(int) - two.run(photo(24, 24)))
    # The sums of residual blocks may fall to either side of half a level.
    assert difference.max() <= 2
    assert (difference > 0).mean() < 0.01


def test_any_size(exports: Path, tmp_path: Path) -> None:
    for name in ("tiny-int8", "tiny-fp16"):
        tflite = exports / "any" / f"{name}.tflite"
        with Session(tflite) as one, OnnxSession(made(tflite, tmp_path)) as two:
            assert one.tile is two.tile is None
            for size in ((20, 33), (50, 24)):
                assert np.abs(one.run(photo(*size)).astype(int) - two.run(photo(*size))).max() <= name.endswith("fp16")


def test_the_command_prints_it_and_the_page_and_the_card_have_it(run_folder: Path, tmp_path: Path) -> None:
    options = "--onnx --int8 --tile 48 --qat-steps 0 --max-drop 1 --set calibration_batches=2 --set crop=24 --json"
    done = CliRunner().invoke(command, [str(run_folder), *options.split(), "-o", str(tmp_path)], catch_exceptions=False)
    assert "tiny-int8.onnx: 0 of 201600 values are not those of tiny-int8.tflite" in done.stderr
    made = json.loads(done.stdout)["exports"]
    assert [(e["format"], e["target"]) for e in made] == [("int8", "tflite"), ("int8", "onnx")]
    assert "For other runtimes" in (tmp_path / "report.html").read_text(encoding="utf-8")
    card = json.loads((tmp_path / "tiny-int8.onnx.json").read_text())
    assert card["made_for"] == {"target": "onnx", "differing_share": 0.0, "worst_to_tflite": 0}
    assert {"onnxruntime", "tf2onnx", "tensorflow"} <= set(card["versions"])
    assert json.loads((tmp_path / "tiny-int8.json").read_text())["made_for"] == {}


def test_the_gate_is_the_same(exports: Path, tmp_path: Path) -> None:
    """A runtime that computes something else: refused, and no file of it is left behind."""

    class Half(OnnxSession):
        def run(self, tile: np.ndarray, out: np.ndarray | None = None, margin: int = 0) -> np.ndarray:
            whole = super().run(tile, out, margin)
            whole //= 2
            return whole

    shutil.copy(exports / "tiny-int8.tflite", tmp_path)
    quality = load_card(exports / "tiny-int8.json").quality["valid"]
    original = Export(tmp_path / "tiny-int8.tflite", "int8", 1, quality["psnr"], quality["psnr_float"], 0.0, 0, True)
    pairs = [Pair(str(i), photo(48, 48, i), photo(192, 192, i)) for i in range(2)]
    with Session(exports / "tiny-fp16.tflite") as float_network:
        checker = verify.Checker(pairs, 4, 7, lambda low: whole(float_network, low))
        target = replace(onnx_target(), open_session=Half)
        card = load_card(exports / "tiny-int8.json")
        with pytest.raises(GateFailedError, match=r"tiny-int8\.onnx: not written: it loses \d+\.\d+ dB"):
            publish_for(target, original, card, QUICK, checker, lambda text: None)
        assert [p.name for p in tmp_path.iterdir()] == ["tiny-int8.tflite"]
        written = publish_for(onnx_target(), original, card, QUICK, checker, lambda text: None)
    assert (written.export.path.name, written.quality.differing) == ("tiny-int8.onnx", 0)


def test_refusals(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["nowhere", "--onnx", "--dynamic"])
    assert str(done.exception) == "onnx is made of int8, fp16, float32 exports, not of dynamic"
    text = tmp_path / "text.onnx"
    text.write_text("words")
    with pytest.raises(SrganEdgeError, match=r"text\.onnx: ONNX Runtime cannot load it"):
        OnnxSession(text)
    with pytest.raises(SrganEdgeError, match=r"text\.tflite: tf2onnx cannot convert it"):
        to_onnx(text.rename(tmp_path / "text.tflite"))


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tf2onnx", None)
    done = CliRunner().invoke(command, ["nowhere", "--onnx"])
    assert str(done.exception) == "--onnx needs the package tf2onnx: pip install 'srgan-edge[onnx]'"
    assert getattr(done.exception, "exit_code", None) == 2
