"""A discriminator of features that were learnt before (Sauer et al. 2021)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras


def projected_discriminator(channels: tuple[int, ...], width: int = 64) -> Any:
    """One critic of an image's detail, and one of each map of its features in a network trained before.

    Sauer et al. 2021, "Projected GANs Converge Faster": what has learnt to see need not learn it from the generator.
    Takes the list that `projections` makes; yields for each of its members `[N, h, w, channels]` logits of all places,
    `[N, h / 4, w / 4, 1]` for the detail, of which each sees 28 pixels, `[N, h, w, 1]` for features. There is no batch
    normalisation, behind which too little contrast could hide: real and generated images are never in one batch.
    """

    def conv(x: Any, filters: int, size: int, stride: int, name: str) -> Any:
        x = keras.layers.Conv2D(filters, size, stride, padding="same", kernel_initializer="he_normal", name=name)(x)
        return keras.layers.LeakyReLU(0.2, name=f"{name}_lrelu")(x)

    def logits(x: Any, name: str) -> Any:
        # In float32: the losses are computed from them, and half precision overflows there first.
        return keras.layers.Conv2D(1, 3, padding="same", dtype="float32", name=f"{name}_logits")(x)

    x = detail = keras.Input((None, None, 3), name="detail")
    for index, (filters, size, stride) in enumerate(((1, 3, 1), (2, 4, 2), (4, 4, 2), (4, 3, 1))):
        x = conv(x, filters * width, size, stride, f"detail_conv{index + 1}")
    maps = [keras.Input((None, None, count), name=f"features{level + 1}") for level, count in enumerate(channels)]
    outputs = [logits(x, "detail")]
    for map_ in maps:
        x = conv(map_, 2 * width, 1, 1, f"{map_.name}_conv1")
        outputs.append(logits(conv(x, 2 * width, 3, 1, f"{map_.name}_conv2"), map_.name))
    return keras.Model([detail, *maps], outputs, name="projected_discriminator")


def projections(image: Any, features: list[Any]) -> list[Any]:
    """What a projected discriminator sees of images `[N, H, W, 3]` in [-1, 1] and of their maps of features.

    Four times the difference from a blur over 9 pixels, edges and textures without colours and shades, and the features
    with a root mean square of 1 at each place.
    """
    detail = 4 * (image - tf.nn.avg_pool2d(image, 9, 1, "SAME"))
    return [detail, *(tf.math.l2_normalize(f, -1, 1e-3) * f.shape[-1] ** 0.5 for f in features)]
