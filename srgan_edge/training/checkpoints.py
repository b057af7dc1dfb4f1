"""Checkpoints from which a training goes on exactly."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf


class Checkpoints:
    """The newest few checkpoints of a run, as `checkpoints/step-N.{index,data-*}`."""

    def __init__(self, folder: Path, keep: int, chief: bool, **parts: Any) -> None:
        self.folder, self.keep, self.chief = folder, keep, chief
        self.checkpoint = tf.train.Checkpoint(**parts)

    def steps(self) -> list[int]:
        """The steps of the checkpoints on disk, ascending."""
        found = (re.fullmatch(r"step-(\d+)\.index", p.name) for p in self.folder.glob("step-*.index"))
        return sorted(int(m.group(1)) for m in found if m)

    def save(self, step: int) -> None:
        """Write the state after `step` steps, then drop the oldest checkpoints."""
        if not self.chief:
            # Every worker must take part: reading a mirrored batch normalisation is a sum over all of them.
            with tempfile.TemporaryDirectory() as nowhere:
                self.checkpoint.write(f"{nowhere}/step-{step}")
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        # TensorFlow writes the index last, by renaming it: without an index a checkpoint does not exist.
        self.checkpoint.write(str(self.folder / f"step-{step}"))
        for old in self.steps()[: -self.keep]:
            for path in self.folder.glob(f"step-{old}.*"):
                path.unlink()

    def restore(self, warn: Callable[[str], None]) -> int | None:
        """Load the newest checkpoint that is whole and return its step; a damaged one is named to `warn`."""
        for step in reversed(self.steps()):
            path = self.folder / f"step-{step}"
            try:
                self.checkpoint.read(str(path)).assert_consumed()
            except (tf.errors.OpError, AssertionError, ValueError, IndexError) as error:
                reason = str(error).splitlines()[0][:200]
                warn(f"checkpoint {path} is damaged and was passed over: {reason}")
            else:
                return step
        return None
