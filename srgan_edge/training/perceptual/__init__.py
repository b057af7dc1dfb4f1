"""The networks whose features the content loss compares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from srgan_edge.training.recipe import Perceptual

ContentLoss = Callable[[Any, Any], Any]
"""`(truth, result)`, images `[N, H, W, 3]` in [-1, 1] -> a scalar."""


def content_loss(settings: Perceptual) -> ContentLoss:
    """The loss of a recipe's `[perceptual]`, its network loaded.

    Raises:
        UsageError: weights are missing.
        SrganEdgeError: weights cannot be downloaded or are of something else.
    """
    if settings.network == "vgg19":
        from srgan_edge.training.perceptual.vgg19 import VGG19Loss

        return VGG19Loss(settings.weights)
    from srgan_edge.training.perceptual.efficientnet_lite0 import EfficientNetLite0Loss

    return EfficientNetLite0Loss(settings.weights)
