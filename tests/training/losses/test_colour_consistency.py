from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2ycbcr

from srgan_edge.training.losses import colour_consistency_loss

pytestmark = pytest.mark.tensorflow


def reference(truth: np.ndarray, result: np.ndarray) -> float:
    """Of one image `[H, W, 3]`, by scikit-image's colours (of studio range) and SciPy's blur."""
    difference = (rgb2ycbcr(result.astype(float)) - rgb2ycbcr(truth.astype(float))) / (219, 224, 224)
    blurred = gaussian_filter(difference, 3, axes=(0, 1), mode="mirror", radius=10)
    luma, blue, red = np.abs(blurred).mean(axis=(0, 1))
    return float(luma + 2 * blue + 2 * red)


def test_it_is_the_reference() -> None:
    truth, result = np.random.default_rng(0).random((2, 2, 40, 33, 3)).astype(np.float32)
    expected = np.mean([reference(one, two) for one, two in zip(truth, result, strict=True)])
    assert float(colour_consistency_loss(truth, result)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0.1, 0.1, 0.1), 0.1),  # grey: luma alone
        # Red: luma .299; Cb -.299 / 1.772 = -.1687; Cr .5. Twice for each chroma.
        ((0.1, 0, 0), 0.1 * (0.299 + 2 * 0.16874 + 2 * 0.5)),
        ((0, 0, 0.1), 0.1 * (0.114 + 2 * 0.5 + 2 * 0.08131)),
    ],
)
def test_a_tint_by_hand(colour: tuple[float, ...], expected: float) -> None:
    truth = np.random.default_rng(0).random((1, 24, 24, 3)).astype(np.float32)
    loss = colour_consistency_loss(truth, truth + np.array(colour, np.float32))
    assert float(loss) == pytest.approx(expected, rel=1e-3)


def test_detail_that_leaves_the_local_mean_costs_nothing() -> None:
    truth = np.full((1, 64, 64, 3), 0.5, np.float32)
    board = 0.2 * (-1) ** np.add.outer(np.arange(64), np.arange(64))[None, :, :, None].astype(np.float32)
    detail = float(colour_consistency_loss(truth, truth + board))
    assert detail < 1e-3 * float(colour_consistency_loss(truth, truth + 0.2))


def test_an_image_smaller_than_the_blur_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 11 pixels"):
        colour_consistency_loss(np.zeros((1, 10, 20, 3)), np.zeros((1, 10, 20, 3)))
