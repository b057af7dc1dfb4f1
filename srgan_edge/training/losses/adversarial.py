"""What generator and discriminator want of the discriminator's logits."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from srgan_edge.training.losses.float32 import in_float32


@in_float32
def adversarial_loss(fake_logits: Any) -> Any:
    """`-log D(G(x))`, mean over the batch and the places judged (Ledig et al. 2017, eq. 6), from logits."""
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


@in_float32
def discriminator_loss(real_logits: Any, fake_logits: Any, smoothing: float = 0.0) -> Any:
    """`-log D(y) - log(1 - D(G(x)))`, mean over the batch and the places (Ledig et al. 2017, eq. 2), from logits.

    With one-sided label smoothing the target of real images is `1 - smoothing` (Salimans et al. 2016, section 3.4).
    """
    real = (1 - smoothing) * tf.nn.softplus(-real_logits) + smoothing * tf.nn.softplus(real_logits)
    return tf.reduce_mean(real) + tf.reduce_mean(tf.nn.softplus(fake_logits))
