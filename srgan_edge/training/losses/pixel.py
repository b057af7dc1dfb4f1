"""Losses that compare pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from srgan_edge.training.losses.float32 import in_float32

Loss = Callable[[Any, Any], Any]

_NO_ERROR = 1e-4  # 40 dB


@in_float32
def l1(truth: Any, result: Any) -> Any:
    """Mean absolute error."""
    return tf.reduce_mean(tf.abs(result - truth))


@in_float32
def mse(truth: Any, result: Any) -> Any:
    """Mean squared error (Ledig et al. 2017, eq. 4)."""
    return tf.reduce_mean(tf.square(result - truth))


@in_float32
def log_mse(truth: Any, result: Any) -> Any:
    """Logarithm of each image's mean squared error, mean over the batch: what a mean of PSNRs rewards.

    Chen et al. 2022, "Simple Baselines for Image Restoration" (NAFNet) train on PSNR too; below 1e-4, 40 dB at values
    in [0, 1], an image's error weighs no more, or smooth crops would drown the others.
    """
    return tf.reduce_mean(tf.math.log(_errors(truth, result) + _NO_ERROR))


PIXEL_LOSSES: dict[str, Loss] = {"l1": l1, "mse": mse, "log_mse": log_mse}

_LUMA = (0.299, 0.587, 0.114)  # BT.601's


def pixel_loss(name: str, luma: float = 0.0) -> Loss:
    """One of PIXEL_LOSSES on `[N, H, W, 3]`: 1 - `luma` of it over the three channels, `luma` over their luma.

    PSNR is measured on luma, where the errors of three channels may cancel.
    """
    return _weighted(PIXEL_LOSSES[name], luma)


@in_float32
def rounding_loss(truth: Any, wanted: Any, result: Any, luma: float = 0.0) -> Any:
    """What `log_mse` against `truth` grows by, to first order, when a network gives `result` in place of `wanted`.

    Rounding has nothing to do with what the network is wrong about anyway: the squared error to `wanted` adds to that
    of `wanted`. In this loss, unlike in one to the truth, the latter is no noise. All `[N, H, W, 3]`; mean over the
    batch of the quotient of the two, 1 - `luma` of it over the three channels, `luma` over their luma.
    """

    def grown(truth: Any, wanted: Any, result: Any) -> Any:
        return tf.reduce_mean(_errors(wanted, result) / (_errors(truth, wanted) + _NO_ERROR))

    return _weighted(grown, luma)(truth, wanted, result)


def _errors(truth: Any, result: Any) -> Any:
    """The mean squared error of each image of a batch."""
    return tf.reduce_mean(tf.square(result - truth), axis=tuple(range(1, len(truth.shape))))


def _weighted(loss: Callable[..., Any], luma: float) -> Callable[..., Any]:
    """1 - `luma` of a loss over its images' three channels, `luma` over their luma."""
    if not luma:
        return loss
    return lambda *images: (1 - luma) * loss(*images) + luma * loss(*(_luma(image) for image in images))


def _luma(image: Any) -> Any:
    return tf.tensordot(tf.cast(image, tf.float32), tf.constant(_LUMA), 1)
