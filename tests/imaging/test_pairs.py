from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import pairs, resample
from srgan_edge.imaging.pairs import PairFiles, pair_of, scale_of, sets_of, sources_of


def save(path: Path, height: int, width: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo(height, width)).save(path)
    return path


@pytest.mark.parametrize(
    ("high", "low"),
    [
        ("0801.png", "0801.png"),
        ("0801.png", "0801.jpg"),
        ("0801.png", "0801x4.png"),
        ("baby.png", "babyx4.png"),
        ("baby_HR.png", "baby_LR.png"),
        ("baby_HR.png", "baby_LR_x4.png"),
        ("img_001_SRF_4_HR.png", "img_001_SRF_4_LR.png"),
        ("img_001.png", "img_001_SRF_4_LR.png"),
        ("woman-GT.png", "woman-LQ.png"),
        ("butterfly.png", "butterfly_bicubic_x4.png"),
        ("a [1].png", "a [1]x4.png"),
        ("a (2).png", "a (2)(x4).png"),
        ("Zebra.PNG", "zebra_4x.png"),
        ("x4.png", "x4.png"),
        ("*.png", "*x4.png"),
    ],
)
def test_twins_by_the_conventions_of_the_field(tmp_path: Path, high: str, low: str) -> None:
    save(tmp_path / "hr" / high, 64, 64)
    for name in (low, "other.png", "1.png", "0800x4.png", "mohr.png"):
        save(tmp_path / "lr" / name, 16, 16)
    assert sources_of(tmp_path / "hr", tmp_path / "lr", 4) == [PairFiles(tmp_path / "hr" / high, tmp_path / "lr" / low)]


def test_the_scale_chooses_among_twins(tmp_path: Path) -> None:
    save(tmp_path / "hr" / "a.png", 64, 64)
    for scale in (2, 4):
        save(tmp_path / "lr" / f"ax{scale}.png", 64 // scale, 64 // scale)
    (source,) = sources_of(tmp_path / "hr", tmp_path / "lr", 2)
    assert source.low == tmp_path / "lr" / "ax2.png"
    with pytest.raises(UsageError, match=r"has several LR counterparts of a\.png: ax2\.png and ax4\.png"):
        sources_of(tmp_path / "hr", tmp_path / "lr", None)


def test_both_in_one_folder(tmp_path: Path) -> None:
    for number in (1, 2):
        save(tmp_path / f"img_00{number}_SRF_4_HR.png", 64, 64)
        save(tmp_path / f"img_00{number}_SRF_4_LR.png", 16, 16)
        save(tmp_path / f"img_00{number}_SRF_4_SRCNN.png", 64, 64)
    found = sources_of(tmp_path, tmp_path, 4)
    assert [(s.high.name, s.low and s.low.name) for s in found] == [
        ("img_001_SRF_4_HR.png", "img_001_SRF_4_LR.png"),
        ("img_002_SRF_4_HR.png", "img_002_SRF_4_LR.png"),
    ]
    with pytest.raises(UsageError, match="holds no names with HR and LR"):
        save(tmp_path / "plain" / "a.png", 8, 8)
        sources_of(tmp_path / "plain", tmp_path / "plain", 4)


def test_sets_by_name(tmp_path: Path) -> None:
    for name, low in (("set5", "lr_x4"), ("Urban100", "LR_bicubic/X4")):
        save(tmp_path / name / "HR" / "a.png", 64, 64)
        save(tmp_path / name / low / "ax4.png", 16, 16)
    save(tmp_path / "made" / "hr" / "b.png", 64, 64)
    save(tmp_path / "notes" / "c.png", 64, 64)
    found = sets_of(tmp_path, None, 4)
    assert {name: [s.low and s.low.name for s in sources] for name, sources in found.items()} == {
        "set5": ["ax4.png"],
        "Urban100": ["ax4.png"],
        "made": [None],
    }
    assert list(sets_of(tmp_path / "set5", None, 4)) == ["set5"]
    assert list(sets_of(tmp_path / "set5" / "HR", None, 4)) == ["HR"]
    with pytest.raises(UsageError, match="no image in this folder"):
        sets_of(tmp_path / "Urban100" / "LR_bicubic", None, 4)


@pytest.mark.parametrize(("size", "fits"), [((64, 64), True), ((67, 66), True), ((68, 64), False), ((63, 64), False)])
def test_a_truth_fits_its_twin(tmp_path: Path, size: tuple[int, int], fits: bool) -> None:
    source = PairFiles(save(tmp_path / "high.png", *size), save(tmp_path / "low.png", 16, 16))
    if fits:
        pairs.check([source], 4)
        pair = pair_of(source, 4)
        assert pair.high.shape == (64, 64, 3)
        np.testing.assert_array_equal(pair.low, photo(16, 16))
        return
    for refused in (lambda: pairs.check([source], 4), lambda: pair_of(source, 4)):
        with pytest.raises(SrganEdgeError, match=r"high\.png: .* is not 4 times its LR counterpart .*low\.png, 16x16"):
            refused()


def test_without_a_twin_it_is_made(tmp_path: Path) -> None:
    pair = pair_of(PairFiles(save(tmp_path / "high.png", 66, 50), None), 4)
    np.testing.assert_array_equal(pair.low, resample.downscale(photo(66, 50), 4))
    np.testing.assert_array_equal(pair.high, photo(66, 50)[:64, :48])


@pytest.mark.parametrize("size", [(1, 1), (3, 100), (18, 64)])
def test_too_small(tmp_path: Path, size: tuple[int, int]) -> None:
    source = PairFiles(save(tmp_path / "tiny.png", *size), None)
    with pytest.raises(SrganEdgeError, match=r"tiny\.png: \d+x\d+ is too small: without a border of 4 pixels"):
        pairs.check([source], 4)
    pairs.check([PairFiles(save(tmp_path / "enough.png", 20, 20), None)], 4)


def test_the_scale_of_a_pair(tmp_path: Path) -> None:
    low = save(tmp_path / "low.png", 20, 30)
    assert scale_of(PairFiles(save(tmp_path / "high.png", 61, 92), low)) == 3
    for size in ((60, 60), (10, 10)):
        with pytest.raises(SrganEdgeError, match=r"is no multiple of its LR counterpart"):
            scale_of(PairFiles(save(tmp_path / "other.png", *size), low))


def test_sets_that_link_to_folders_of_one_name_are_all_measured(tmp_path: Path) -> None:
    for place in ("mine", "theirs"):
        save(tmp_path / place / "Set5" / "hr" / f"{place}.png", 64, 64)
        (tmp_path / "bench").mkdir(exist_ok=True)
        (tmp_path / "bench" / place).symlink_to(tmp_path / place / "Set5")
    sets = sets_of(tmp_path / "bench", None, 4)
    assert {name: [source.high.name for source in sources] for name, sources in sets.items()} == {
        "mine": ["mine.png"],
        "theirs": ["theirs.png"],
    }


def test_the_folder_one_is_in_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "Set5" / "hr" / "a.png", 64, 64)
    monkeypatch.chdir(tmp_path / "Set5")
    assert list(sets_of(Path(), None, 4)) == ["Set5"]
