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
                say(_quality(event))
            elif "text" in event:
                say(event["text"])
            elif kind == "end":
                bar.remove_task(task)

        yield report


def _quality(event: dict[str, Any]) -> str:
    """Means over the sets, and of each set, if there are several, PSNR and DISTS's form."""
    name = "bicubic" if event["event"] == "bicubic" else f"step {event['step']}"
    figures = [f"PSNR {event['psnr']:.2f} dB, SSIM {event['ssim']:.4f}, dists {event['dists']:.3f}"]
    figures += [f"{key} {event[key]:.2f}" for key in ("grain", "colour") if key in event]
    sets = [f"{key} {found['psnr']:.2f}/{found['dists']:.3f}" for key, found in event["sets"].items()]
    return f"{name}: {', '.join(figures)}" + (f" ({', '.join(sets)})" if len(sets) > 1 else "")
