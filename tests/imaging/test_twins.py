from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge.errors import UsageError
from srgan_edge.imaging.twins import Twins


def twin(folder: Path, photo: str, *low: str, scale: int = 4) -> str:
    for name in low:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return Twins(folder, scale).of(Path("/photos", photo), Path("/photos")).relative_to(folder).as_posix()


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
def test_conventions(tmp_path: Path, photo: str, low: str) -> None:
    assert twin(tmp_path, photo, low, "other.png") == low


def test_the_nearer_name_counts(tmp_path: Path) -> None:
    assert twin(tmp_path, "a.png", "a.png", "ax4.png", "a.jpg") == "a.png"
    assert twin(tmp_path, "s/b.png", "s/b.png", "t/b.png") == "s/b.png"
    assert twin(tmp_path, "0801.png", "0801x2.png", "0801x4.png", "0801x8.png", scale=2) == "0801x2.png"


@pytest.mark.parametrize("low", ["0802.png", "0801x2.png", "0801b.png", "x0801.png", "08014.png"])
def test_no_twin(tmp_path: Path, low: str) -> None:
    with pytest.raises(UsageError, match=r"has no twin of 0801\.png"):
        twin(tmp_path, "0801.png", low)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has two twins, .*a_LR\.png and .*ax4\.png"):
        twin(tmp_path, "a.png", "a_LR.png", "ax4.png")
    with pytest.raises(UsageError, match="no such folder"):
        Twins(tmp_path / "none", 4)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no image"):
        Twins(tmp_path / "empty", 4)
