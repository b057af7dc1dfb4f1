from __future__ import annotations

import numpy as np
import tensorflow as tf

from srgan_edge.training.steps import shifted


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
