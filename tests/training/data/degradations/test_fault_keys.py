"""Every key of a fault changes what is degraded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import digest
from recipe_keys import keys

from srgan_edge.training.data.degradations.degrader import Degrader
from srgan_edge.training.data.degradations.settings import Degradation

EVERYTHING: dict[str, Any] = {
    "preset": "real-esrgan",
    **{
        stage: {
            "probability": 0.9,
            "blur": {"probability": 0.9, "kernels": {"generalised_iso": 1.0, "plateau_aniso": 1.0}, "sinc": 0.3},
            "resize": {"probability": 0.9, "up": 1.0, "down": 1.0, "keep": 1.0, "factor": [0.5, 1.5]},
            "sharpen": {"probability": 0.9},
            "noise": {"probability": 0.9, "sigma": [2.0, 9.0], "softened": 0.5, "log_uniform": False},
            "jpeg": {"probability": 0.9, "quality": [50, 90], "subsampled": 0.5},
        }
        for stage in ("first", "second")
    },
    "last": {
        "blur": {"probability": 0.9, "kernels": {"generalised_iso": 1.0, "plateau_aniso": 1.0}, "sinc": 0.3},
        "sharpen": {"probability": 0.9},
        "noise": {"probability": 0.9, "sigma": [2.0, 9.0], "softened": 0.5, "log_uniform": False},
        "h264": {"probability": 0.3},
        "jpeg": {"probability": 0.9, "quality": [50, 90], "subsampled": 0.5},
        "jpeg_first": 0.5,
    },
}
"""Every fault at once."""

OTHERS: dict[str, Any] = {
    "kernels": {"iso": 1.0},
    "filters": {"area": 1.0},
    "quality": [10, 20],
    "crf": [45, 50],
    "log_uniform": True,
    "factor": [0.3, 1.2],
    "sigma": [4.0, 5.0],
    "beta_generalised": [6.0, 7.0],
    "beta_plateau": [6.0, 7.0],
    "cutoff": [0.5, 0.6],
    "radius": [3.0, 4.0],
    "amount": [4.0, 5.0],
    "up": 9.0,
    "down": 9.0,
    "keep": 9.0,
}
"""Another value by the key's last name; a share's is 0."""

FAULTS = [key for key in keys(Degradation) if "." in key]


def lows(settings: dict[str, Any], photo: np.ndarray) -> list[str]:
    made = Degrader(Degradation.model_validate(settings), 4)
    return [digest(made(photo[:64, :64], np.random.default_rng(seed))) for seed in range(12)]


@pytest.fixture(scope="module")
def before(coffee: np.ndarray) -> list[str]:
    return lows(EVERYTHING, coffee)


@pytest.mark.parametrize("key", FAULTS)
def test_a_key_of_a_fault(key: str, before: list[str], coffee: np.ndarray) -> None:
    """It changes some of a dozen degraded images."""
    *tables, last = key.split(".")
    changed: dict[str, Any] = {**EVERYTHING}
    inner = changed
    for name in tables:
        inner[name] = dict(inner.get(name, {}))
        inner = inner[name]
    inner[last] = OTHERS.get(last, 0.0)
    assert lows(changed, coffee) != before
