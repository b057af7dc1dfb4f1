"""Checkpoints from which a training goes on exactly."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.training.writing import writing

CHECKPOINTS = "checkpoints"
"""The folder of a run folder that holds them."""
_NOT_RESTORED = (tf.errors.OpError, AssertionError, ValueError, IndexError)


class Checkpoints:
    """The newest few checkpoints of a run, as `checkpoints/step-N.{index,data-*}`."""

    def __init__(self, folder: Path, keep: int, chief: bool, **parts: Any) -> None:
        self.folder, self.keep, self.chief = folder, keep, chief
        self.checkpoint = tf.train.Checkpoint(**parts)

    def save(self, step: int) -> None:
        """Write the state after `step` steps, then drop the oldest checkpoints.

        Raises:
            SrganEdgeError: the folder cannot be written, or its disk is full.
        """
        if not self.chief:
            # Every worker must take part: reading a mirrored batch normalisation is a sum over all of them.
            with tempfile.TemporaryDirectory() as nowhere:
                self.checkpoint.write(f"{nowhere}/step-{step}")
            return
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            # TensorFlow writes the index last, by renaming it: without an index a checkpoint does not exist.
            self.checkpoint.write(str(self.folder / f"step-{step}"))
            kept = saved_steps(self.folder)[-self.keep :]
            for path in self.folder.glob("step-*"):
                if _step_of(path) not in kept:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def restore(self, warn: Callable[[str], None]) -> int | None:
        """Load the newest checkpoint that is whole and return its step; a damaged one is named to `warn`.

        Returns:
            The step, or None if there is no checkpoint.

        Raises:
            UsageError: a whole checkpoint is of other networks or optimizers.
            SrganEdgeError: all are damaged.
        """
        steps = saved_steps(self.folder)
        for step in reversed(steps):
            path = self.folder / f"step-{step}"
            try:
                self.checkpoint.read(str(path)).assert_consumed()
            except _NOT_RESTORED as error:
                if _is_whole(path):
                    raise UsageError(f"{path} is of other networks or optimizers than the recipe's") from error
                reason = str(error).splitlines()[0][:200]
                warn(f"checkpoint {path} is damaged and was passed over: {reason}")
            else:
                return step
        if steps:
            raise SrganEdgeError(f"{self.folder}: all checkpoints are damaged")
        return None


def saved_steps(folder: Path) -> list[int]:
    """The steps of the checkpoints in a folder, ascending."""
    found = (_step_of(path) for path in folder.glob("step-*.index"))
    return sorted(step for step in found if step is not None)


def _step_of(path: Path) -> int | None:
    """Of a file of a whole checkpoint; what a killed process left is none (step-N_temp, .tempstate)."""
    match = re.fullmatch(r"step-(\d+)\.(index|data-\d{5}-of-\d{5})", path.name)
    return int(match.group(1)) if match else None


def _is_whole(path: Path) -> bool:
    """Every tensor of a checkpoint can be read: TensorFlow holds each against its checksum."""
    try:
        reader = tf.train.load_checkpoint(str(path))
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except _NOT_RESTORED:
        return False
    return True
