"""Pictures: decoding, encoding, resampling and metrics, without TensorFlow."""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
"""Pixels, `(height, width, channels)`: 1 = grey, 2 = grey and transparency, 3 = RGB, 4 = RGB and transparency."""
