"""Content losses on features of VGG19: SRGAN's and Real-ESRGAN's."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.training.paths import path_of

# ImageNet's mean in BGR and 0..255, which VGG19 was trained with (Simonyan and Zisserman 2015).
_BGR_MEAN = (103.939, 116.779, 123.68)
# Makes the content loss comparable in scale to the MSE on pixels (Ledig et al. 2017, section 3.2).
_FEATURE_SCALE = 1 / 12.75
# Real-ESRGAN's VGG19 takes pixels of deviation 1; Keras's takes them as they are, ImageNet's deviating by 58.
_DEVIATION_SCALE = 1 / 58

LAYERS: dict[str, dict[str, float]] = {
    "paper": {"relu5_4": 1.0},
    "real-esrgan": {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1.0, "conv4_4": 1.0, "conv5_4": 1.0},
}
"""Weights of VGG19's maps by the loss's name: convI_J before its activation, reluI_J after it."""
CHANNELS: dict[str, tuple[int, ...]] = {"paper": (512,), "real-esrgan": (64, 128, 256, 512, 512)}
"""Of those maps."""


class VGG19Loss:
    """Distance of VGG19's features, by `layers`.

    "paper": mean squared, of phi_5,4, conv5_4 after its activation, by 1/12.75 (Ledig et al. 2017, eq. 5).
    "real-esrgan": mean absolute, of five maps before their activations, weighed .1, .1, 1, 1, 1 (Wang et al. 2021,
    section 4.1).
    """

    def __init__(self, weights: str = "imagenet", layers: str = "paper") -> None:
        """Load VGG19: "imagenet" through Keras's downloader, or a weights file of its convolutions (.h5).

        Raises:
            UsageError: there is no such file, or it is not VGG19's; or LAYERS has no such name.
            SrganEdgeError: the download failed.
        """
        if layers not in LAYERS:
            raise UnknownNameError("layers of VGG19", layers, LAYERS)
        self.layers = layers
        if weights == "imagenet":
            try:
                vgg: Any = keras.applications.VGG19(include_top=False, weights="imagenet")
            except Exception as error:
                raise SrganEdgeError(
                    f"VGG19's ImageNet weights cannot be downloaded ({error}); "
                    "set perceptual.weights to a file vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
                ) from error
        else:
            if not path_of(weights).is_file():
                raise UsageError(f"perceptual.weights: {weights}: no such file")
            vgg = keras.applications.VGG19(include_top=False, weights=None)
            try:
                vgg.load_weights(path_of(weights))
            except (OSError, ValueError) as error:
                raise UsageError(f"perceptual.weights: {weights}: not weights of VGG19 without top: {error}") from error
        maps = _maps(vgg)
        self.network = keras.Model(vgg.input, [maps[name] for name in LAYERS[layers]], trainable=False)

    def features(self, image: Any) -> list[Any]:
        """Features of RGB in [-1, 1], `[N, H, W, 3]` -> a map of each layer, float32.

        Those of the paper are `[N, H/16, W/16, 512]` by 1/12.75; Real-ESRGAN's are by 1/58.
        """
        bgr = (tf.cast(image, tf.float32)[..., ::-1] + 1) * 127.5 - tf.constant(_BGR_MEAN)
        scale = _FEATURE_SCALE if self.layers == "paper" else _DEVIATION_SCALE
        maps = self.network(bgr, training=False)
        return [tf.cast(map_, tf.float32) * scale for map_ in (maps if isinstance(maps, list) else [maps])]

    def distance(self, truth: list[Any], result: list[Any]) -> Any:
        """The weighted sum of the layers' distances, from the features of two batches."""
        compare = tf.square if self.layers == "paper" else tf.abs
        weights = LAYERS[self.layers].values()
        return tf.add_n([w * tf.reduce_mean(compare(t - r)) for w, t, r in zip(weights, truth, result, strict=True)])


def _maps(vgg: Any) -> dict[str, Any]:
    """Every convolution's result before and after its activation: conv1_1, relu1_1 and so on."""
    maps, x = {}, vgg.input
    for layer in vgg.layers[1:]:
        if not isinstance(layer, keras.layers.Conv2D):
            x = layer(x)
            continue
        layer.activation = keras.activations.linear
        name = layer.name.removeprefix("block").replace("_conv", "_")
        x = maps[f"conv{name}"] = layer(x)
        x = maps[f"relu{name}"] = keras.layers.ReLU(name=f"relu{name}")(x)
    return maps
