"""What the gate measures, of results with planted errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pytest
from conftest import photo

from srgan_edge.conversion import export, fold, report, verify
from srgan_edge.conversion.publish import Provenance, publish
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.conversion.report import Verified, write_report
from srgan_edge.conversion.verify import Checker
from srgan_edge.errors import GateFailedError
from srgan_edge.imaging import resample
from srgan_edge.imaging.metrics import psnr
from srgan_edge.models import WEIGHTS
from srgan_edge.runtime.flatbuffer import read_graph
from srgan_edge.runtime.graph import Operator
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.generators import build_generator

pytestmark = pytest.mark.tensorflow

# By photo: the error that an export makes in channels R, G and B of each pixel, and one pixel's.
ERRORS = {"first.png": (0, 0, 0), "second.png": (6, 0, -3), "third.png": (2, 0, -1)}
PIXEL = {"first.png": 0, "second.png": 90, "third.png": 20}


class Session:
    """Gives the float network's result with the planted errors."""

    tile = (64, 64)

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def run(self, tile: Any, out: Any, margin: int) -> None:
        name = list(ERRORS)[int(tile[0, 0, 0]) - 100]
        made = network(tile).astype(int) + np.array(ERRORS[name])
        made[7, 9, 1] += PIXEL[name]
        out[...] = np.clip(made, 0, 255)[margin : margin + out.shape[0], margin : margin + out.shape[1]]


OPEN: Any = Session


def network(low: Any) -> Any:
    return np.clip(resample.upscale(low, 2), 20, 160)


@pytest.fixture
def checker() -> Checker:
    pairs = []
    for index, name in enumerate(ERRORS):
        hr = np.clip(photo(128, 128, index), 20, 160)
        low = resample.downscale(hr, 2)
        low[0, 0] = 100 + index  # says which photo it is
        pairs.append(Pair(f"folder/{name}", low, hr))
    return Checker(pairs, 2, 0, network)


def test_planted_errors_are_found(checker: Checker, tmp_path: Path) -> None:
    found = checker.quality(tmp_path / "x.tflite", OPEN)
    assert found.worst_photo == "second.png"
    assert found.worst_drop_db == max(found.drops) == found.drops[1]
    assert found.drops[0] == 0
    assert found.drops[1] > found.drops[2] > 0
    assert found.worst_pixel == 90
    assert found.shift == pytest.approx((8 / 3, 0, -4 / 3), abs=0.01)  # R, G, B
    assert found.histogram[8] >= 128 * 128 * (3 + 1 + 1) - 3
    assert found.histogram[8 + 6] == 128 * 128
    assert found.histogram[8 - 3] == 128 * 128
    assert found.histogram[-1] == 2
    assert sum(found.histogram) == found.values == 3 * 3 * 128 * 128
    low = [pair.lr for pair in checker.pairs]
    assert found.psnr_bicubic == pytest.approx(
        np.mean([report_psnr(resample.upscale(x, 2), p.hr) for x, p in zip(low, checker.pairs, strict=True)])
    )


def test_one_tile_of_the_middle_of_each_photo(checker: Checker) -> None:
    """Of 64x64, a tile of 40 that looks 4 pixels beyond what it yields: 32x32."""
    made = replace(checker, overlap=4).middles(40, 2)
    for pair, whole in zip(made.pairs, checker.pairs[:2], strict=True):
        assert pair.name == whole.name
        np.testing.assert_array_equal(pair.lr, whole.lr[16:48, 16:48])
        np.testing.assert_array_equal(pair.hr, whole.hr[32:96, 32:96])


def test_bytes_of_an_export_are_measured_on_the_first_photos(tmp_path: Path) -> None:
    """As its file is, and to the float network's result where that is asked for."""
    path = WEIGHTS / "edge-s-x4-int8.tflite"
    pairs = [Pair(f"{seed}.png", resample.downscale(photo(96, 96, seed), 4), photo(96, 96, seed)) for seed in range(3)]
    checker = Checker(pairs, 4, 7, lambda low: resample.upscale(low, 4))
    two = replace(checker, pairs=pairs[:2])
    assert checker.psnr(path.read_bytes(), 2) == pytest.approx(two.quality(path).psnr)
    results = [two.upscale(path, pair.lr).astype(float) for pair in two.pairs]
    apart = [psnr(r, resample.upscale(pair.lr, 4).astype(float)) for r, pair in zip(results, two.pairs, strict=True)]
    assert checker.psnr(path.read_bytes(), 2, to_truth=False) == pytest.approx(np.mean(apart))


@pytest.mark.parametrize(("made", "asked", "shape"), [(0, 0, ""), (24, 24, ""), (0, 24, "-1, -1"), (24, 0, "24, 24")])
def test_a_tile_of_0_is_any_size(made: int, asked: int, shape: str) -> None:
    network = fold.byte_range(build_generator("chain-s", 4, collapsible=False))
    content = export.export_float(network, made, "float32")
    if not shape:
        verify.check_structure(content, "x", "float32", asked)
        return
    with pytest.raises(GateFailedError, match=rf"x: its input has shape \[1, {shape}, 3\], not "):
        verify.check_structure(content, "x", "float32", asked)


def report_psnr(result: Any, truth: Any) -> float:
    from srgan_edge.imaging.metrics import score

    return score(result, truth, 2).psnr


def test_the_photos_that_lose_most_come_first(
    checker: Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.tflite").write_bytes(b"x")
    monkeypatch.setattr("srgan_edge.conversion.verify.Session", Session)
    quality = checker.quality(tmp_path / "x.tflite", OPEN)
    monkeypatch.setattr(report, "_PHOTOS", 2)
    write_report(tmp_path / "r.html", "x", [Verified("x", tmp_path / "x.tflite", quality, [], [])], checker)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    shown = json.loads(data.group(1).replace("<\\/", "</"))
    assert [comparison["name"] for comparison in shown] == ["second", "third"]


@pytest.mark.parametrize(
    ("gain", "purpose", "min_gain", "passes"),
    [
        (0.1, "clean", 0.0, True),
        (-0.1, "clean", 0.0, False),
        (-0.1, "", 0.0, False),
        (-0.1, "clean", -0.2, True),
        (0.4, "clean", 0.5, False),
        (-2.9, "looks", 0.0, True),
        (-3.1, "looks", 0.0, False),
    ],
)
def test_an_export_below_bicubic_fails(
    gain: float, purpose: str, min_gain: float, passes: bool, checker: Checker, tmp_path: Path, monkeypatch: Any
) -> None:
    """A tile of 128 of a shipped model, as if it were that much better than bicubic."""
    content = (WEIGHTS / "edge-m-x2-int8.tflite").read_bytes()
    measured = checker.quality(tmp_path / "x", OPEN)
    measured = replace(measured, psnr_bicubic=30.0, psnr=30.0 + gain, psnr_float=30.0 + gain)
    monkeypatch.setattr(Checker, "quality", lambda *_: measured)
    settings = Conversion(tile=128, min_gain=min_gain)
    provenance = Provenance("x", "edge-m", "", "", purpose)

    def make() -> None:
        publish(content, "int8", provenance, settings, tmp_path / "out", checker, lambda text: None)

    if passes:
        make()
        assert (tmp_path / "out" / "x-int8.tflite").read_bytes() == content
    else:
        with pytest.raises(GateFailedError, match=r"not written: .* to bicubic enlargement's 30\.000 dB, at least"):
            make()
        assert not list((tmp_path / "out").glob("*.tflite"))


@pytest.mark.parametrize(
    ("drop", "passes"),
    [
        (-0.1, True),
        (0.0, True),
        (0.19, True),
        (0.21, False),
        (9.0, False),
        (float("inf"), False),
        (float("nan"), False),
    ],
)
def test_an_export_that_loses_more_than_allowed_fails(
    drop: float, passes: bool, checker: Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (WEIGHTS / "edge-m-x2-int8.tflite").read_bytes()
    measured = replace(checker.quality(tmp_path / "x", OPEN), psnr_bicubic=20.0, psnr=40.0 - drop, psnr_float=40.0)
    monkeypatch.setattr(Checker, "quality", lambda *_: measured)
    settings, provenance = Conversion(tile=128, max_drop=0.2), Provenance("x", "edge-m", "", "", "clean")
    out, said = tmp_path / "out", ""
    try:
        made, _, card = publish(content, "int8", provenance, settings, out, checker, lambda text: None)
    except GateFailedError as error:
        said = str(error)
        assert not list(out.iterdir())
    else:
        assert made.drop_db == pytest.approx(drop)
        assert card.quality["valid"]["psnr"] == pytest.approx(40.0 - drop)
    losing = f"not written: it loses {drop:.3f} dB against the float network, more than the 0.2 dB allowed"
    assert said == ("" if passes else f"{out / 'x-int8.tflite'}: {losing}")


def _float(operator: Operator) -> Operator:
    return replace(operator, outputs=[replace(operator.outputs[0], dtype="float32")])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_float, "x: 1 operators compute in floating point"),
        (lambda operator: replace(operator, op="CUSTOM_CALL"), "x: CUSTOM_CALL is no builtin operator"),
        (lambda operator: replace(operator, op="FLEXADD"), "x: FLEXADD is no builtin operator"),
    ],
)
def test_one_operator_that_the_gate_refuses(
    change: Callable[[Operator], Operator], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (WEIGHTS / "edge-s-x4-int8.tflite").read_bytes()
    verify.check_structure(content, "x", "int8", 128)
    graph = read_graph(content, "x")
    operators = [*graph.operators[:-2], change(graph.operators[-2]), graph.operators[-1]]
    monkeypatch.setattr(verify, "read_graph", lambda content, name: replace(graph, operators=operators))
    with pytest.raises(GateFailedError, match=f"^{message}$"):
        verify.check_structure(content, "x", "int8", 128)
