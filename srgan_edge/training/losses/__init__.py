"""The losses of all phases, on images `[N, H, W, 3]` in [0, 1] unless they say otherwise."""

from srgan_edge.training.losses.adversarial import adversarial_loss, discriminator_loss
from srgan_edge.training.losses.colour import colour_consistency_loss
from srgan_edge.training.losses.dists import dists_loss
from srgan_edge.training.losses.frequency import focal_frequency_loss
from srgan_edge.training.losses.ldl import ldl_loss, ldl_weight
from srgan_edge.training.losses.pixel import PIXEL_LOSSES, Loss, l1, log_mse, mse, pixel_loss, rounding_loss
from srgan_edge.training.losses.structure import ms_ssim_loss

__all__ = [
    "PIXEL_LOSSES",
    "Loss",
    "adversarial_loss",
    "colour_consistency_loss",
    "discriminator_loss",
    "dists_loss",
    "focal_frequency_loss",
    "l1",
    "ldl_loss",
    "ldl_weight",
    "log_mse",
    "ms_ssim_loss",
    "mse",
    "pixel_loss",
    "rounding_loss",
]
