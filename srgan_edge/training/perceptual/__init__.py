"""The networks whose features the content loss compares and a projected discriminator judges."""

from __future__ import annotations

from typing import Any, Protocol

from srgan_edge.training.recipe import Perceptual


class ContentLoss(Protocol):
    """A distance of images in features of a network trained before."""

    def features(self, image: Any) -> list[Any]:
        """Images `[N, H, W, 3]` in [-1, 1] -> a map `[N, rows, columns, channels]` of each of its layers."""
        ...

    def distance(self, truth: list[Any], result: list[Any]) -> Any:
        """A scalar, 0 for equal features."""
        ...


def feature_channels(settings: Perceptual) -> tuple[int, ...]:
    """Of each map of features; known before the network is loaded."""
    if settings.network == "vgg19":
        from srgan_edge.training.perceptual.vgg19 import CHANNELS

        return CHANNELS[settings.vgg19_layers]
    from srgan_edge.training.perceptual.efficientnet_lite0 import FEATURE_CHANNELS

    return FEATURE_CHANNELS


def content_loss(settings: Perceptual) -> ContentLoss:
    """The loss of a recipe's `[perceptual]`, its network loaded.

    Raises:
        UsageError: weights are missing.
        SrganEdgeError: weights cannot be downloaded or are of something else.
    """
    if settings.network == "vgg19":
        from srgan_edge.training.perceptual.vgg19 import VGG19Loss

        return VGG19Loss(settings.weights, settings.vgg19_layers)
    from srgan_edge.training.perceptual.efficientnet_lite0 import EfficientNetLite0Loss

    return EfficientNetLite0Loss(settings.weights, settings.lite0_levels)
