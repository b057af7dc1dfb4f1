"""Losses are computed in float32, whatever the networks compute in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import tensorflow as tf


def in_float32(loss: Callable[..., Any]) -> Callable[..., Any]:
    """The loss with its tensors cast to float32: sums of half-precision numbers lose what tells two images apart."""

    @wraps(loss)
    def cast(*arguments: Any, **options: Any) -> Any:
        return loss(*(a if isinstance(a, int | float) else tf.cast(a, tf.float32) for a in arguments), **options)

    return cast
