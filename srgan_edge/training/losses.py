"""The losses of both phases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Loss = Callable[[Any, Any], Any]


def l1(truth: Any, result: Any) -> Any:
    """Mean absolute error."""
    return tf.reduce_mean(tf.abs(result - truth))


def mse(truth: Any, result: Any) -> Any:
    """Mean squared error (Ledig et al. 2017, eq. 4)."""
    return tf.reduce_mean(tf.square(result - truth))


PIXEL_LOSSES: dict[str, Loss] = {"l1": l1, "mse": mse}


def adversarial_loss(fake_logits: Any) -> Any:
    """`-log D(G(x))`, mean over the batch (Ledig et al. 2017, eq. 6), from logits."""
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def discriminator_loss(real_logits: Any, fake_logits: Any) -> Any:
    """`-log D(y) - log(1 - D(G(x)))`, mean over the batch (Ledig et al. 2017, eq. 2), from logits."""
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))
