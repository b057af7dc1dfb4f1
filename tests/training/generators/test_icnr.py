from __future__ import annotations

import numpy as np
import pytest
import tf_keras as keras

from srgan_edge.training.generators import build_generator
from srgan_edge.training.generators.layers import ICNR, PixelShuffle

pytestmark = pytest.mark.tensorflow


def test_a_fresh_sub_pixel_convolution_is_nearest_neighbour() -> None:
    """Aitken et al. 2017: whatever the convolution yields, all pixels of a block are equal, and blocks differ."""
    layer = keras.layers.Conv2D(12, 3, padding="same", kernel_initializer=ICNR(2, seed=1))
    x = np.random.default_rng(0).normal(size=(1, 5, 6, 4)).astype(np.float32)
    y = PixelShuffle(2)(layer(x)).numpy()
    blocks = y.reshape(1, 5, 2, 6, 2, 3)
    np.testing.assert_array_equal(blocks, np.broadcast_to(blocks[:, :, :1, :, :1], blocks.shape))
    # By hand: the first of the four sub-kernels, as a convolution of its own.
    kernel = layer.get_weights()[0][..., :3]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    by_hand = np.einsum("hwi,hwio->o", padded[0, 2:5, 3:6], kernel)
    np.testing.assert_allclose(y[0, 4, 6], by_hand, rtol=1e-4, atol=1e-6)
    assert np.abs(np.diff(y[0, ::2, ::2, 0])).min() > 0


def test_srgan_starts_with_it() -> None:
    kernel = build_generator("srgan", 4, blocks=1).get_layer("up1").get_weights()[0]
    np.testing.assert_array_equal(kernel[..., :64], kernel[..., 64:128])
    assert kernel.std() > 0
