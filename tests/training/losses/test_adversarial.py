from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from srgan_edge.training import losses

pytestmark = pytest.mark.tensorflow


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_adversarial_losses_by_hand() -> None:
    real, fake = np.array([[2.0], [-1.0]], np.float32), np.array([[0.5], [3.0]], np.float32)
    expected = np.mean(-np.log(sigmoid(fake)))
    assert float(losses.adversarial_loss(tf.constant(fake))) == pytest.approx(expected, rel=1e-6)
    expected = np.mean(-np.log(sigmoid(real))) + np.mean(-np.log(1 - sigmoid(fake)))
    assert float(losses.discriminator_loss(tf.constant(real), tf.constant(fake))) == pytest.approx(expected, rel=1e-6)


def test_label_smoothing_by_hand() -> None:
    real, fake = np.array([[2.0], [-1.0]], np.float32), np.array([[0.5], [3.0]], np.float32)
    target = 0.9
    cross = -target * np.log(sigmoid(real)) - (1 - target) * np.log(1 - sigmoid(real))
    expected = np.mean(cross) + np.mean(-np.log(1 - sigmoid(fake)))
    assert float(losses.discriminator_loss(real, fake, 0.1)) == pytest.approx(expected, rel=1e-6)


def test_adversarial_losses_do_not_overflow() -> None:
    logits = tf.constant([[-500.0], [500.0]])
    assert float(losses.adversarial_loss(logits)) == pytest.approx(250)
    assert float(losses.discriminator_loss(logits, logits)) == pytest.approx(500)
