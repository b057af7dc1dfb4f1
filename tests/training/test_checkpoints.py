from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.training.checkpoints import Checkpoints

pytestmark = pytest.mark.tensorflow


def saved(folder: Path, *steps: int, keep: int = 3) -> tuple[Checkpoints, tf.Variable]:
    value = tf.Variable(tf.zeros(1000))
    checkpoints = Checkpoints(folder, keep, True, value=value)
    for step in steps:
        value.assign(tf.fill(1000, float(step)))
        checkpoints.save(step)
    value.assign(tf.zeros(1000))
    return checkpoints, value


def test_the_newest_are_kept_and_what_a_kill_left_goes(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    for name in ("step-2_temp/part-0", "step-3.data-00000-of-00001", "step-4.index.tempstate123"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    checkpoints, value = saved(tmp_path, 5, 6, keep=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"step-{n}.{end}" for n in (5, 6) for end in ("data-00000-of-00001", "index")
    ]
    assert checkpoints.restore(print) == 6
    assert float(value[0]) == 6
    assert saved(tmp_path / "none")[0].restore(print) is None


def test_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    checkpoints, value = saved(tmp_path, 1, 2)
    data = tmp_path / "step-2.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[1000] ^= 1
    data.write_bytes(content)
    said: list[str] = []
    assert checkpoints.restore(said.append) == 1
    assert float(value[500]) == 1
    assert "step-2 is damaged" in said[0]
    (tmp_path / "step-1.data-00000-of-00001").unlink()
    with pytest.raises(SrganEdgeError, match="all checkpoints are damaged"):
        checkpoints.restore(said.append)


@pytest.mark.parametrize(
    "others",
    [{"value": tf.Variable(tf.zeros(7))}, {}, {"value": tf.Variable(tf.zeros(1000)), "more": tf.Variable(tf.ones(1))}],
)
def test_one_of_other_networks_is_not_called_damaged(tmp_path: Path, others: dict[str, tf.Variable]) -> None:
    saved(tmp_path, 1, 2)
    with pytest.raises(UsageError, match="step-2 is of other networks or optimizers than the recipe's"):
        Checkpoints(tmp_path, 3, True, **others).restore(print)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SrganEdgeError, match=r"checkpoints: cannot be written: Not a directory"):
        saved(tmp_path / "file" / "checkpoints", 1)
