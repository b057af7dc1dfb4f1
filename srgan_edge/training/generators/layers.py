"""Layers that the generators share and Keras does not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from srgan_edge.imaging.resample import cubic

register = keras.utils.register_keras_serializable("srgan_edge")


@register
class PixelShuffle(keras.layers.Layer):
    """Sub-pixel rearrangement `[N, H, W, C s^2]` -> `[N, sH, sW, C]` (Shi et al. 2016, eq. 4).

    One DEPTH_TO_SPACE in TFLite; channel `(by s + bx) C + c` goes to pixel `(by, bx)` of its block.
    """

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        """Rearrange."""
        return tf.nn.depth_to_space(inputs, self.scale)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`[N, H, W, C s^2]` -> `[N, sH, sW, C]`."""
        n, h, w, c = tuple(input_shape)
        s = self.scale
        return (n, h and h * s, w and w * s, c // (s * s))

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments."""
        return {**super().get_config(), "scale": self.scale}


@register
class ICNR(keras.initializers.Initializer):
    """Starts a sub-pixel convolution as nearest-neighbour enlargement (Aitken et al. 2017, section 3.1).

    All `scale^2` positions of a block get the same kernel, so that no checkerboard is there to unlearn.
    """

    def __init__(self, scale: int, seed: int | None = None) -> None:
        self.scale, self.seed = scale, seed

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        """A kernel `(kh, kw, in, C s^2)` for `PixelShuffle(s)`."""
        *rest, depth = shape
        inner = keras.initializers.GlorotUniform(self.seed)((*rest, depth // self.scale**2), dtype)
        # Channel (by s + bx) C + c: the position in the block varies slowest.
        return tf.tile(inner, (1, 1, 1, self.scale**2))

    def get_config(self) -> dict[str, Any]:
        """The initializer's arguments."""
        return {"scale": self.scale, "seed": self.seed}


@register
class CollapsibleConv2D(keras.layers.Layer):
    """A 3x3 convolution trained as 3x3 to `expansion` channels, then 1x1 back, collapsed at every step.

    The collapsible linear block of SESR (Bhardwaj et al. 2022, section 3.1): with nothing nonlinear
    between them the two are one 3x3 convolution, whose kernel is composed on the fly, so training
    and inference cost what the plain convolution costs. Where input and output have equally many
    channels an identity is added to the kernel (their short residual).
    """

    def __init__(self, filters: int, expansion: int = 128, activation: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.expansion = expansion
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: Any) -> None:
        """Make the weights; they stay float32 under any precision policy while the kernel is composed."""
        channels = int(input_shape[-1])

        def weight(name: str, shape: tuple[int, ...], initializer: Any) -> Any:
            return self.add_weight(name=name, shape=shape, initializer=initializer, experimental_autocast=False)

        self.expand = weight("expand", (3, 3, channels, self.expansion), keras.initializers.HeNormal())
        self.project = weight(
            "project",
            (self.expansion, self.filters),
            keras.initializers.RandomNormal(stddev=float(self.expansion) ** -0.5),
        )
        self.bias = weight("bias", (self.filters,), "zeros")
        identity = np.zeros((3, 3, channels, self.filters), np.float32)
        if channels == self.filters:
            identity[1, 1] = np.eye(channels)
        self.identity = identity

    def kernel(self) -> Any:
        """The composed `(3, 3, in, out)` kernel, float32."""
        return tf.einsum("hwip,po->hwio", self.expand, self.project) + self.identity

    def set_kernel(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Make `kernel` the composed one; channels of the expansion beyond it stay random, and unused at first."""
        expand, project = self.expand.numpy(), np.zeros_like(self.project.numpy())
        expand[..., : self.filters] = kernel - self.identity
        project[: self.filters] = np.eye(self.filters)
        self.set_weights([expand, project, bias])

    def call(self, inputs: Any) -> Any:
        """Convolve, zero-padded to the same size."""
        outputs = tf.nn.conv2d(inputs, tf.cast(self.kernel(), inputs.dtype), 1, "SAME")
        return self.activation(outputs + tf.cast(self.bias, inputs.dtype))

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "expansion": self.expansion,
            "activation": keras.activations.serialize(self.activation),
        }


def anchored(details: Any, image: Any, scale: int) -> Any:
    """ABPN's anchor residual (Du et al. 2021, section 3.2): each pixel repeated `scale^2` times, and what is learnt.

    `[N, H, W, 3 s^2]` and the network's input `[N, H, W, 3]` -> `[N, sH, sW, 3]`.
    """
    # Twice s inputs and not once s * s: XNNPACK takes concatenations of at most 5.
    # In float32 under any policy: bfloat16 has but 128 values between 0.5 and 1.
    row = keras.layers.Concatenate(dtype="float32", name="anchor_row")([image] * scale)
    anchor = keras.layers.Concatenate(dtype="float32", name="anchor")([row] * scale)
    total = keras.layers.Add(dtype="float32", name="residual")([details, anchor])
    return PixelShuffle(scale, dtype="float32", name="shuffle")(total)


def bicubic_kernel(scale: int) -> np.ndarray:
    """The `(5, 5, 3, 3 s^2)` kernel whose convolution, pixel-shuffled, is bicubic enlargement by `scale`."""
    # Output sample k of a block lies at (k + 1/2)/s - 1/2 input pixels from the block's centre.
    phases = (np.arange(scale) + 0.5) / scale - 0.5
    taps = cubic(phases[:, None] - np.arange(-2, 3))
    kernel = np.zeros((5, 5, 3, 3 * scale**2), np.float32)
    for by in range(scale):
        for bx in range(scale):
            for channel in range(3):
                kernel[:, :, channel, (by * scale + bx) * 3 + channel] = np.outer(taps[by], taps[bx])
    return kernel


def bicubic_enlargement(inputs: Any, scale: int) -> Any:
    """Bicubic enlargement by a frozen convolution and a pixel shuffle, both of which every delegate runs."""
    convolution = keras.layers.Conv2D(
        3 * scale**2,
        5,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.Constant(bicubic_kernel(scale)),
        trainable=False,
        name="bicubic",
    )
    return PixelShuffle(scale, name="bicubic_shuffle")(convolution(inputs))


def conv_layers(model: Any) -> list[Any]:
    """The convolutions of a network, in its order."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
