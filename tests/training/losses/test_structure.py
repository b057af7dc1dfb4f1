from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import convolve2d

from srgan_edge.training.losses import ms_ssim_loss
from srgan_edge.training.losses.structure import SCALE_WEIGHTS

pytestmark = pytest.mark.tensorflow


def reference(truth: np.ndarray, result: np.ndarray, scales: int) -> float:
    """MS-SSIM of one image `[H, W, 3]` in [0, 1], in float64, channel by channel: pytorch-msssim's formula, with the
    weights of the scales adding up to 1."""
    offsets = np.arange(11) - 5
    window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:scales]
    weights /= weights.sum()
    values = []
    for x, y in zip(np.moveaxis(truth, -1, 0).astype(float), np.moveaxis(result, -1, 0).astype(float), strict=True):
        product = 1.0
        for scale, weight in enumerate(weights):

            def mean(image: np.ndarray) -> np.ndarray:
                return convolve2d(image, window, "valid")

            mx, my = mean(x), mean(y)
            contrast = (2 * (mean(x * y) - mx * my) + 0.0009) / (mean(x * x) - mx**2 + mean(y * y) - my**2 + 0.0009)
            luminance = (2 * mx * my + 0.0001) / (mx**2 + my**2 + 0.0001)
            product *= (luminance * contrast if scale == scales - 1 else contrast).mean() ** weight
            height, width = (side // 2 * 2 for side in x.shape)
            x, y = (z[:height, :width].reshape(height // 2, 2, width // 2, 2).mean((1, 3)) for z in (x, y))
        values.append(product)
    return float(np.mean(values))


def pair(side: int, other: int | None = None) -> list[np.ndarray]:
    truth = np.random.default_rng(side).random((2, side, other or side, 3)).astype(np.float32)
    truth[:, : side // 2] *= 0.3
    return [truth, np.clip(0.8 * truth + 0.1 * truth[:, ::-1] + 0.05, 0, 1)]


@pytest.mark.parametrize(("side", "scales"), [(96, 4), (89, 4), (48, 3), (20, 1), (185, 5)])
def test_it_is_one_minus_the_reference(side: int, scales: int) -> None:
    truth, result = pair(side)
    expected = np.mean([reference(one, two, scales) for one, two in zip(truth, result, strict=True)])
    assert 0.2 < expected < 0.97
    assert float(ms_ssim_loss(truth, result)) == pytest.approx(1 - expected, abs=1e-5)


def test_all_five_scales_are_tensorflows() -> None:
    truth, result = pair(176, 208)
    expected = np.mean(np.asarray(tf.image.ssim_multiscale(truth, result, 1.0)))
    assert float(ms_ssim_loss(truth, result)) == pytest.approx(1 - expected, abs=1e-5)


def test_the_weights_are_the_papers() -> None:
    assert sum(SCALE_WEIGHTS) == pytest.approx(1, abs=2e-4)


def test_a_scale_without_likeness_does_not_silence_the_others() -> None:
    coarse, fine = np.random.default_rng(0).random((2, 1, 96, 96, 3)).astype(np.float32) - 0.5
    coarse = np.kron(coarse[:, :12, :12], np.ones((1, 8, 8, 1), np.float32))
    truth, result = tf.constant(0.5 + 0.3 * coarse + 0.3 * fine), tf.constant(0.5 + 0.2 * coarse - 0.3 * fine)
    with tf.GradientTape() as tape:
        tape.watch(result)
        loss = ms_ssim_loss(truth, result)
    assert 0.3 < float(loss) < 1
    assert np.asarray(tape.gradient(loss, result)).any()


def test_an_image_smaller_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 11 pixels a side, not 10"):
        ms_ssim_loss(*pair(10))
