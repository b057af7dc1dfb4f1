"""Models of others: run rightly, or refused with what to say. data/models has small ones, each of a kind."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import photo

from srgan_edge import Upscaler
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import resample
from srgan_edge.models import WEIGHTS, Model, find_model
from srgan_edge.runtime import vetting
from srgan_edge.runtime.flatbuffer import operator_code, packed, unpacked
from srgan_edge.runtime.ranges import Range, Ranges

MODELS = Path(__file__).parent.parent / "data" / "models"
SHIPPED = WEIGHTS / "edge-s-x4-int8.tflite"


@pytest.mark.parametrize(
    ("name", "start", "end", "tile"),
    [
        ("f01_clip", (0, 1), None, (64, 64)),
        ("f01_in_11_out", (0, 1), (-1, 1), (64, 64)),
        ("t24", None, None, (24, 24)),
        ("t24", (0, 1), None, (24, 24)),
        ("rect", None, None, (36, 64)),
    ],
)
def test_models_that_repeat_each_pixel(name: str, start: Range | None, end: Range | None, tile: Any) -> None:
    image = photo(70, 101)
    with Upscaler(MODELS / f"{name}.tflite", input_range=start, output_range=end) as upscaler:
        assert (upscaler.scale, upscaler.overlap, upscaler.tile) == (2, 0, tile)
        result = upscaler(image)
    expected = image.repeat(2, axis=0).repeat(2, axis=1).astype(int)
    if name == "f01_in_11_out":  # a tanh bends it
        assert np.abs(result - expected).mean() < 6
    else:
        assert np.abs(result - expected).max() <= 1


def test_scale_and_zero_point_of_the_output() -> None:
    """A sharpening network after plain quantization, whose output holds numbers from -.35 to 1.69."""
    image = photo(60, 60)
    with Upscaler(MODELS / "q_sharpen.tflite") as upscaler:
        assert upscaler.overlap == 1
        result = upscaler(image)
    near = resample.upscale(image, 2).astype(int)
    assert abs(result.mean() - near.mean()) < 2
    assert result.std() >= near.std()  # not half the contrast


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("f01_clip", "results are 114 levels off the test image: try --input-range 0 1$"),
        ("f01_in_11_out", "levels off the test image: try --input-range 0 1 --output-range -1 1$"),
        ("x15", "makes 96x96 of 64x64 pixels, x1.5; models that enlarge by a whole number"),
        ("half", r"makes 16x16 of 32x32 pixels, x0\.5; models that"),
        ("anis", "makes 256x128 of 64x64 pixels, x4 by x2; models that"),
    ],
)
def test_refused_by_name(name: str, message: str) -> None:
    with pytest.raises(SrganEdgeError, match=rf"{name}\.tflite: .*{message}"):
        Upscaler(MODELS / f"{name}.tflite")


def test_wrong_ranges_are_refused_too() -> None:
    with pytest.raises(UsageError, match=r"with these ranges: try --input-range 0 1$"):
        Upscaler(MODELS / "f01_clip.tflite", input_range=(0, 1), output_range=(-1, 1))
    with pytest.raises(UsageError, match="with these ranges: try without, as its file says it"):
        Upscaler(MODELS / "q_sharpen.tflite", output_range=(-1, 1))
    with pytest.raises(UsageError, match="its card says that it takes bytes"):
        Upscaler("edge-m-x4-fp16", input_range=(0, 1))


def test_ranges_that_cannot_be_told_apart_must_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a clip at its end a network in 0..1 makes a picture of bytes too, and not the right one."""
    path = MODELS / "t24.tflite"
    tried = {"scale": 2, "tile": [32, 32], "dtype": "float32", "error": 1.01}
    other = {"input": [0.0, 1.0], "output": [0.0, 1.0], "error": 1.02, "difference": 2.5}
    monkeypatch.setattr(vetting, "_tried", lambda *arguments: tried | {"others": [other]})
    with pytest.raises(UsageError, match="add --input-range 0 255 or --input-range 0 1"):
        vetting.vet(find_model(str(path)))
    assert vetting.vet(find_model(str(path)), Ranges((0, 1))).scale == 2
    other["difference"] = 0.2
    assert vetting.vet(find_model(str(path))).scale == 2


def carded(folder: Path, content: bytes, **changes: Any) -> Path:
    """A copy of a shipped model, changed or not, with a card that has its hash."""
    card = json.loads(SHIPPED.with_suffix(".json").read_text())
    path = folder / "x.tflite"
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(card | {"sha256": hashlib.sha256(content).hexdigest()} | changes))
    return path


OURS = SHIPPED.read_bytes() + b"\0"  # the same model, and none of our files


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": 3}, "says scale 3, and x.tflite has 4"),
        ({"tile": 64}, "says tile 64, and x.tflite has 128x128"),
        ({"tile": 0}, "says tile 0, and x.tflite has 128x128"),
        ({"io_dtype": "float32"}, "says io_dtype float32, and x.tflite has uint8"),
        ({"overlap": 6}, "says overlap 6, and the receptive field of x.tflite reaches 7 pixels"),
        ({"scale": True}, "its scale is True, not a number from 1 to 16"),
        ({"scale": 4.0}, "its scale is 4.0, not a number"),
        ({"overlap": 10**30}, "its overlap is 1000000"),
        ({"quality": {"valid": {"psnr": "x"}}}, "its quality is"),
        ({"name": "../../x"}, "its name is '../../x', not a file's name"),
        ({"licence": "a\x1b[31m"}, "its licence is 'a.x1b"),
        ({"purpose": "fun"}, "its purpose is 'fun', not clean or real or looks"),
    ],
)
def test_cards_are_held_against_their_model(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    for content in (OURS, SHIPPED.read_bytes()):
        with pytest.raises(SrganEdgeError, match=message):
            Upscaler(carded(tmp_path, content, **change))
        with Upscaler(carded(tmp_path, content)) as upscaler:
            assert upscaler.scale == 4


def test_a_file_of_ours_needs_no_card_and_no_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(SHIPPED, tmp_path / "x.tflite")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Upscaler(tmp_path / "x.tflite") as upscaler:
        assert (upscaler.scale, upscaler.overlap) == (4, 7)


def damaged(how: str) -> bytes:
    """A well-formed file of a model that cannot work, or works on noise for weights."""
    schema, model = unpacked(SHIPPED.read_bytes())
    (graph,) = model.subgraphs
    for operator in graph.operators:
        kind = operator_code(model, operator)
        if how == "inputs left out" and kind == schema.BuiltinOperator.CONCATENATION:
            operator.inputs = np.full(len(operator.inputs), -1, np.int32)  # some processes it ends
        if how == "noise" and kind == schema.BuiltinOperator.CONV_2D:
            kernel = graph.tensors[operator.inputs[1]]
            values = np.random.default_rng(0).integers(0, 256, int(np.prod(kernel.shape)))
            model.buffers[kernel.buffer].data = values.astype(np.uint8)
            model.buffers[kernel.buffer].offset = model.buffers[kernel.buffer].size = 0
    return packed(model)


@pytest.mark.parametrize("with_card", [False, True])
@pytest.mark.parametrize(
    ("how", "message"),
    [("inputs left out", "cannot (load it|be run)"), ("noise", "levels off the test image")],
)
def test_a_damaged_model_is_refused(tmp_path: Path, how: str, message: str, with_card: bool) -> None:
    path = carded(tmp_path, damaged(how))
    if not with_card:
        path.with_suffix(".json").unlink()
    with pytest.raises(SrganEdgeError, match=message) as refused:
        Upscaler(path, delegate="cpu", threads=1)
    assert "\n" not in str(refused.value)


def test_a_crash_of_the_runtime_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = carded(tmp_path, OURS)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SrganEdgeError, match=r"x\.tflite: cannot be run: the runtime crashes on this file \(code 1"):
        Upscaler(path)


def test_what_was_found_is_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = carded(tmp_path, OURS)
    first = vetting.vet(find_model(str(path)))
    (remembered,) = (tmp_path / "cache").rglob("*.json")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/false")
        assert vetting.vet(find_model(str(path))) == first
    remembered.write_text("{")
    assert vetting.vet(find_model(str(path))) == first
    if os.getuid():
        (tmp_path / "cache").chmod(0o500)
        assert vetting.vet(find_model(str(path))) == first


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_file_of_ours_is_refused(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    for suffix in (".tflite", ".json"):
        shutil.copy(SHIPPED.with_suffix(suffix), folder)
    content = bytearray(SHIPPED.read_bytes())
    content[np.random.default_rng(seed).integers(len(content))] ^= 4
    (folder / SHIPPED.name).write_bytes(content)
    monkeypatch.setattr("srgan_edge.models.WEIGHTS", folder)
    with pytest.raises(SrganEdgeError, match=r"is damaged .*: install srgan-edge again"):
        Upscaler("edge-s-x4")
    with pytest.raises(SrganEdgeError, match="is damaged"):
        Upscaler(Model("edge-s-x4-int8", folder / SHIPPED.name, find_model(str(SHIPPED)).card))


def test_how_far_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    model = find_model(str(MODELS / "t24.tflite"))
    monkeypatch.setattr(vetting.Graph, "receptive_field", lambda self: 11)
    assert vetting.vet(model) == (2, 11, Ranges(), (), 1)
    monkeypatch.setattr(vetting.Graph, "receptive_field", lambda self: 12)
    with pytest.raises(
        SrganEdgeError, match=r"its receptive field reaches 12 pixels, and its tiles of 24x24 are too small"
    ):
        vetting.vet(model)
    monkeypatch.setattr(vetting.Graph, "receptive_field", lambda self: None)
    seams = "an overlap of 5 pixels is assumed, and where tiles meet there may be seams"
    for why in ("one of its operators may look at the whole tile", "its graph is not read without ai-edge-litert"):
        found = vetting.vet(model)
        assert (found.overlap, found.notes) == (5, (f"{why}: {seams}",))
        monkeypatch.setattr(vetting, "_graph", lambda *_: None)


@pytest.mark.parametrize(
    ("reach", "stride", "tile", "overlap"),
    [
        (5, 4, (24, 24), 8),
        (8, 4, (24, 24), 8),
        (9, 4, (24, 24), -9),
        (2, 5, (24, 24), -2),
        (2, 4, (24, 30), -2),
        (5, 8, None, 8),
        (65, 64, None, 128),
        (5, 7, None, -5),
    ],
)
def test_tiles_begin_on_multiples_of_the_stride(
    reach: int, stride: int, tile: tuple[int, int] | None, overlap: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they cannot, with an overlap below 0 here, it is said."""
    model = find_model(str(MODELS / "t24.tflite"))
    tried = {"scale": 2, "tile": tile, "dtype": "float32", "error": 1.0, "others": []}
    monkeypatch.setattr(vetting, "_tried", lambda *arguments: tried)
    monkeypatch.setattr(vetting.Graph, "receptive_field", lambda self: reach)
    monkeypatch.setattr(vetting.Graph, "stride", stride)
    found = vetting.vet(model)
    assert (found.overlap, bool(found.notes), found.stride) == (abs(overlap), overlap < 0, stride if overlap > 0 else 1)
    if found.notes:
        assert f"steps of {stride} pixels, and tiles of" in found.notes[0]


def test_a_result_of_no_numbers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = {"scale": 2, "tile": [24, 24], "dtype": "float32", "error": float("nan"), "others": []}
    monkeypatch.setattr(vetting, "_tried", lambda *arguments: tried)
    with pytest.raises(SrganEdgeError, match=r"t24\.tflite: its results are nan levels off the test image"):
        vetting.vet(find_model(str(MODELS / "t24.tflite")))


@pytest.mark.parametrize("content", [OURS, SHIPPED.read_bytes()], ids=["another's", "ours"])
def test_a_cards_larger_overlap_counts(content: bytes, tmp_path: Path) -> None:
    with Upscaler(carded(tmp_path, content, overlap=9), delegate="cpu", threads=1) as upscaler:
        assert upscaler.overlap == 9


def test_where_nothing_can_be_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise SrganEdgeError("this user has no home folder")

    monkeypatch.setattr(vetting, "user_cache", homeless)
    with Upscaler(MODELS / "f01_clip.tflite", delegate="cpu", input_range=(0, 1)) as upscaler:
        assert upscaler(photo(9, 9)).shape == (18, 18, 3)
