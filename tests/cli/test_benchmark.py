from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "srgan_edge", "benchmark", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_json(exports: Path) -> None:
    models = [str(exports / f"tiny-{name}.tflite") for name in ("int8", "fp16")]
    done = benchmark("-m", models[0], "-m", models[1], "--delegate", "cpu", "--threads", "1", "--runs", "5", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["model"] for row in rows] == ["tiny-int8", "tiny-fp16"]
    for row in rows:
        assert (row["delegate"], row["threads"], row["width"], row["height"]) == ("cpu", 1, 320, 180)
        assert row["min_ms"] <= row["median_ms"] <= row["p90_ms"]
        # An image is its tiles, one after the other.
        assert row["min_ms"] > row["invoke_median_ms"] * row["tiles"] / 4
        assert row["compile_ms"] > 0
        assert 20 < row["peak_rss_mb"] < 2000
        megapixels = 320 * 180 * 16 / 1e6
        assert abs(row["megapixels_per_second"] - megapixels / row["median_ms"] * 1000) < 1e-6


def test_refusals() -> None:
    done = benchmark("-m", "edge-n-x4")
    assert done.returncode == 2
    assert "unknown model 'edge-n-x4': did you mean" in done.stderr
    assert "Traceback" not in done.stderr
    done = benchmark("--size", "320")
    assert (done.returncode, done.stderr) == (2, "srgan-edge: --size 320: not of the form 320x180\n")
