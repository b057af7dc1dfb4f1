from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import photo

from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import resample
from srgan_edge.training.data.contact_sheet import contact_sheet
from srgan_edge.training.data.crops import CropSampler, batches, dataset, mean_gradient
from srgan_edge.training.data.degradations.degrader import Degrader
from srgan_edge.training.data.degradations.settings import Degradation
from srgan_edge.training.data.photos import Pair, PhotoFile

pytestmark = pytest.mark.tensorflow


def pairs(*sizes: tuple[int, int]) -> list[Pair]:
    made = []
    for index, (height, width) in enumerate(sizes):
        hr = photo(height, width, index)
        made.append(Pair(str(index), resample.downscale(hr, 4), hr))
    return made


def test_crops_belong_together() -> None:
    (pair,) = made = pairs((96, 128))
    sampler = CropSampler(made, 4, 8, 6, flip_rotate=False, seed=3)
    low, high = sampler(5)
    assert (low.shape, high.shape) == ((6, 8, 8, 3), (6, 32, 32, 3))
    for one, other in zip(low, high, strict=True):
        places = [(y, x) for y in range(17) for x in range(25) if np.array_equal(pair.lr[y : y + 8, x : x + 8], one)]
        assert any(np.array_equal(pair.hr[4 * y : 4 * y + 32, 4 * x : 4 * x + 32], other) for y, x in places)


def test_every_place_of_a_photo_is_drawn() -> None:
    """One pixel more than a crop each way: four places; no more than a crop: one."""
    (pair,) = made = pairs((36, 36))
    low, _ = CropSampler(made, 4, 8, 100, flip_rotate=False, seed=0)(0)
    places = [
        [(y, x) for y in (0, 1) for x in (0, 1) if np.array_equal(pair.lr[y : y + 8, x : x + 8], one)] for one in low
    ]
    assert all(len(found) == 1 for found in places)
    counts = [places.count([(y, x)]) for y in (0, 1) for x in (0, 1)]
    assert min(counts) > 10
    (whole,) = exact = pairs((32, 32))
    np.testing.assert_array_equal(CropSampler(exact, 4, 8, 1, flip_rotate=False, seed=0)(0)[0][0], whole.lr)


def test_turned_crops_still_belong_together() -> None:
    low, high = CropSampler(pairs((160, 160)), 4, 24, 32, flip_rotate=True, seed=0)(0)
    for one, other in zip(low, high, strict=True):
        # A crop's own degradation differs from the photo's only near the crop's edges.
        inner = (slice(3, -3), slice(3, -3))
        assert np.abs(resample.downscale(other, 4)[inner].astype(int) - one[inner]).max() <= 1


def test_all_eight_orientations_are_drawn() -> None:
    (whole,) = exact = pairs((32, 32))
    drawn = {crop.tobytes() for crop in CropSampler(exact, 4, 8, 128, flip_rotate=True, seed=0)(0)[1]}
    square = (whole.hr, whole.hr.transpose(1, 0, 2))
    assert drawn == {np.rot90(side, quarter).tobytes() for side in square for quarter in range(4)}


def test_a_step_decides_its_batch() -> None:
    sampler = CropSampler(pairs((96, 128), (64, 64)), 4, 8, 4, True, seed=1)
    np.testing.assert_array_equal(sampler(7)[0], sampler(7)[0])
    assert not np.array_equal(sampler(7)[0], sampler(8)[0])
    tensors = [(low.numpy(), high.numpy()) for low, high in batches(sampler, 5, 8)]
    assert len(tensors) == 3
    for step, (low, high) in enumerate(tensors, 5):
        np.testing.assert_array_equal(low, sampler(step)[0])
        np.testing.assert_array_equal(high, sampler(step)[1])


def test_workers_and_devices_share_a_batch() -> None:
    """2 workers of 2 devices: their shares of each step, in order, are the whole batch."""
    sampler = CropSampler(pairs((96, 128)), 4, 8, 8, True, seed=1)
    workers = [[low.numpy() for low, _ in dataset(sampler, 3, 5, (w, 2), devices=2)] for w in (0, 1)]
    for step in (0, 1):
        joined = np.concatenate([workers[w][2 * step + device] for w in (0, 1) for device in (0, 1)])
        np.testing.assert_array_equal(joined, sampler(3 + step)[0])


def test_photos_are_drawn_by_area() -> None:
    made = pairs((40, 40), (120, 120))
    made = [p._replace(lr=np.full_like(p.lr, i * 255), hr=np.full_like(p.hr, i * 255)) for i, p in enumerate(made)]
    sampler = CropSampler(made, 4, 8, 1000, True, seed=0)
    assert (sampler(0)[0][:, 0, 0, 0] == 255).mean() == pytest.approx(0.9, abs=0.03)


def test_smooth_crops_are_drawn_again() -> None:
    (pair,) = pairs((200, 200))
    pair.lr[:, 10:] = 77  # a strip of texture beside a wide plain
    plain = CropSampler([pair], 4, 8, 200, True, seed=0)(0)[0]
    rough = CropSampler([pair], 4, 8, 200, True, seed=0, min_gradient=1.0)(0)[0]

    def share(crops: np.ndarray) -> float:
        return float(np.mean([mean_gradient(c) < 1 for c in crops]))

    assert share(plain) > 0.6
    assert share(rough) < share(plain) ** 5


def test_mean_gradient_by_hand() -> None:
    crop = np.zeros((2, 2, 3), np.uint8)
    crop[0, 0] = 8
    assert mean_gradient(crop) == pytest.approx((8 / 2 + 8 / 2) / 2)


def test_a_damaged_file_is_named_once_and_another_drawn(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    good = next(photos.glob("*.png"))
    files = [PhotoFile(tmp_path / "broken.png", 4, (20, 20)), PhotoFile(good, 4, (20, 20))]
    said: list[str] = []
    sampler = CropSampler(files, 4, 8, 40, True, 0, warn=said.append)
    low, _ = sampler(0)
    assert len(low) == 40
    assert [("broken.png" in text) for text in said] == [True]
    with pytest.raises(SrganEdgeError, match=r"10 photos in a row cannot be read, among them .*broken.png: "):
        CropSampler(files[:1], 4, 8, 4, True, 0)(0)


@pytest.mark.parametrize("fault", ["damaged", "a bug"])
def test_what_keeps_a_batch_from_being_drawn_is_said_as_it_is(fault: str, photos: Path, tmp_path: Path) -> None:
    """Not as an error of TensorFlow's, and nothing of its pipeline is left for the interpreter to wait for."""
    good = next(photos.glob("*.png"))
    copy = tmp_path / "copy.png"
    copy.write_bytes(good.read_bytes())
    sampler = CropSampler([PhotoFile(copy, 4, (20, 20))], 4, 8, 4, True, 0)
    drawn = batches(sampler, 0, 100)
    assert next(drawn)[0].shape == (4, 8, 8, 3)
    if fault == "damaged":
        copy.unlink()
    else:
        sampler.crop = 1000
    with pytest.raises(SrganEdgeError if fault == "damaged" else ValueError) as said:
        list(drawn)
    assert said.value.__context__ is None
    if fault == "damaged":
        assert re.search(r"10 photos in a row cannot be read, among them .*copy.png: ", str(said.value))


_TRAINS = """
import sys
from pathlib import Path
from srgan_edge import api
source, out = sys.argv[1:]
small = {"data.cache": "none", "data.batch": 2, "data.crop": 16, "gan.steps": 0, "pretrain.steps": 100000}

def report(event):
    if event["event"] == "train" and event["step"] == 1:  # all photos go
        Path(source).rename(source + "-gone")

try:
    api.train("sample", data=source, out=out, changes={**small, "loop.log_every": 1}, report=report)
except BaseException as error:
    kept = error
    print(type(error).__name__, error)
"""


def test_a_training_whose_photos_vanish_says_so_and_ends(photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "photos")
    command = [sys.executable, "-c", _TRAINS, str(tmp_path / "photos"), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith("SrganEdgeError 10 photos in a row cannot be read"), done.stderr
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def real(**changes: Any) -> Degrader:
    return Degrader(Degradation.model_validate({"preset": "real", "clean": 0.0, **changes}), 4)


def test_degraded_crops_lie_where_the_photo_is_and_vary_with_the_step() -> None:
    sampler = CropSampler(pairs((160, 200)), 4, 16, 40, True, seed=0, degrader=real())
    low, high = sampler(3)
    assert (low.shape, high.shape) == ((40, 16, 16, 3), (40, 64, 64, 3))
    np.testing.assert_array_equal(low, sampler(3)[0])
    clean = np.stack([resample.downscale(one, 4) for one in high]).astype(float)

    def error(dy: int, dx: int) -> float:
        return float(((np.roll(low.astype(float), (dy, dx), (1, 2)) - clean)[:, 3:-3, 3:-3] ** 2).mean())

    here = error(0, 0)
    assert 4 < here < min(error(0, 1), error(1, 0), error(0, -1), error(-1, 0))


def test_devices_share_a_degraded_batch() -> None:
    sampler = CropSampler(pairs((160, 200)), 4, 16, 6, True, seed=0, degrader=real())
    parts = [sampler(2, first, 2) for first in (0, 2, 4)]
    for whole, joined in zip(sampler(2), zip(*parts, strict=True), strict=True):
        np.testing.assert_array_equal(whole, np.concatenate(joined))


def test_the_blocks_of_jpegs_lie_anywhere_in_a_crop() -> None:
    """At quality 1 a photo is nearly flat blocks of 8 pixels; their borders are where the steps are."""
    harsh = {"probability": 1.0, "quality": [1, 1], "subsampled": 0.0}
    none = {"blur": {"probability": 0.0}}
    last = {"jpeg": harsh, "noise": {"probability": 0.0}, "sharpen": {"probability": 0.0}}
    degrader = real(first=none, second={"probability": 0.0}, last=last)
    low, _ = CropSampler(pairs((640, 640)), 4, 24, 60, False, seed=0, degrader=degrader)(0)
    steps = np.abs(np.diff(low.astype(int), axis=2)).mean(axis=(1, 3))
    phases = {int(row[:16].reshape(2, 8).sum(axis=0).argmax()) for row in steps}
    assert phases == set(range(8))


def test_what_is_degraded_reaches_beyond_the_crop(monkeypatch: pytest.MonkeyPatch) -> None:
    """By 2 LR pixels after it, and by 2 to 17 before: 16 places in the grid of JPEG's subsampled colours."""
    sizes: list[tuple[int, ...]] = []
    monkeypatch.setattr(Degrader, "__call__", lambda self, high, random: (sizes.append(high.shape), high[::4, ::4])[1])
    CropSampler(pairs((640, 640)), 4, 24, 400, False, seed=0, degrader=real())(0)
    for axis in (0, 1):
        before = {size[axis] // 4 - 24 - 2 for size in sizes}
        assert set(range(2, 18)) <= before
        assert max(before) == 17


def test_a_ramp_lets_faults_in_slowly() -> None:
    made = pairs((160, 200))
    sampler = CropSampler(made, 4, 16, 200, False, seed=0, degrader=real(), ramp_steps=100)

    def share(step: int) -> float:
        low, high = sampler(step)
        inner = (slice(None), slice(3, -3), slice(3, -3))
        exact = np.stack([resample.downscale(one, 4) for one in high])[inner].astype(int)
        return float((np.abs(low[inner].astype(int) - exact).max(axis=(1, 2, 3)) > 1).mean())

    assert share(0) == 0
    assert share(50) == pytest.approx(share(100) / 2, abs=0.1)
    assert share(100) > 0.8


def test_a_photo_with_a_given_twin_is_not_degraded() -> None:
    (pair,) = pairs((160, 200))
    twin = pair._replace(lr=255 - pair.lr, paired=True)
    low, high = CropSampler([twin], 4, 16, 20, False, seed=0, degrader=real())(0)
    for one, other in zip(low, high, strict=True):
        clean = resample.downscale(other, 4)[3:-3, 3:-3].astype(int)
        assert np.abs(255 - one[3:-3, 3:-3].astype(int) - clean).max() <= 1


def test_a_contact_sheet_shows_pairs() -> None:
    sampler = CropSampler(pairs((160, 200)), 4, 16, 4, False, seed=0)
    sheet = contact_sheet(sampler, 8)
    assert sheet.shape == (2 * 68, 4 * 136, 3)
    low, high = sampler(0)
    np.testing.assert_array_equal(sheet[:64:4, :64:4], low[0])
    np.testing.assert_array_equal(sheet[:64, 68:132], high[0])
    np.testing.assert_array_equal(sheet[68:132:4, :64:4], sampler(1)[0][0])
