"""What is told of a run: log.jsonl, TensorBoard, and the caller's progress display."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from srgan_edge.files.atomic import write_text
from srgan_edge.imaging import Bytes
from srgan_edge.training.writing import writing

Event = dict[str, Any]
Report = Callable[[Event], None]


class Journal:
    """Events of a run. Only the chief worker writes; the others stay silent."""

    def __init__(self, out: Path, report: Report, chief: bool) -> None:
        """Nothing is written before `begin`: until then a run may still be refused."""
        self.path = out / "log.jsonl"
        self.step = 0
        self._report, self._chief = report, chief
        self._waiting: list[Event] | None = []
        self._events = out / "events"
        self._board: Any = None

    def begin(self, step: int | None = None) -> list[Event]:
        """Write what was said so far and what is to come: to a new log, or to a resumed run's.

        Args:
            step: that the run goes on from; what its log has of later ones is forgotten, as they are done again.

        Returns:
            What the log has of the run up to then; nothing to a worker that is not the chief.

        Raises:
            SrganEdgeError: the log cannot be written.
        """
        self.step = step or 0
        if not self._chief:
            return []
        lines, damaged = self._read() if step is not None else ([], 0)
        if damaged:
            self.warn(f"{self.path}: {damaged} damaged lines are left out")
        begun = [{**line, "step": self.step} for line in self._waiting or ()]
        kept = [line for line in lines if line["step"] <= self.step]
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in [*kept, *begun]))
        self._waiting = None
        return kept

    def emit(self, event: str, **values: Any) -> None:
        """Log an event with its values; floats of training and validation, nested ones too, go to TensorBoard.

        Raises:
            SrganEdgeError: the run folder cannot be written.
        """
        if not self._chief:
            return
        line = {"event": event, "step": self.step, "time": round(time.time(), 3), **values}
        if self._waiting is not None:
            self._waiting.append(line)
        else:
            with writing(self.path), self.path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        if event in ("train", "validation"):
            with writing(self._events), self._writer().as_default(step=self.step):
                for name, value in _floats(event, values):
                    self._summary.scalar(name, value)
        self._report(line)

    def say(self, text: str) -> None:
        """Log a sentence for the user."""
        self.emit("note", text=text)

    def warn(self, text: str) -> None:
        """Log a sentence of something that went wrong and was passed over."""
        self.emit("warning", text=text)

    def picture(self, name: str, rgb: Bytes) -> None:
        """Show `(H, W, 3)` bytes in TensorBoard."""
        with writing(self._events), self._writer().as_default(step=self.step):
            self._summary.image(name, rgb[None])

    def close(self) -> None:
        """Flush TensorBoard's file."""
        if self._board is not None:
            with writing(self._events):
                self._board.close()
            self._board = None

    def _read(self) -> tuple[list[Event], int]:
        """The log's events, and how many lines are none; the last one may be, where a kill cut it short."""
        events, damaged = [], []
        content = self.path.read_bytes() if self.path.exists() else b""
        lines = content.decode("utf-8", errors="replace").splitlines()
        for index, line in enumerate(lines):
            try:
                event = json.loads(line)
                _ = event["step"] + 0
            except (ValueError, TypeError, KeyError):
                damaged.append(index)
            else:
                events.append(event)
        return events, len([index for index in damaged if index < len(lines) - 1])

    @property
    def _summary(self) -> Any:
        import tensorflow as tf  # seconds, which a refusal does not take

        return tf.summary

    def _writer(self) -> Any:
        if self._board is None:
            self._board = self._summary.create_file_writer(str(self._events))
        return self._board


def _floats(prefix: str, values: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _floats(prefix if name == "sets" else f"{prefix}/{name}", value)
        elif isinstance(value, float):
            yield f"{prefix}/{name}", value
