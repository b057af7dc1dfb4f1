from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import photo

from srgan_edge.conversion import export, fake_quantization, fold, verify
from srgan_edge.conversion.convert import convert
from srgan_edge.conversion.fine_tune import Selection, fine_tune
from srgan_edge.conversion.origin import newest_run
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import GateFailedError, SrganEdgeError, UsageError
from srgan_edge.models import find_model
from srgan_edge.runtime.flatbuffer import graph_of, read_graph
from srgan_edge.runtime.inspection import inspect
from srgan_edge.runtime.session import Session
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.generators import ARCHITECTURES, build_generator
from srgan_edge.training.run_folder import load_generator
from srgan_edge.training.steps import RateSchedule, make_optimizer

pytestmark = pytest.mark.tensorflow

QUICK = Conversion(tile=48, qat_steps=0, batch=4, crop=24, calibration_batches=2, max_drop=0.5)


def adam(rate: float) -> Any:
    return make_optimizer("adam", RateSchedule(rate, "constant", 1), clip_norm=0.5, precision="float32")


def crops(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(photo(24, 24, i)[None], photo(96, 96, i)[None]) for i in range(count)]


def test_int8_export(exports: Path) -> None:
    summary = inspect(str(exports / "tiny-int8.tflite"))
    assert summary["float_ops"] == 0
    for side in ("inputs", "outputs"):
        (tensor,) = summary[side]
        assert tensor["dtype"] == "uint8"
        assert tensor["scale"] == [pytest.approx(1 / 255)]
        assert tensor["zero_point"] == [0]
    assert {o["op"]: o["count"] for o in summary["ops"] if o["op"] != "QUANTIZE"} == {
        "CONCATENATION": 2,
        "CONV_2D": 7,
        "ADD": 1,
        "DEPTH_TO_SPACE": 1,
    }
    assert summary["gpu"]["ok"]
    assert summary["parameters"] == 19_008


def test_fp16_export(exports: Path) -> None:
    graph = graph_of(find_model(str(exports / "tiny-fp16.tflite")))
    assert [t.dtype for t in graph.inputs + graph.outputs] == ["float32", "float32"]
    assert graph.parameters == 19_008
    # 2 bytes a parameter and not 4.
    assert graph.size_bytes < 19_008 * 2.6


def test_cards(exports: Path, run_folder: Path) -> None:
    card = json.loads((exports / "tiny-int8.json").read_text())
    assert (card["scale"], card["tile"], card["overlap"]) == (4, 48, 7)
    assert card["macs_per_pixel"] == 9 * (3 * 16 + 5 * 16 * 16 + 16 * 48)
    quality = card["quality"]["valid"]
    assert quality["psnr_float"] == pytest.approx(
        json.loads((run_folder / "generator" / "generator.json").read_text())["psnr"], abs=1e-3
    )
    assert abs(quality["psnr_float"] - quality["psnr"]) < 0.5
    fp16 = json.loads((exports / "tiny-fp16.json").read_text())["quality"]["valid"]
    assert fp16["psnr"] == pytest.approx(fp16["psnr_float"], abs=0.01)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_architecture_becomes_full_int8(name: str, tmp_path: Path) -> None:
    model = build_generator(name, 4, blocks=2, collapsible=False)
    unit = fold.sums_apart(fold.leaky_relu(fold.folded(model, ARCHITECTURES[name].value_range)))
    quantized = fake_quantization.fake_quantize(unit, crops(2))
    said: list[str] = []
    fine_tune(quantized, unit, crops(3), 3, adam(1e-5), 0.75, 0.1, None, said.append)
    assert said[-1].startswith("fine-tuning step 3/3")
    content = export.export_int8(quantized, 24)
    verify.check_structure(content, name, "int8", 24)
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    image = photo(24, 24)
    with Session(path) as session:
        ours = session.run(image)
    reference = np.clip(unit(image[None] / np.float32(255)).numpy()[0], 0, 1) * 255
    assert np.abs(ours - reference).mean() < 3


@pytest.mark.parametrize("scale", [2, 3])
def test_other_scales(scale: int, tmp_path: Path) -> None:
    model = build_generator("chain-s", scale, collapsible=False)
    content = export.export_int8(fake_quantization.fake_quantize(model, crops(1)), 24)
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with Session(path) as session:
        assert session.scale == scale
        image = photo(24, 24)
        near = image.repeat(scale, axis=0).repeat(scale, axis=1)
        assert np.abs(session.run(image).astype(int) - near).mean() < 4


def test_ranges_come_from_the_photos() -> None:
    model = build_generator("chain-s", 4, collapsible=False)
    batches = crops(3)
    ranges = fake_quantization.calibrate(model, batches)
    import tf_keras as keras

    probe = keras.Model(model.input, model.get_layer("conv3").output)
    tops = [probe(low.astype(np.float32) / 255).numpy().max() for low, _ in batches]
    assert ranges["conv3"] == (0.0, pytest.approx(np.mean(tops), rel=1e-5))


def test_a_relu_keeps_a_share_of_its_range_and_a_sum_all_of_it() -> None:
    model = build_generator("chain-s", 4, collapsible=False)
    batches = crops(2)
    ranges, half = fake_quantization.calibrate(model, batches), fake_quantization.fake_quantize(model, batches, 0.5)

    def top(layer: str) -> float:
        (high,) = (w.numpy() for w in half.get_layer(f"quant_{layer}").weights if w.name.endswith("output_high:0"))
        return float(high)

    assert ranges["conv1"][0] == 0
    assert top("conv1") == pytest.approx(ranges["conv1"][1] / 2)
    assert ranges["tail"][0] < 0
    assert top("tail") == pytest.approx(ranges["tail"][1])


def test_kernels_are_quantized_by_their_own_ranges_before_any_step() -> None:
    model = build_generator("chain-s", 4, collapsible=False)
    quantized = fake_quantization.fake_quantize(model, crops(1))
    (high,) = (w.numpy() for w in quantized.get_layer("quant_conv2").weights if w.name.endswith("kernel_max:0"))
    kernel = model.get_layer("conv2").get_weights()[0]
    np.testing.assert_allclose(high, np.abs(kernel).max(axis=(0, 1, 2)), rtol=1e-5)


def test_the_gate_refuses_a_bad_export(run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges cut to a quarter: the export loses quality, is refused, and nothing is left behind."""
    real = fake_quantization.calibrate
    monkeypatch.setattr(
        fake_quantization, "calibrate", lambda *a: {name: (low / 4, high / 4) for name, (low, high) in real(*a).items()}
    )
    settings = QUICK.model_copy(update={"max_drop": 0.1, "formats": ["int8"]})
    with pytest.raises(GateFailedError, match=r"tiny-int8\.tflite: not written: it loses \d+\.\d+ dB"):
        convert(run_folder, settings, tmp_path, lambda text: None)
    assert list(tmp_path.iterdir()) == []


def test_structure_is_checked(exports: Path) -> None:
    int8, fp16 = ((exports / f"tiny-{q}.tflite").read_bytes() for q in ("int8", "fp16"))
    with pytest.raises(GateFailedError, match="is uint8, not float32"):
        verify.check_structure(int8, "x", "fp16", 48)
    with pytest.raises(GateFailedError, match="is float32, not uint8"):
        verify.check_structure(fp16, "x", "int8", 48)
    with pytest.raises(GateFailedError, match=r"shape \[1, 48, 48, 3\], not \[1, 64, 64, 3\]"):
        verify.check_structure(int8, "x", "int8", 64)


def test_a_float_island_is_refused(tmp_path: Path) -> None:
    """A network whose tail nothing fake-quantizes is exported with float operators, whatever was asked for."""
    import tf_keras as keras

    model = build_generator("chain-s", 4, collapsible=False)
    quantized = fake_quantization.fake_quantize(model, crops(1))
    open_ended = keras.Model(quantized.input, keras.layers.ReLU(max_value=0.9)(quantized.output))
    with pytest.raises(GateFailedError, match=r"operators compute in floating point|is float32, not uint8"):
        verify.check_structure(export.export_int8(open_ended, 24), "x", "int8", 24)


@pytest.mark.parametrize("io", ["uint8", "int8", "float32"])
def test_every_kind_of_input_gives_the_same_picture(io: str, run_folder: Path, exports: Path, tmp_path: Path) -> None:
    settings = QUICK.model_copy(update={"formats": ["int8"], "io": io, "calibration_batches": 4, "qat_steps": 10})
    (made,) = convert(run_folder, settings, tmp_path, lambda text: None)
    image = photo(48, 48)
    with Session(made.path) as ours, Session(exports / "tiny-int8.tflite") as uint8:
        assert (ours.io_dtype, uint8.io_dtype) == (io, "uint8")
        assert np.abs(ours.run(image).astype(int) - uint8.run(image)).max() <= 1


def test_float32_and_dynamic(run_folder: Path, tmp_path: Path) -> None:
    settings = QUICK.model_copy(update={"formats": ["float32", "dynamic"], "max_drop": 0.05})
    full, dynamic = convert(run_folder, settings, tmp_path, lambda text: None)
    assert abs(full.drop_db) < 1e-3
    assert full.size_bytes > 19_008 * 4 > 2 * dynamic.size_bytes
    card = find_model(str(dynamic.path)).card
    assert card is not None
    assert (card.quantization, card.io_dtype) == ("dynamic", "float32")


def test_the_best_weights_are_kept(run_folder: Path) -> None:
    """A rate that ruins the network: the calibrated one of before the first step is kept."""
    model = load_generator(run_folder).model
    quantized = fake_quantization.fake_quantize(model, crops(2))
    before = quantized.get_weights()
    image = photo(24, 24)[None] / np.float32(255)
    target = model(image).numpy()

    def measure() -> float:
        return -float(np.abs(quantized(image).numpy() - target).mean())

    said: list[str] = []
    fine_tune(quantized, model, crops(4), 4, adam(0.5), 0.0, 0.0, Selection(measure, 2), said.append)
    assert said[-1].startswith("kept the weights of step 0")
    for one, two in zip(quantized.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, two)


def test_candidates_are_measured_to_the_truth_or_to_the_float_network(exports: Path, run_folder: Path) -> None:
    model = load_generator(run_folder).model

    def floats(low: np.ndarray) -> np.ndarray:
        return np.rint(np.clip(model(low[None] / np.float32(255)).numpy()[0], 0, 1) * 255).astype(np.uint8)

    pairs = [Pair(str(i), photo(48, 48, i), photo(192, 192, i)) for i in range(3)]
    checker = verify.Checker(pairs, 4, 7, floats)
    int8, fp16 = ((exports / f"tiny-{kind}.tflite").read_bytes() for kind in ("int8", "fp16"))
    assert checker.psnr(fp16, 2) == pytest.approx(np.mean([s.psnr for s in checker.float_scores[:2]]), abs=0.01)
    # Nearly equal results, not nearly the truth; blue alone counts too.
    near = checker.psnr(int8, 2, to_truth=False)
    assert checker.psnr(fp16, 2, to_truth=False) > near > checker.psnr(int8, 2) + 6
    checker.floats[0][..., 2] ^= 64
    assert checker.psnr(int8, 2, to_truth=False) < near - 1


def test_runtime_version_is_checked(exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (exports / "tiny-int8.tflite").read_bytes()
    assert (1, 5, 0) <= read_graph(content, "x").runtime <= verify.OLDEST_RUNTIME
    monkeypatch.setattr(verify, "OLDEST_RUNTIME", (1, 4, 0))
    with pytest.raises(GateFailedError, match=r"x: needs TFLite .* exports must run on 1\.4\.0"):
        verify.check_structure(content, "x", "int8", 48)


def test_refusals(run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a run folder"):
        convert(tmp_path, QUICK, tmp_path, print)
    with pytest.raises(UsageError, match="a tile of 14 has no inner part: tiny needs an overlap of 7"):
        convert(run_folder, QUICK.model_copy(update={"tile": 14}), tmp_path, print)
    with pytest.raises(UsageError, match="no trained generator under"):
        newest_run(tmp_path)
    for name, age in (("copy", 0), ("older", 100)):
        shutil.copytree(run_folder, tmp_path / "runs" / name)
        os.utime(tmp_path / "runs" / name / "generator" / "generator.json", (1e9 - age, 1e9 - age))
    assert newest_run(tmp_path / "runs") == tmp_path / "runs" / "copy"
    with pytest.raises(SrganEdgeError, match="not a TFLite model"):
        read_graph(b"nothing of the kind", "x")
