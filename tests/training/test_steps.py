from __future__ import annotations

import numpy as np
import tensorflow as tf

from srgan_edge.training.steps import reduced, shifted


def test_the_gans_losses_see_both_images_shifted_alike_and_anew_at_each_step() -> None:
    rows, columns = np.mgrid[0:32, 0:40]
    truth = tf.constant(np.repeat(np.stack([rows, columns, rows], -1)[None], 2, 0), tf.float32)
    seen = set()
    for step in range(60):
        real, fake = shifted(truth, truth + 1, step)
        assert real.shape == fake.shape == (2, 25, 33, 3)
        np.testing.assert_array_equal(fake, real + 1)
        top, left, _ = real.numpy()[0, 0, 0]
        np.testing.assert_array_equal(real[1], truth[1, int(top) : int(top) + 25, int(left) : int(left) + 33])
        seen.add((top, left))
    assert {top for top, _ in seen} == {left for _, left in seen} == set(range(8))
    np.testing.assert_array_equal(shifted(truth, truth, 5)[0], shifted(truth, truth, 5)[0])


def test_the_gans_losses_may_see_the_images_smaller_and_without_dots() -> None:
    rows, columns = np.mgrid[0:185, 0:64]
    dots = np.repeat(((rows + columns) % 2)[None, ..., None], 3, -1).astype(np.float32)
    ramp = np.repeat(columns[None, ..., None] / 64, 3, -1).astype(np.float32)
    assert reduced(dots, 1) is dots
    smaller = reduced(tf.constant(dots + ramp), 2).numpy()
    assert smaller.shape == (1, 92, 32, 3)
    expected = np.repeat((0.5 + (2 * np.arange(32) + 0.5) / 64)[None, None, :, None], 3, -1)
    np.testing.assert_allclose(smaller[:, 1:-1, 1:-1], np.broadcast_to(expected, (1, 90, 32, 3))[:, :, 1:-1], atol=0.02)
