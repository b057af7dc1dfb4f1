"""Spectral normalisation (Miyato et al. 2018)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras


class SpectralConv2D(keras.layers.Layer):
    """A convolution without bias whose kernel is divided by its largest singular value, zero-padded to `H / stride`.

    Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", algorithm 1: one power iteration
    at each call in training, on the kernel as a matrix of `filters` columns; the gradient passes through the division
    (eq. 11), so that the kernel itself keeps its own length and the optimizer its own idea of it. Keras's wrapper
    overwrites the kernel with the quotient instead, whose gradient knows nothing of the division.
    """

    def __init__(self, filters: int, size: int, stride: int = 1, **options: Any) -> None:
        """`filters` channels of `size` x `size` pixels, every `stride`-th."""
        super().__init__(**options)
        self.filters, self.size, self.stride = filters, size, stride

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the left singular vector that the power iteration goes on from."""
        shape = (self.size, self.size, int(input_shape[-1]), self.filters)
        # In float32 also where it multiplies in half precision: its norm is a sum of thousands.
        self.kernel = self.add_weight(
            name="kernel", shape=shape, initializer=keras.initializers.HeNormal(), experimental_autocast=False
        )
        # Every replica computes the same from the same kernel: each keeps its own copy, and one is saved.
        self.vector = self.add_weight(
            name="vector",
            shape=(self.filters,),
            initializer=keras.initializers.RandomNormal(),
            trainable=False,
            experimental_autocast=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
        super().build(input_shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """`[N, H, W, C]` -> `[N, H / stride, W / stride, filters]`, rounded up."""
        matrix = tf.reshape(self.kernel, (-1, self.filters))
        left = _unit(tf.convert_to_tensor(self.vector))
        right = _unit(tf.linalg.matvec(tf.stop_gradient(matrix), left))
        if training:
            left = _unit(tf.linalg.matvec(tf.stop_gradient(matrix), right, transpose_a=True))
            self.vector.assign(left)
        norm = tf.tensordot(right, tf.linalg.matvec(matrix, left), 1)
        return tf.nn.conv2d(inputs, tf.cast(self.kernel / norm, inputs.dtype), self.stride, "SAME")

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments."""
        return {**super().get_config(), "filters": self.filters, "size": self.size, "stride": self.stride}


def _unit(vector: Any) -> Any:
    return tf.stop_gradient(tf.math.l2_normalize(vector, epsilon=1e-12))
