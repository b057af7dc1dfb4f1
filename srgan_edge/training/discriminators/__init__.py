"""The networks that tell truth from result, by name."""

from __future__ import annotations

from typing import Any

from srgan_edge.errors import UnknownNameError
from srgan_edge.training.discriminators.paper import paper_discriminator
from srgan_edge.training.discriminators.projected import projected_discriminator, projections
from srgan_edge.training.discriminators.unet import unet_discriminator

DISCRIMINATORS = ("paper", "pooled", "unet", "projected")
"""The paper's with its dense layers, which fix the image's size; with global average pooling in front of them;
Real-ESRGAN's U-Net; one that judges details and the features of a network trained before."""


def build_discriminator(name: str, side: int | None, width: int = 64, channels: tuple[int, ...] = ()) -> Any:
    """One of the DISCRIMINATORS, `width` channels in its first convolution.

    `side` in pixels of the images that it will judge matters to `paper` alone, `channels` of the maps of features to
    `projected` alone.

    Raises:
        UnknownNameError: there is no such discriminator.
    """
    if name == "paper":
        return paper_discriminator(side, width)
    if name == "pooled":
        return paper_discriminator(None, width, pooled=True)
    if name == "unet":
        return unet_discriminator(width)
    if name == "projected":
        return projected_discriminator(channels, width)
    raise UnknownNameError("discriminator", name, DISCRIMINATORS)


def judge(discriminator_name: str, network: Any, image: Any, features: list[Any]) -> list[Any]:
    """The logits of images `[N, H, W, 3]` in [-1, 1] while the discriminator trains, one map for each of its critics.

    `features` are those of the perceptual network, which only `projected` looks at.
    """
    if discriminator_name == "projected":
        return network(projections(image, features), training=True)
    return [network(image, training=True)]
