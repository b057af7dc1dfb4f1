from __future__ import annotations

import numpy as np
import pytest
from contact_sheet import ROWS, SIDE, Row, contrast, rows_of, sheet
from degraded_sets import KINDS, REAL, Sets

from srgan_edge.errors import UsageError


def checkers(height: int, width: int, y: int, x: int, side: int) -> np.ndarray:
    """A grey picture with squares somewhere."""
    picture = np.full((height, width, 3), 100, np.uint8)
    rows, columns = np.mgrid[:side, :side]
    picture[y : y + side, x : x + side] += (60 * ((rows + columns) % 2)).astype(np.uint8)[..., None]
    return picture


def sets(count: int) -> Sets:
    """The more squares, the later the photo."""
    truths = {f"{i}": checkers(400, 400, 160, 80, 20 + 20 * i) for i in range(count)}
    lows = {kind: {name: t[::4, ::4] for name, t in truths.items()} for kind in KINDS}
    return Sets(truths, {**lows, REAL: {"0": checkers(100, 100, 40, 50, 40)}})


def test_the_busiest_part() -> None:
    assert contrast(checkers(400, 400, 160, 80, 160), 160)[1:] == (80, 160)
    assert contrast(checkers(90, 70, 10, 10, 20), 160)[1:] == (0, 0)  # smaller than a part


def test_rows_by_name() -> None:
    made = sets(ROWS + 2)
    assert [row.photo for row in rows_of("noise", made, 4)] == ["5", "4", "3", "2"]
    assert rows_of("phone/1@12,34", made, 4) == [Row("phone", "1", 12, 34)]
    (found,) = rows_of("phone/5", made, 4)
    assert found[2] <= 80 and found[2] + SIDE >= 80 + 120 and found[3] <= 160 and found[3] + SIDE >= 160 + 120
    # Without a truth the input is looked at, in places of the result.
    assert rows_of("real/0", made, 4) == [Row("real", "0", 200, 160)]
    assert len(rows_of("all", made, 4)) == ROWS * len(KINDS) + 1
    with pytest.raises(UsageError, match="write KIND/PHOTO@X,Y"):
        rows_of("phone/1@12", made, 4)
    with pytest.raises(UsageError, match="0,0 is not in a picture"):
        rows_of("phone@0,0", made, 4)


def test_cells_are_where_their_labels_say() -> None:
    made = sets(2)
    results = {"model": {kind: {"0": np.full((400, 400, 3), 7, np.uint8)} for kind in (*KINDS, REAL)}}
    page = np.asarray(sheet([Row("noise", "0", 100, 200), Row(REAL, "0", 0, 0)], made, results, 4))
    assert page.shape == (2 * 334, 3 * 322, 3)
    low, truth = made.lows["noise"]["0"], made.truths["0"]
    enlarged = low.repeat(4, 0).repeat(4, 1)[200:360, 100:260].repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(page[14:334, :320], enlarged)
    assert (page[14:334, 322:642] == 7).all()
    np.testing.assert_array_equal(page[14:334, 644:964], truth[200:360, 100:260].repeat(2, 0).repeat(2, 1))
    assert (page[348:668, 644:964] == 255).all()  # no truth
