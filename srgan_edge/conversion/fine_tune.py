"""Training a network to be what another one is: after a change, or with its int8 rounding in the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from srgan_edge.conversion.progress import Progress, Say, unseen
from srgan_edge.errors import SrganEdgeError
from srgan_edge.training.losses import pixel_loss, rounding_loss


@dataclass(frozen=True)
class Selection:
    """Which weights of a fine-tuning are kept: those that `measure` finds best, from before the first step on."""

    measure: Callable[[], float]
    """Of the network as it is; the more the better."""
    every: int
    """Steps."""


def fine_tune(
    network: Any,
    teacher: Any,
    batches: Iterable[tuple[Any, Any]],
    steps: int,
    optimizer: Any,
    luma: float,
    truth_weight: float,
    selection: Selection | None,
    say: Say,
    progress: Progress = unseen,
) -> None:
    """Train `network`, in [0, 1], to equal `teacher`, by `rounding_loss`.

    Args:
        network: what is trained; with fake-quantization in it, this is quantization-aware training.
        teacher: the float network that it shall equal.
        batches: `steps` of them, LR and HR bytes.
        steps: how many.
        optimizer: what takes them.
        luma: share of the loss that compares luma alone.
        truth_weight: of `log_mse` to the truth beside it.
        selection: which weights are kept; None = the last.
        say: told the loss now and then.
        progress: told after each step how many of how many are done.

    Raises:
        SrganEdgeError: the loss is no longer a finite number.
    """
    variables, to_truth = network.trainable_variables, pixel_loss("log_mse", luma)

    @tf.function(autograph=False)
    def step(low: Any, high: Any) -> Any:
        low, high = tf.cast(low, tf.float32) / 255, tf.cast(high, tf.float32) / 255
        wanted = tf.clip_by_value(teacher(low, training=False), 0.0, 1.0)
        with tf.GradientTape() as tape:
            result = network(low, training=True)
            loss = rounding_loss(high, wanted, result, luma)
            if truth_weight:
                loss += truth_weight * to_truth(high, result)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    best, kept, kept_step = -np.inf, network.get_weights(), 0

    def select(count: int) -> str:
        nonlocal best, kept, kept_step
        if selection is None:
            return ""
        found = selection.measure()
        if found > best:
            best, kept, kept_step = found, network.get_weights(), count
        return f", converted {found:.3f} dB"

    if selection is not None:
        say(f"before the first step{select(0)}")
    for count, (low, high) in enumerate(batches, 1):
        loss = float(step(low, high))
        if not np.isfinite(loss):
            raise SrganEdgeError(f"the fine-tuning's loss is no longer a finite number at step {count}")
        progress(count, steps)
        due = count == steps or (selection is not None and count % selection.every == 0)
        if due or count % 50 == 0:
            say(f"fine-tuning step {count}/{steps}, loss {loss:.4f}{select(count) if due else ''}")
    if selection is not None and kept_step != steps:
        network.set_weights(kept)
        say(f"kept the weights of step {kept_step}: {best:.3f} dB")
