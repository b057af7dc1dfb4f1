"""A picture of the pairs that a network would see."""

from __future__ import annotations

import numpy as np

from srgan_edge.imaging import Bytes
from srgan_edge.training.data.crops import CropSampler

_COLUMNS = 4
_GAP = 4


def contact_sheet(sampler: CropSampler, count: int = 16) -> Bytes:
    """Pairs of LR crop, enlarged by repetition, and HR crop, four a row, as `(H, W, 3)` bytes.

    They are of the first steps at which all crops may have their faults.
    """
    pairs, step = [], sampler.ramp_steps
    while len(pairs) < count:
        low, high = sampler(step)
        scale = sampler.scale
        pairs += [_joined(one.repeat(scale, 0).repeat(scale, 1), two) for one, two in zip(low, high, strict=True)]
        step += 1
    rows = [pairs[i : i + _COLUMNS] for i in range(0, count - count % _COLUMNS, _COLUMNS)]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def _joined(low: Bytes, high: Bytes) -> Bytes:
    sheet = np.full((high.shape[0] + _GAP, 2 * high.shape[1] + 2 * _GAP, 3), 255, np.uint8)
    sheet[: low.shape[0], : low.shape[1]] = low
    sheet[: high.shape[0], high.shape[1] + _GAP : -_GAP] = high
    return sheet
