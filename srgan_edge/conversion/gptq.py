"""Rounding kernels to 8 bits so that a photo's errors cancel: neighbouring pixels are nearly equal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from srgan_edge.conversion import fold
from srgan_edge.training.generators.layers import conv_layers

Matrix = NDArray[np.float64]

_PLACES = 4096  # of a batch that a kernel is applied to
_DAMPING = 1e-5  # of the mean power: for channels that give nothing


def gptq(network: Any, batches: Iterable[tuple[Any, Any]]) -> Any:
    """A copy of a network in [0, 1] whose kernels have 255 values a channel, biases adapted; batches of LR bytes."""
    convolutions = conv_layers(network)
    probe = keras.Model(network.input, [layer.input for layer in convolutions])
    moments = [np.zeros(())] * len(convolutions)
    for low, _ in batches:
        inputs = probe(tf.cast(low, tf.float32) / 255, training=False)
        for index, (layer, values) in enumerate(zip(convolutions, inputs, strict=True)):
            moments[index] = moments[index] + _moments(values, layer)
    result = fold.copy(network)
    for layer, moment in zip(convolutions, moments, strict=True):
        kernel, *bias = layer.get_weights()
        matrix, offset = gptq_matrix(kernel.reshape(-1, kernel.shape[-1]), moment)
        weights = [matrix.reshape(kernel.shape), *(b + offset for b in bias)]
        result.get_layer(layer.name).set_weights(weights)
    return result


def gptq_matrix(matrix: NDArray[np.floating], moments: Matrix) -> tuple[Matrix, Matrix]:
    """Round `(rows, channels)` to whole steps of a 127th of each channel's largest value, which stays as it is.

    Row by row, and each row's error is made up for by the rows after it as well as inputs with these second moments
    allow (Frantar et al. 2023, "GPTQ", algorithm 1). `moments (rows, rows)`, or with one row and column more, of an
    input that is always 1: what the last rows leave is then returned, to be added to the bias; else 0.
    """
    rows, channels = matrix.shape
    power = max(np.diag(moments)[:rows].mean(), 1e-9)  # nothing may pass a layer's ReLUs
    damped = moments + np.diag(np.r_[np.full(rows, _DAMPING * power), np.full(len(moments) - rows, 1e-9)])
    factor = np.linalg.cholesky(np.linalg.inv(damped)).T
    rest = np.zeros((len(moments), channels))
    rest[:rows] = matrix
    largest = np.abs(matrix).argmax(0)
    tops = np.abs(matrix).max(0)
    steps = np.where(tops > 0, tops / 127, 1.0)
    for row in range(rows):
        values = np.clip(np.round(rest[row] / steps), -127, 127) * steps
        values = np.where(largest == row, matrix[row], values)
        error = (rest[row] - values) / factor[row, row]
        rest[row + 1 :] -= np.outer(factor[row, row + 1 :], error)
        rest[row] = values
    return rest[:rows], rest[rows:].sum(0)


def _moments(values: Any, layer: Any) -> Matrix:
    """Second moments of what the kernel of `layer` is applied to, and of a 1 if it has a bias."""
    batch, height, width, _ = values.shape
    every = max(1, round((batch * height * width / _PLACES) ** 0.5))
    kernel = (1, *layer.kernel_size, 1)
    dilation = (1, *layer.dilation_rate, 1)
    patches = tf.image.extract_patches(values, kernel, (1, every, every, 1), dilation, layer.padding.upper())
    inputs = tf.reshape(patches, (-1, patches.shape[-1])).numpy().astype(np.float64)
    if layer.use_bias:
        inputs = np.hstack([inputs, np.ones((len(inputs), 1))])
    return inputs.T @ inputs / len(inputs)
