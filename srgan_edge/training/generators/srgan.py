"""The generator of SRGAN, which is SRResNet (Ledig et al. 2017, figure 4)."""

from __future__ import annotations

from typing import Any

import tf_keras as keras

from srgan_edge.training.generators.layers import ICNR, PixelShuffle


def srgan(scale: int = 4, blocks: int = 16, upsampler: str = "subpixel", batch_norm: bool = True) -> Any:
    """Residual blocks of 64 channels, sub-pixel x2 upsamplings, 9x9 head and tail: values in [-1, 1].

    Each PReLU has one slope for all channels (He et al. 2015, section 2.1: "channel-shared"), so that it is an exact
    LeakyReLU once trained. As in the figure there is no tanh at the end, which many have added.

    The upsampler "resize" is nearest-neighbour enlargement and a convolution (Odena et al. 2016) in place of each
    sub-pixel convolution. `batch_norm=False` is the network that batch normalisation folds into.
    """

    def prelu(x: Any, name: str) -> Any:
        slope = keras.initializers.Constant(0.25)
        return keras.layers.PReLU(alpha_initializer=slope, shared_axes=[1, 2, 3], name=name)(x)

    def conv(x: Any, filters: int, size: int, name: str, normalise: bool = False, gamma: str = "ones") -> Any:
        bias = not (normalise and batch_norm)
        x = keras.layers.Conv2D(filters, size, padding="same", use_bias=bias, name=name)(x)
        if normalise and batch_norm:
            x = keras.layers.BatchNormalization(
                momentum=0.9, epsilon=1e-5, gamma_initializer=gamma, synchronized=True, name=f"{name}_bn"
            )(x)
        return x

    inputs = keras.Input((None, None, 3), name="image")
    head = x = prelu(conv(inputs, 64, 9, "head"), "head_prelu")
    for index in range(1, blocks + 1):
        block = f"block{index}"
        y = prelu(conv(x, 64, 3, f"{block}_conv1", normalise=True), f"{block}_prelu")
        # Each block starts as the identity (Goyal et al. 2017, section 5.1). Else the trunk grows block by block, to
        # hundreds of times its input, which int8 cannot hold beside fine texture.
        y = conv(y, 64, 3, f"{block}_conv2", normalise=True, gamma="zeros")
        x = keras.layers.Add(name=f"{block}_add")([x, y])
    x = conv(x, 64, 3, "trunk", normalise=True)
    x = keras.layers.Add(name="trunk_add")([x, head])
    for index in range(1, scale // 2 + 1):
        up = f"up{index}"
        if upsampler == "resize":
            x = keras.layers.UpSampling2D(2, name=f"{up}_resize")(x)
            x = conv(x, 64, 3, up)
        else:
            x = keras.layers.Conv2D(256, 3, padding="same", kernel_initializer=ICNR(2), name=up)(x)
            x = PixelShuffle(2, name=f"{up}_shuffle")(x)
        x = prelu(x, f"{up}_prelu")
    return keras.Model(inputs, conv(x, 3, 9, "tail"), name=f"srgan-x{scale}")
