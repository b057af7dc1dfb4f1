"""The content loss of SRGAN, on features of VGG19."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
import tf_keras as keras

from srgan_edge.errors import SrganEdgeError, UsageError

# ImageNet's mean in BGR and 0..255, which VGG19 was trained with (Simonyan and Zisserman 2015).
_BGR_MEAN = (103.939, 116.779, 123.68)
# Makes the content loss comparable in scale to the MSE on pixels (Ledig et al. 2017, section 3.2).
_FEATURE_SCALE = 1 / 12.75


class VGG19Loss:
    """Mean squared distance of VGG19 features phi_5,4: conv5_4 after its activation (Ledig et al. 2017, eq. 5)."""

    def __init__(self, weights: str = "imagenet") -> None:
        """Load VGG19: "imagenet" through Keras's downloader, or a weights file of its convolutions (.h5).

        Raises:
            UsageError: there is no such file, or it is not VGG19's.
            SrganEdgeError: the download failed.
        """
        vgg = keras.applications.VGG19(include_top=False, weights=None)
        if weights == "imagenet":
            try:
                vgg = keras.applications.VGG19(include_top=False, weights="imagenet")
            except Exception as error:
                raise SrganEdgeError(
                    f"VGG19's ImageNet weights cannot be downloaded ({error}); "
                    "set perceptual.weights to a file vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
                ) from error
        else:
            if not Path(weights).is_file():
                raise UsageError(f"perceptual.weights: {weights}: no such file")
            try:
                vgg.load_weights(weights)
            except (OSError, ValueError) as error:
                raise UsageError(f"perceptual.weights: {weights}: not weights of VGG19 without top: {error}") from error
        self.network = keras.Model(vgg.input, vgg.get_layer("block5_conv4").output, trainable=False)

    def features(self, image: Any) -> list[Any]:
        """Features of RGB in [-1, 1], `[N, H, W, 3]` -> one map `[N, H/16, W/16, 512]`, by 1/12.75, float32."""
        bgr = (tf.cast(image, tf.float32)[..., ::-1] + 1) * 127.5 - tf.constant(_BGR_MEAN)
        return [tf.cast(self.network(bgr, training=False), tf.float32) * _FEATURE_SCALE]

    def distance(self, truth: list[Any], result: list[Any]) -> Any:
        """Mean squared distance of the features of two batches."""
        return tf.reduce_mean(tf.square(truth[0] - result[0]))
