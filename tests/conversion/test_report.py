from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import photo

from srgan_edge.conversion import export, fake_quantization
from srgan_edge.conversion.layer_noise import layer_noise, without_rounding
from srgan_edge.conversion.report import _histogram, _others, _window
from srgan_edge.training.generators import build_generator

pytestmark = pytest.mark.tensorflow


def test_the_page_holds_everything(exports: Path) -> None:
    text = (exports / "report.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    (shown,) = json.loads(found.group(1).replace("<\\/", "</"))
    names = [picture["name"] for picture in shown["pictures"]]
    assert names[:4] == ["truth", "float", "tiny-int8", "tiny-fp16"]
    assert names[4:] == ["bicubic", "tiny-int8, difference x16", "tiny-fp16, difference x16"]
    assert not re.search(r'(src|href)="http', text)
    assert "tiny-int8: noise by layer" in text
    assert "tiny-fp16: noise by layer" not in text


def test_in_a_browser(exports: Path, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium")
    page = (exports / "report.html").as_uri()
    quiet = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    command = [
        chromium,
        *quiet.split(),
        f"--user-data-dir={tmp_path}",
        "--dump-dom",
        page,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    # The page's script has run: names beside the boundary, and options to choose from.
    assert '<span class="tag left" id="tag-left">float</span>' in done.stdout
    assert '<span class="tag right" id="tag-right">tiny-int8</span>' in done.stdout
    assert done.stdout.count(">tiny-int8, difference x16</option>") == 2


def test_the_window_is_where_the_difference_is() -> None:
    difference = np.zeros((900, 1000), np.int16)
    difference[700:720, 40:60] = 9
    rows, columns = _window(difference)
    assert rows.start <= 700
    assert rows.stop >= 720
    assert columns.start <= 40
    assert columns.stop - columns.start == 384
    assert _window(difference[:100, :100]) == (slice(0, 100), slice(0, 100))


def test_a_histogram_by_hand() -> None:
    """Of 100,000 values: a sixth of the height is a factor of 10."""
    export: Any = SimpleNamespace(name="x-int8", quality=SimpleNamespace(histogram=[0, 1, 99900, 99, 0]))
    found = _histogram(export)
    assert re.findall(r'height="([\d.]+)"><title>(\S+): ([\d.]+%)', found.drawing) == [
        ("0.0", "≤-2", "0.0000%"),
        ("25.0", "-1", "0.0010%"),
        ("150.0", "0", "99.9000%"),
        ("74.9", "+1", "0.0990%"),
        ("0.0", "≥+2", "0.0000%"),
    ]
    assert re.findall(r'rect x="(\d+)" y="([\d.]+)"', found.drawing)[1:3] == [("46", "135.0"), ("86", "10.0")]
    assert found.note.startswith("99.90% of all values are the same")


def test_a_row_by_hand(tmp_path: Path) -> None:
    """Of the same export in two other runtimes, of which one gives other values."""
    path = tmp_path / "x.onnx"
    path.write_bytes(bytes(2000))
    figures = {"psnr": 27.5, "drop_db": 0.01, "ssim": 0.8, "ssim_float": 0.81, "worst_pixel": 3, "values": 4000}
    figures |= {"shift": (0.1, -0.2, 0.0), "worst_drop_db": 0.02, "worst_photo": "a"}
    others: list[Any] = [
        SimpleNamespace(
            export=SimpleNamespace(path=path),
            quality=SimpleNamespace(**figures, differing=differing, worst_to_tflite=2),
            summary=f"{differing}",
        )
        for differing in (0, 10)
    ]
    export: Any = SimpleNamespace(others=others)
    row = ("x.onnx", "2", "27.500", "+0.010", "0.8000", "+0.0100", "3", "+0.10 -0.20 +0.00", "+0.020 a")
    assert [tuple(r) for r in _others([export]).rows] == [(*row, "none", "0"), (*row, "0.25%, by 2 at most", "10")]


def test_the_layer_that_hurts_is_found() -> None:
    """One range ten times too wide: that layer is noisier, and the one before keeps its own."""
    model = build_generator("chain-s", 4, collapsible=False)
    image = photo(24, 24)

    def noise() -> dict[str, float]:
        content = export.export_int8(quantized, 24)
        return dict(layer_noise(content, without_rounding(quantized, model), image))

    quantized = fake_quantization.fake_quantize(model, [(image[None], image[None])])
    before = noise()
    assert {f"conv{i}" for i in range(1, 7)} <= set(before)
    for weight in quantized.get_layer("quant_conv3").weights:
        if weight.name.endswith("output_high:0"):
            weight.assign(weight * 10)
    after = noise()
    assert after["conv2"] == pytest.approx(before["conv2"], abs=0.01)
    assert after["conv3"] < before["conv3"] - 5
