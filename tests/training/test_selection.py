from __future__ import annotations

import json
from pathlib import Path

import pytest

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.training.selection import GanSelection
from srgan_edge.training.validation import Quality

pytestmark = pytest.mark.tensorflow

NAN = float("nan")
START = {"clean": Quality(28, 0.8, 0.30, 0.5, 0.9, 2.5), "noise": Quality(26, 0.7, 0.45, 0.8, 2.0, 5.5)}
BICUBIC = {"clean": Quality(26, 0.7, 0.36, 0.6, 1.0, 2.8), "noise": Quality(25, 0.6, 0.49, 0.9, 4.4, 5.1)}


def looks(dists: float, **changed: float) -> dict[str, Quality]:
    """Within all bounds but for what is `changed` on the noisy set."""
    good = Quality(25, 0.7, dists, 0.5, 1.4, 2.6)
    return {"clean": good._replace(psnr=27), "noise": good._replace(**changed)}


def selection(out: Path) -> GanSelection:
    found = GanSelection(out, 1.5)
    found.begin(START, BICUBIC)
    return found


def write(step: int, found: GanSelection, qualities: dict[str, Quality]) -> bool:
    def keep(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "step").write_text(str(step))

    return found.consider(step, qualities, keep)


def kept(out: Path) -> int:
    return int((out / "best" / "step").read_text())


def test_the_lowest_distance_within_the_bounds(tmp_path: Path) -> None:
    found = selection(tmp_path)
    assert found.best is None
    for step, dists, best in ((100, 0.40, 100), (200, 0.35, 200), (300, 0.36, 200), (400, 0.35, 200)):
        assert write(step, found, looks(dists)) == (best == step)
        assert kept(tmp_path) == best
    assert found.best is not None
    assert found.best == (200, pytest.approx(0.35), [])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"psnr": 24.49}, "noise: PSNR 24.49 dB is below 24.50"),
        ({"grain": 4.45}, "noise: grain 4.45 is above 4.40"),
        ({"colour": 5.11}, "noise: colour 5.11 is above 5.10"),
    ],
)
def test_a_broken_bound_outweighs_the_distance(tmp_path: Path, changed: dict[str, float], message: str) -> None:
    found = selection(tmp_path)
    write(100, found, looks(0.40))
    assert not write(200, found, looks(0.20, **changed))
    assert found.candidates[1].broken == [message]
    assert kept(tmp_path) == 100


@pytest.mark.parametrize("changed", [{"psnr": 24.5}, {"grain": 4.4}, {"colour": 5.1}, {"grain": NAN}])
def test_a_bound_itself_is_kept(tmp_path: Path, changed: dict[str, float]) -> None:
    found = selection(tmp_path)
    write(100, found, looks(0.40))
    assert write(200, found, looks(0.20, **changed))


def test_little_grain_is_none(tmp_path: Path) -> None:
    found = selection(tmp_path)
    quality = looks(0.4)
    write(100, found, quality | {"clean": quality["clean"]._replace(grain=1.49)})  # bicubic has 1.0
    write(200, found, quality | {"clean": quality["clean"]._replace(grain=1.51)})
    assert [len(c.broken) for c in found.candidates] == [0, 1]


def test_all_break_a_bound(tmp_path: Path) -> None:
    found = selection(tmp_path)
    assert write(100, found, looks(0.3, psnr=20, grain=9))
    assert write(200, found, looks(0.4, psnr=20))
    assert not write(300, found, looks(0.2, psnr=20, colour=9))
    assert kept(tmp_path) == 200


def test_nothing_flat_has_no_bound(tmp_path: Path) -> None:
    found = GanSelection(tmp_path, 1.5)
    found.begin(START, {name: quality._replace(grain=NAN) for name, quality in BICUBIC.items()})
    write(100, found, looks(0.3, grain=NAN))
    assert found.candidates[0].broken == []
    assert "NaN" not in (tmp_path / "selection.json").read_text()  # no word of JSON's
    again = GanSelection(tmp_path, 1.5)
    again.resume(100, 100, START)
    assert again.best == found.best
    assert write(200, again, looks(0.2))


def test_resumed(tmp_path: Path) -> None:
    found = selection(tmp_path)
    write(100, found, looks(0.35))
    write(200, found, looks(0.40))
    record = (tmp_path / "selection.json").read_text()
    assert json.loads(record)["best"] == 100
    again = GanSelection(tmp_path, 1.5)
    assert not again.begun
    again.resume(150, kept(tmp_path), START)
    assert again.begun
    assert [c.step for c in again.candidates] == [100]
    assert not write(200, again, looks(0.40))
    assert not write(200, again, looks(0.40))  # the same step once more is no other candidate
    assert (tmp_path / "selection.json").read_text() == record
    assert kept(tmp_path) == 100


def test_resumed_before_the_best(tmp_path: Path) -> None:
    """What the folder holds is of a step that comes again: until then nothing is the best."""
    found = selection(tmp_path)
    write(100, found, looks(0.40))
    write(200, found, looks(0.35))
    again = GanSelection(tmp_path, 1.5)
    again.resume(150, kept(tmp_path), START)
    assert again.best is None
    assert not (tmp_path / "best").exists()
    assert write(200, again, looks(0.35))


@pytest.mark.parametrize("sets", [["clean"], ["clean", "phone"], ["clean", "noise", "phone"]])
def test_other_sets_are_refused(tmp_path: Path, sets: list[str]) -> None:
    write(100, selection(tmp_path), looks(0.3))
    with pytest.raises(UsageError, match=rf"judged on the sets clean, noise, and data\.valid means {', '.join(sets)}"):
        GanSelection(tmp_path, 1.5).resume(100, 100, sets)


def test_another_bound_of_psnr_is_refused(tmp_path: Path) -> None:
    write(100, selection(tmp_path), looks(0.3))
    with pytest.raises(UsageError, match=r"judged by gan\.max_psnr_drop = 1\.5, not 3\.0"):
        GanSelection(tmp_path, 3.0).resume(100, 100, START)


def test_a_record_of_an_earlier_version(tmp_path: Path) -> None:
    """It does not say what the bounds come from."""
    write(100, selection(tmp_path), looks(0.3))
    record = json.loads((tmp_path / "selection.json").read_text())
    del record["max_psnr_drop"]
    (tmp_path / "selection.json").write_text(json.dumps(record))
    again = GanSelection(tmp_path, 3.0)
    again.resume(100, 100, START)
    assert again.begun


@pytest.mark.parametrize("text", ["{", "[]", '{"bounds": {}}', '{"bounds": {}, "candidates": [{"step": 1}]}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "selection.json").write_text(text)
    with pytest.raises(SrganEdgeError, match=r"selection\.json: is damaged: .*; without it no best weights are kept"):
        GanSelection(tmp_path, 1.5).resume(100, 100, START)


def killed_between(out: Path) -> GanSelection:
    """After step 200's weights were written, before they were noted."""
    found = selection(out)
    write(100, found, looks(0.40))
    record = (out / "selection.json").read_text()
    write(200, found, looks(0.35))
    (out / "selection.json").write_text(record)
    return GanSelection(out, 1.5)


def test_resumed_where_the_best_was_not_yet_noted(tmp_path: Path) -> None:
    """The validation comes again, and all is as if nothing had been."""
    again = killed_between(tmp_path)
    again.resume(200, kept(tmp_path), START)
    assert write(200, again, looks(0.35))
    assert [c.step for c in again.candidates] == [100, 200]
    assert kept(tmp_path) == 200


def test_resumed_before_a_best_that_was_not_yet_noted(tmp_path: Path) -> None:
    """What is noted as the best is gone, and another's weights are not taken for it."""
    again = killed_between(tmp_path)
    again.resume(150, kept(tmp_path), START)
    assert again.best is None
    assert not (tmp_path / "best").exists()


def test_another_run_begins_anew(tmp_path: Path) -> None:
    write(100, selection(tmp_path), looks(0.20))
    found = selection(tmp_path)
    assert found.best is None
    assert not (tmp_path / "best").exists()
    assert write(100, found, looks(0.40))
