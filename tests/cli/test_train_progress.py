from __future__ import annotations

from typing import Any

import pytest

from srgan_edge.cli.train_progress import train_progress


def shown(capsys: pytest.CaptureFixture[str], event: dict[str, Any]) -> str:
    with train_progress() as report:
        report(event)
    return capsys.readouterr().err.strip()


def test_a_validation_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    one = {"psnr": 27.246, "ssim": 0.7614, "dists": 0.3003, "lpips": 0.48, "grain": 0.92, "colour": 2.551}
    two = one | {"psnr": 22.35, "dists": 0.4219}
    event = {"event": "validation", "step": 300, **one, "sets": {"valid": one}}
    whole = "step 300: PSNR 27.25 dB, SSIM 0.7614, dists 0.300, grain 0.92, colour 2.55"
    assert shown(capsys, event) == whole
    assert shown(capsys, event | {"sets": {"clean": one, "phone": two}}) == (
        f"{whole} (clean 27.25/0.300, phone 22.35/0.422)"
    )


def test_nothing_flat_has_no_grain(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"psnr": 25.0, "ssim": 0.7, "dists": 0.4, "lpips": 0.5, "colour": 3.0}
    event = {"event": "bicubic", "step": 0, **figures, "sets": {"valid": figures}}
    assert shown(capsys, event) == "bicubic: PSNR 25.00 dB, SSIM 0.7000, dists 0.400, colour 3.00"
