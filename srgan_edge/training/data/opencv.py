"""OpenCV for crops: in one thread, and imported when the first crop needs it."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def opencv() -> Any:
    """The module cv2."""
    import cv2

    # Crops are too small to share: threads would only wait for each other, and for the training step.
    cv2.setNumThreads(1)
    return cv2
