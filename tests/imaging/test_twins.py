from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge.errors import UsageError
from srgan_edge.imaging.twins import Twins

ROOT = Path("/photos")


def twin(photo: str, *low: str, scale: int | None = 4) -> str:
    folder = Path("/low")
    return Twins(folder, [folder / name for name in low], scale).of(ROOT / photo, ROOT).relative_to(folder).as_posix()


@pytest.mark.parametrize(
    ("photo", "low"),
    [
        ("a.png", "a.png"),
        ("a.png", "a.jpg"),
        ("0801.png", "0801x4.png"),
        ("0801.png", "X4/0801x4m.png"),
        ("img_001_SRF_4_HR.png", "img_001_SRF_4_LR.png"),
        ("Canon_001_HR.png", "Canon_001_LR4.png"),
        ("panasonic_5_x1.png", "panasonic_5_x4.png"),
        ("0801.png", "0801_LR_bicubic_X4.png"),
        ("0801.png", "0801_LRx4.png"),
        ("photo_GT.png", "photo.png"),
        ("photo [1].png", "photo [1]_lr.webp"),
        ("sub/a.png", "sub/a.png"),
    ],
)
def test_conventions(photo: str, low: str) -> None:
    assert twin(photo, low, "other.png", "1.png", "mohr.png", "0802x4.png") == low


def test_the_nearer_name_counts() -> None:
    assert twin("a.png", "a.png", "ax4.png", "a.jpg") == "a.png"
    assert twin("s/b.png", "t/b.png", "s/b.png") == "s/b.png"
    assert twin("0801.png", "0801x2.png", "0801x4.png", "0801x8.png", scale=2) == "0801x2.png"


@pytest.mark.parametrize("low", ["0802.png", "0801b.png", "x0801.png", "08014.png", "walrus.png"])
def test_no_twin(low: str) -> None:
    with pytest.raises(UsageError, match=r"/low: has no LR counterpart of 0801\.png"):
        twin("0801.png", low)


def test_several_twins() -> None:
    with pytest.raises(UsageError, match=r"has several LR counterparts of a\.png: a_LR\.png and a_bicubic\.png"):
        twin("a.png", "a_LR.png", "a_bicubic.png")
    with pytest.raises(UsageError, match=r"has several LR counterparts of a\.png: ax2\.png and ax4\.png"):
        twin("a.png", "ax2.png", "ax4.png", scale=None)
    with pytest.raises(UsageError, match=r"several LR counterparts of b\.png: s/b\.png and t/b\.png"):
        twin("b.png", "s/b.png", "t/b.png")


def test_many_are_found_in_a_moment() -> None:
    """Not each among all: a training set has some 100,000."""
    folder = Path("/low")
    twins = Twins(folder, [folder / f"{i:06}x4.png" for i in range(20_000)], 4)
    assert all(twins.of(ROOT / f"{i:06}.png", ROOT).name == f"{i:06}x4.png" for i in range(20_000))
