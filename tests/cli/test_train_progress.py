from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress

from srgan_edge.cli import output
from srgan_edge.cli import train_progress as shown_by
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


def test_the_time_left_is_measured_from_where_a_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resumed run has not done its first 1,000 steps now, nor a second phase those of the first."""
    clock = [0.0]
    bars: list[Progress] = []

    def on_a_terminal() -> Progress:
        console = Console(file=io.StringIO(), force_terminal=True)
        bars.append(Progress(console=console, get_time=lambda: clock[0], auto_refresh=False, speed_estimate_period=600))
        return bars[0]

    monkeypatch.setattr(shown_by, "progress_bar", on_a_terminal)
    with train_progress() as report:
        for phase, step, last in (("pretrain", 1000, 2000), ("pretrain", 1100, 2000), ("pretrain", 1200, 2000)):
            report({"event": "train", "phase": phase, "step": step, "last": last, "images_per_second": 1.0})
            clock[0] += 100
        (task,) = bars[0].tasks
        assert task.time_remaining == pytest.approx(800, abs=1)
        for step in (2100, 2110, 2120):
            report({"event": "train", "phase": "gan", "step": step, "last": 2220, "images_per_second": 1.0})
            clock[0] += 100
        assert task.time_remaining == pytest.approx(1000, abs=1)


def test_off_a_terminal_there_is_no_bar() -> None:
    assert output.progress_bar().disable is not output.error_console.is_terminal
