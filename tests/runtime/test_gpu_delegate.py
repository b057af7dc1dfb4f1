from __future__ import annotations

import pytest
import tensorflow as tf
import tf_keras as keras

from srgan_edge.conversion import export
from srgan_edge.runtime.flatbuffer import read_graph
from srgan_edge.runtime.gpu_delegate import gpu_verdict

pytestmark = pytest.mark.tensorflow


def test_what_the_gpu_refuses() -> None:
    inputs = keras.Input((24, 24, 3))
    outputs = keras.layers.Conv2D(3, 3, padding="same")(tf.reverse(inputs, [1]))
    content = export.export_float(keras.Model(inputs, outputs), 24, "float32")
    verdict = gpu_verdict(read_graph(content, "x"))
    assert [refused["op"] for refused in verdict["refused"]] == ["REVERSE_V2"]
    assert read_graph(content, "x").receptive_field() is None
