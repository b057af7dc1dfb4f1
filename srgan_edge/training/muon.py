"""Muon: gradient descent whose steps turn a kernel's every direction by the same amount."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras

# Jordan et al. 2024, "Muon": the quintic whose iteration takes singular values to about 1 soonest.
_QUINTIC = (3.4445, -4.7750, 2.0315)


class Muon(keras.optimizers.Adam):
    """Momentum made orthogonal for kernels (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon), Adam else.

    A kernel `(h, w, in, out)` is a matrix of `h w in` rows. Its step has the size that Adam's would have
    (Liu et al. 2025, "Muon is Scalable for LLM Training", section 2.2), so that one learning rate serves both.
    """

    def update_step(self, gradient: Any, variable: Any) -> None:
        """Descend by one step."""
        if len(variable.shape) not in (2, 4):  # the slopes of a PReLU have three axes
            super().update_step(gradient, variable)
            return
        momentum = self._momentums[self._index_dict[self._var_key(variable)]]
        momentum.assign(self.beta_1 * momentum + (1 - self.beta_1) * gradient)
        # Nesterov's: the momentum as it will be if the gradient stays.
        ahead = self.beta_1 * momentum + (1 - self.beta_1) * gradient
        direction = orthogonalised(tf.reshape(ahead, (-1, variable.shape[-1])))
        size = 0.2 * max(direction.shape) ** 0.5
        rate = tf.cast(self.learning_rate, variable.dtype)
        variable.assign_sub(rate * size * tf.reshape(direction, variable.shape))


def orthogonalised(matrix: Any, iterations: int = 5) -> Any:
    """U V^T of a matrix U S V^T, nearly: its singular values all come to lie between 0.7 and 1.2."""
    a, b, c = _QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = tf.transpose(matrix) if tall else matrix
    x /= tf.norm(x) + 1e-12
    for _ in range(iterations):
        square = tf.matmul(x, x, transpose_b=True)
        x = a * x + tf.matmul(b * square + c * tf.matmul(square, square), x)
    return tf.transpose(x) if tall else x
