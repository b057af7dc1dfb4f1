"""What a generator's result is judged by: the weighted losses of a phase but the adversarial one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from srgan_edge.training import losses
from srgan_edge.training.perceptual import ContentLoss
from srgan_edge.training.recipe import Losses

Network = Callable[[Any], Any]
"""Images in [0, 1] -> images in [0, 1]."""
Features = tuple[list[Any], list[Any]]
"""Of truth and result, maps of the perceptual network."""

SHIFT = 8
"""Rows and columns of HR that the perceptual network and the discriminator do not see."""

_ON_PIXELS: dict[str, losses.Loss] = {
    "ms_ssim": losses.ms_ssim_loss,
    "colour": losses.colour_consistency_loss,
    "focal_frequency": losses.focal_frequency_loss,
}


class GeneratorLoss:
    """The sum of a phase's losses, each times its weight."""

    def __init__(
        self,
        weights: Losses,
        luma: float,
        content: ContentLoss | None = None,
        average: Network | None = None,
        teacher: Network | None = None,
    ) -> None:
        """Take what the losses of weight above 0 need.

        Args:
            weights: of the losses, by name; the adversarial one is the discriminator's business.
            luma: share of the losses on pixels that compares luma alone.
            content: for `content` and `dists`, and for a projected discriminator.
            average: for `ldl`: the running average of the generator.
            teacher: for `distillation`.
        """
        self.weights = {name: weight for name, weight in weights.weights().items() if name != "adversarial"}
        self.luma, self.average, self.teacher = luma, average, teacher
        self._content = content
        self.needs_features = weights.of_features

    @property
    def content(self) -> ContentLoss:
        """The perceptual network."""
        assert self._content is not None, "the phase was built without a perceptual network"
        return self._content

    def features(self, truth: Any, result: Any, step: Any) -> Features:
        """Of two images `[N, H, W, 3]` in [0, 1], shifted alike."""
        real, fake = shifted(2 * truth - 1, 2 * result - 1, step)
        return self.content.features(real), self.content.features(fake)

    def __call__(self, low: Any, truth: Any, result: Any, features: Features | None) -> tuple[Any, dict[str, Any]]:
        """The weighted sum, and each loss by name with `_loss` behind it.

        `[N, h, w, 3]`, `[N, s h, s w, 3]` twice, all float32 in [0, 1]; the features of truth and result if
        `needs_features`.
        """
        terms = {name: self._term(name, low, truth, result, features) for name in self.weights}
        total = tf.add_n([weight * terms[name] for name, weight in self.weights.items()]) if terms else 0.0
        return total, {f"{name}_loss": term for name, term in terms.items()}

    def _term(self, name: str, low: Any, truth: Any, result: Any, features: Features | None) -> Any:
        if name in losses.PIXEL_LOSSES:
            return losses.pixel_loss(name, self.luma)(truth, result)
        if name in _ON_PIXELS:
            return _ON_PIXELS[name](truth, result)
        if name == "lr_consistency":
            scale = truth.shape[1] // low.shape[1]
            return losses.mse(*(tf.nn.avg_pool2d(image, scale, scale, "VALID") for image in (truth, result)))
        if name == "distillation":
            assert self.teacher is not None
            return losses.pixel_loss("l1", self.luma)(tf.stop_gradient(self.teacher(low)), result)
        if name == "ldl":
            assert self.average is not None
            return losses.ldl_loss(truth, result, tf.stop_gradient(self.average(low)))
        assert features is not None, name
        return losses.dists_loss(*features) if name == "dists" else self.content.distance(*features)


def shifted(truth: Any, result: Any, step: Any) -> tuple[Any, Any]:
    """Both `[N, H, W, 3]` without SHIFT of their rows and columns, 0 to SHIFT of them before: others at each step.

    The gradient that a strided convolution hands back is checkered (Odena et al. 2016, "Checkerboard artifacts in
    gradients"), and crops always lie on the same grid: without the shift the generator learns its dots.
    """
    top, left = tf.unstack(tf.random.stateless_uniform((2,), (tf.cast(step, tf.int64), 0), 0, SHIFT + 1, tf.int64))
    size = (-1, truth.shape[1] - SHIFT, truth.shape[2] - SHIFT, 3)
    return tf.slice(truth, (0, top, left, 0), size), tf.slice(result, (0, top, left, 0), size)
