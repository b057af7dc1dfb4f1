"""What a run says: log.jsonl, TensorBoard, and the caller's progress display."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Event = dict[str, Any]
Report = Callable[[Event], None]


class Journal:
    """Events of a run. Only the chief worker writes; the others stay silent."""

    def __init__(self, out: Path, report: Report, chief: bool) -> None:
        self.path = out / "log.jsonl"
        self.step = 0
        self._report, self._chief = report, chief
        self._events = out / "events"
        self._board: Any = None

    def emit(self, event: str, **values: Any) -> None:
        """Log an event with its values; floats of training and validation, nested ones too, go to TensorBoard."""
        if not self._chief:
            return
        line = {"event": event, "step": self.step, "time": round(time.time(), 3), **values}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        if event in ("train", "validation"):
            with self._writer().as_default(step=self.step):
                for name, value in _floats(event, values):
                    tf.summary.scalar(name, value)
        self._report(line)

    def say(self, text: str) -> None:
        """Log a sentence for the user."""
        self.emit("note", text=text)

    def warn(self, text: str) -> None:
        """Log a sentence of something that went wrong and was passed over."""
        self.emit("warning", text=text)

    def picture(self, name: str, rgb: NDArray[np.uint8]) -> None:
        """Show `(H, W, 3)` bytes in TensorBoard."""
        with self._writer().as_default(step=self.step):
            tf.summary.image(name, rgb[None])

    def cut(self, step: int) -> None:
        """Forget what came after `step`: a resumed run does it again."""
        if not self._chief:
            return
        # A line that a kill cut short has no end.
        lines = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
        kept = [line for line in lines if line["step"] <= step]
        self.path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        self.step = step

    def close(self) -> None:
        """Flush TensorBoard's file."""
        if self._board is not None:
            self._board.close()
            self._board = None

    def _writer(self) -> Any:
        if self._board is None:
            self._board = tf.summary.create_file_writer(str(self._events))
        return self._board


def _floats(prefix: str, values: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _floats(prefix if name == "sets" else f"{prefix}/{name}", value)
        elif isinstance(value, float):
            yield f"{prefix}/{name}", value
