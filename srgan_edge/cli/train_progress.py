"""A training's events as a live line on a terminal, or as plain lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from srgan_edge.cli.output import error_console, progress_bar, say


@contextmanager
def train_progress() -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield the `report` function that a Trainer calls."""
    with progress_bar() as bar:
        task = bar.add_task("starting", total=None)

        def report(event: dict[str, Any]) -> None:
            kind = event["event"]
            if kind == "train":
                losses = ", ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in event.items() if k.endswith("_loss"))
                speed = f"{event['images_per_second']:.1f} img/s"
                line = f"{event['phase']} {event['step']}/{event['last']}  {speed}  {losses}"
                bar.update(task, total=event["last"], completed=event["step"], description=line)
                if not error_console.is_terminal:
                    say(line)
            elif kind in ("validation", "bicubic"):
                name = "bicubic" if kind == "bicubic" else f"step {event['step']}"
                say(f"{name}: PSNR {event['psnr']:.2f} dB, SSIM {event['ssim']:.4f}")
            elif "text" in event:
                say(event["text"])
            elif kind == "end":
                bar.remove_task(task)

        yield report
