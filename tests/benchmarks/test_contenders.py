from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import contenders
import numpy as np
import pytest
from conftest import photo
from contenders import Contender, open_contender, read_param, seconds_of_cpu

from srgan_edge import Upscaler
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import resample
from srgan_edge.models import find_model

# A compact network: 3 -> 8 -> 48 channels at full size, pixels shuffled by 4, the enlarged input added.
PARAM = """7767517
6 7
Input            data  0 1 data
Split            split 1 2 data one two
Convolution      conv0 1 1 one c0 0=8 1=3 4=1 5=1 6=216 9=2 -23310=1,1.000000e-01
Convolution      conv1 1 1 c0 c1 0=48 1=3 4=1 5=1 6=3456
PixelShuffle     up    1 1 c1 big 0=4
Interp           near  1 1 two wide 0=1 1=4.000000e+00 2=4.000000e+00
Convolution      conv2 1 1 big sharp 0=3 1=3 4=1 5=1 6=81
BinaryOp         add   2 1 sharp wide out 0=0
"""


def test_bicubic_and_a_bundled_model() -> None:
    low = photo(20, 24)
    bicubic = open_contender("bicubic", 3)
    np.testing.assert_array_equal(bicubic.upscale(low), resample.upscale(low, 3))
    assert (bicubic.name, bicubic.files, bicubic.size_bytes, bicubic.macs) == ("bicubic", (), None, None)
    model = find_model("edge-s-x4")
    ours = open_contender("mine=edge-s-x4", 4)
    assert model.card is not None
    np.testing.assert_array_equal(ours.upscale(low), Upscaler("edge-s-x4", delegate="cpu")(low))
    assert (ours.name, ours.parameters) == ("mine", model.card.parameters)
    assert ours.macs == pytest.approx(model.card.macs_per_pixel * 1280 * 720 / 16)
    assert ours.size_bytes == model.path.stat().st_size
    assert open_contender("edge-s-x4", 4).name == "edge-s-x4"


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a=b.tflite"  # no name before this =
    shutil.copy(find_model("edge-s-x4").path, path)
    first = open_contender(str(path), 4)
    assert first.name == "a=b"
    assert first.fingerprint == open_contender("edge-s-x4", 4).fingerprint
    shutil.copy(find_model("edge-m-x4").path, path)
    assert first.fingerprint == open_contender("edge-m-x4", 4).fingerprint != open_contender("bicubic", 4).fingerprint


def test_a_run_folder(run_folder: Path, exports: Path) -> None:
    low = photo(40, 40)
    found = open_contender(str(run_folder), 4)
    exported = open_contender(str(exports / "tiny-fp16.tflite"), 4)
    assert found.name == "tiny"
    # FP16 keeps two digits of a level.
    assert np.abs(found.upscale(low).astype(int) - exported.upscale(low)).max() <= 2
    with pytest.raises(UsageError, match="enlarges by 4, not by 2"):
        open_contender(str(run_folder), 2)


def test_of_a_param_file(tmp_path: Path) -> None:
    path = tmp_path / "net.param"
    path.write_text(PARAM)
    # Weights at the input's size count once a pixel, those after the shuffle 16 times.
    assert read_param(path) == ("data", "out", 216 + 3456 + 81, 216 + 3456 + 81 * 16)
    for text in ("7767518\n" + PARAM[8:], "not a network", PARAM.replace("6=216 ", "")):
        path.write_text(text)
        with pytest.raises(SrganEdgeError, match=r"net\.param: not an ncnn network"):
            read_param(path)


def test_ncnn_runs_a_network(tmp_path: Path) -> None:
    """One convolution that takes the middle pixel, a shuffle of its copies: the input enlarged by repetition."""
    pytest.importorskip("ncnn")
    path = tmp_path / "repeat.param"
    convolution = "Convolution conv 1 1 data c 0=12 1=1 5=0 6=36"
    path.write_text(f"7767517\n3 3\nInput data 0 1 data\n{convolution}\nPixelShuffle up 1 1 c out 0=2\n")
    weights = np.zeros((12, 3), "<f4")
    for channel in range(12):
        weights[channel, channel // 4] = 1
    path.with_suffix(".bin").write_bytes(bytes(4) + weights.tobytes())
    low = photo(10, 14)
    found = open_contender(str(path), 2)
    np.testing.assert_array_equal(found.upscale(low), low.repeat(2, 0).repeat(2, 1))
    path.with_suffix(".bin").unlink()
    with pytest.raises(SrganEdgeError, match=r"ncnn does not take it and repeat\.bin"):
        open_contender(str(path), 2)


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ncnn", None)
    (tmp_path / "net.param").write_text(PARAM)
    with pytest.raises(SrganEdgeError, match="pip install ncnn"):
        open_contender(str(tmp_path / "net.param"), 4)
    (tmp_path / "FSRCNN_x4.pb").write_bytes(b"")
    with pytest.raises((SrganEdgeError, UsageError), match=r"FSRCNN_x4\.pb"):
        open_contender(str(tmp_path / "FSRCNN_x4.pb"), 4)


def test_seconds_are_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((10.0, 12.5))
    monkeypatch.setattr(contenders.time, "process_time", lambda: next(clock))
    sizes = []
    assert seconds_of_cpu(lambda low: sizes.append(low.shape) or low) == 2.5
    assert sizes[-1] == (180, 320, 3)


def test_a_contender_without_files_has_no_size() -> None:
    assert Contender("nothing", lambda low: low).size_bytes is None


@pytest.mark.tensorflow
@pytest.mark.parametrize("runtime", contenders.RUNTIMES)
def test_a_model_in_another_runtime(runtime: str) -> None:
    pytest.importorskip("tf2onnx", reason="tf2onnx is not installed: pip install 'srgan-edge[onnx]'")
    for package in (runtime, *(("pnnx",) if runtime == "ncnn" else ())):
        if importlib.util.find_spec(package) is None:  # pnnx itself needs PyTorch, its program does not
            pytest.skip(f"{package} is not installed")
    name, levels = {"onnxruntime": ("edge-s-x4-int8", 0), "openvino": ("edge-s-x4-int8", 8)}.get(
        runtime, ("edge-s-x4-fp16", 1)
    )
    low = photo(150, 140)
    there = open_contender(f"{name}:{runtime}", 4)
    difference = np.abs(there.upscale(low).astype(int) - Upscaler(name, delegate="cpu")(low))
    assert there.name == f"{name} on {runtime}"
    assert difference.max() <= levels
    with pytest.raises(UsageError, match="enlarges by 4, not by 2"):
        open_contender(f"{name}:{runtime}", 2)


@pytest.mark.tensorflow
def test_another_runtime_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tf2onnx", reason="tf2onnx is not installed: pip install 'srgan-edge[onnx]'")
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(SrganEdgeError, match="openvino: pip install openvino to run models in it"):
        open_contender("edge-s-x4-int8:openvino", 4)
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pnnx" else real(name))
    with pytest.raises(SrganEdgeError, match="ncnn: pip install pnnx to run models in it"):
        open_contender("edge-s-x4-fp16:ncnn", 4)
    with pytest.raises(SrganEdgeError, match="edge-s-x4-int8: ncnn makes INT8 by a calibration of its own"):
        open_contender("edge-s-x4-int8:ncnn", 4)
