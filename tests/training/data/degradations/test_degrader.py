from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from srgan_edge.training.data.degradations import degrader, faults, h264
from srgan_edge.training.data.degradations.degrader import Degrader
from srgan_edge.training.data.degradations.settings import PRESETS, Degradation, Noise


def of(preset: str, **changes: Any) -> Degrader:
    return Degrader(Degradation.model_validate({"preset": preset, **changes}), 4)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_part_becomes_a_quarter_and_each_seed_gives_its_own_bytes(preset: str, coffee: np.ndarray) -> None:
    part = coffee[:200, :240]
    made = [of(preset)(part, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert all(low.shape == (50, 60, 3) and low.dtype == np.uint8 for low in made)
    np.testing.assert_array_equal(made[0], made[1])
    if preset != "bicubic":
        assert (made[0] != made[2]).any()


def test_the_photo_stays_where_it_is(coffee: np.ndarray) -> None:
    """No preset moves the picture: against shifts by a pixel the unmoved one is nearest on average."""
    part = coffee[:256, 100:356]
    truth = part.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    for preset in ("real", "real-esrgan", "video"):
        lows = np.mean([of(preset)(part, np.random.default_rng(i)).astype(float) for i in range(40)], axis=0)
        errors = {
            (dy, dx): ((np.roll(lows, (dy, dx), (0, 1)) - truth)[4:-4, 4:-4] ** 2).mean()
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
        }
        assert min(errors, key=lambda shift: errors[shift]) == (0, 0), preset


def counted(monkeypatch: pytest.MonkeyPatch, preset: str, draws: int) -> Counter[str]:
    """How often each fault happened; the faults themselves do nothing."""
    seen: Counter[str] = Counter()

    def spy(name: str) -> Any:
        def fault(image: np.ndarray, *arguments: Any) -> np.ndarray:
            seen[name] += 1
            if name != "resize":
                return image
            height, width, *_ = arguments
            seen["enlarged" if height > 8 else "to target"] += 1
            return np.zeros((height, width, 3), np.uint8)

        return fault

    for name in ("blur", "resize", "sharpen", "noise", "jpeg"):
        monkeypatch.setattr(degrader.faults, name, spy(name))
    monkeypatch.setattr(h264, "h264", spy("h264"))
    made = of(preset)
    for index in range(draws):
        draw = np.random.default_rng(index)
        if made.is_clean(draw):
            seen["clean"] += 1
        else:
            made(np.zeros((32, 32, 3), np.uint8), draw)
    return seen


def test_the_shares_of_the_mild_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth clean; of the others each fault by its own probability."""
    seen = counted(monkeypatch, "real", 10_000)
    assert seen["clean"] / 10_000 == pytest.approx(0.2, abs=0.015)
    shares = {name: seen[name] / (10_000 - seen["clean"]) for name in ("blur", "enlarged", "sharpen", "noise", "jpeg")}
    expected = {"blur": 0.5, "enlarged": 0.25, "sharpen": 0.3, "noise": 0.5, "jpeg": 0.8 + 0.25 * 0.7}
    assert shares == pytest.approx(expected, abs=0.02)
    assert seen["h264"] == 0


def test_the_shares_of_real_esrgan_and_of_video(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = counted(monkeypatch, "real-esrgan", 2000)
    shares = {name: seen[name] / 2000 for name in ("clean", "blur", "noise", "jpeg", "resize")}
    assert shares == pytest.approx({"clean": 0, "blur": 1 + 0.8 + 0.8, "noise": 2, "jpeg": 2, "resize": 3}, abs=0.05)
    video = counted(monkeypatch, "video", 4000)
    faulty = 4000 - video["clean"]
    assert video["h264"] / faulty == pytest.approx(0.7, abs=0.03)
    # A video's frame has no JPEG after it.
    assert video["jpeg"] / faulty == pytest.approx(0.3 * 0.8 + 0.25 * 0.7, abs=0.03)


def test_a_ramp_begins_clean() -> None:
    made = of("real", clean=0.2)
    for ramped, expected in ((0.0, 1.0), (0.5, 0.6), (1.0, 0.2)):
        clean = [made.is_clean(np.random.default_rng(i), ramped) for i in range(4000)]
        assert np.mean(clean) == pytest.approx(expected, abs=0.03)


def test_a_changed_range_is_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Noise] = []
    monkeypatch.setattr(faults, "noise", lambda image, settings, draw: (given.append(settings), image)[1])
    made = of("real", last={"noise": {"probability": 1.0, "sigma": [3.0, 4.0]}})
    made(np.zeros((32, 32, 3), np.uint8), np.random.default_rng(0))
    assert given[0].sigma == (3.0, 4.0)
    assert given[0].softened == pytest.approx(1 / 3)  # the preset's
