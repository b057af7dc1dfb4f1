from __future__ import annotations

import pytest
import tensorflow as tf
import tf_keras as keras

from srgan_edge.conversion import export
from srgan_edge.runtime import xnnpack

pytestmark = pytest.mark.tensorflow


def test_xnnpack_has_no_int8_prelu() -> None:
    inputs = keras.Input((24, 24, 3))
    fake = tf.quantization.fake_quant_with_min_max_args
    x = keras.layers.Conv2D(8, 3, padding="same")(fake(inputs, 0, 1))
    x = keras.layers.PReLU(shared_axes=[1, 2])(fake(x, -1, 1))
    x = keras.layers.Conv2D(3, 3, padding="same")(fake(x, -1, 1))
    assert xnnpack.partitions(export.export_int8(keras.Model(inputs, fake(x, 0, 1)), 24)) == 2
