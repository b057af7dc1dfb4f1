from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from conftest import photo
from PIL import Image

from srgan_edge.cli.main import cli
from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.evaluation import evaluate, measure
from srgan_edge.imaging import metrics, resample
from srgan_edge.imaging.pairs import EvaluationPair


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def command(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["evaluate", *arguments])


def test_a_twin_is_what_is_enlarged(tmp_path: Path) -> None:
    """One unlike the shrunk photo changes the score."""
    truth = photo(64, 80)
    low = resample.downscale(truth, 4)
    save(tmp_path / "hr" / "a.png", truth)
    save(tmp_path / "lr" / "ax4.png", np.clip(low.astype(int) + 20, 0, 255).astype(np.uint8))
    (made,) = evaluate(tmp_path / "hr", lr=None, models=["bicubic"], threads=1, channel="y")
    (given,) = evaluate(tmp_path / "hr", lr=tmp_path / "lr", models=["bicubic"], threads=1, channel="y")
    assert made["psnr"] == pytest.approx(metrics.score(resample.upscale(low, 4), truth, 4).psnr)
    assert given["psnr"] < made["psnr"] - 3
    assert (given["crop"], given["set"], given["images"][0]["name"]) == (4, "hr", "a.png")


@pytest.mark.parametrize("channel", ["luma", "Y", "grey"])
def test_an_unknown_channel_is_an_error_not_another(tmp_path: Path, channel: str) -> None:
    save(tmp_path / "a.png", photo(64, 64))
    with pytest.raises(UnknownNameError, match=f"unknown channel '{channel}'.*known: rgb, y"):
        evaluate(tmp_path, models="bicubic", channel=channel)
    with pytest.raises(UnknownNameError, match="unknown channel 'luma'"):
        metrics.score(photo(64, 64), photo(64, 64), 4, "luma")


def test_one_model_by_name(tmp_path: Path) -> None:
    save(tmp_path / "a.png", photo(64, 64))
    assert [row["model"] for row in evaluate(tmp_path, models="bicubic")] == ["bicubic"]


def test_a_grey_photo_is_scored_as_it_is(tmp_path: Path) -> None:
    """Not as the luma of equal planes, whose range is smaller and PSNR higher."""
    grey = photo(64, 64)[..., 0]
    save(tmp_path / "a.png", grey)
    (row,) = evaluate(tmp_path, lr=None, models=["bicubic"], threads=1, channel="y")
    enlarged = resample.upscale(resample.downscale(grey[..., None], 4), 4)[..., 0]
    expected = metrics.psnr(enlarged[4:-4, 4:-4].astype(float), grey[4:-4, 4:-4].astype(float))
    assert row["psnr"] == pytest.approx(expected)


def test_a_scale_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    save(tmp_path / "hr" / "a.png", photo(64, 64))
    save(tmp_path / "lr" / "a.png", photo(16, 16))
    done = command("--hr", str(tmp_path / "hr"), "--lr", str(tmp_path / "lr"), "-m", "edge-m-x2")
    assert isinstance(done.exception, SrganEdgeError)
    assert "a.png: 64x64 is not 2 times its LR counterpart" in str(done.exception)
    assert done.stdout == ""


def test_bicubic_alone_takes_the_scale_of_the_folders(tmp_path: Path) -> None:
    save(tmp_path / "hr" / "a.png", photo(60, 60))
    save(tmp_path / "lr" / "a.png", resample.downscale(photo(60, 60), 3))
    (row,) = evaluate(tmp_path / "hr", lr=tmp_path / "lr", models=["bicubic"], threads=1, channel="rgb")
    assert (row["crop"], row["channel"]) == (3, "rgb")


def test_the_first_photo_tells_the_scale_that_all_must_have(tmp_path: Path) -> None:
    for name, scale in (("a.png", 3), ("b.png", 2)):
        save(tmp_path / "hr" / name, photo(60, 60))
        save(tmp_path / "lr" / name, resample.downscale(photo(60, 60), scale))
    with pytest.raises(SrganEdgeError, match=r"b\.png: 60x60 is not 3 times its LR counterpart"):
        evaluate(tmp_path / "hr", lr=tmp_path / "lr", models=["bicubic"], threads=1, channel="y")


def test_photos_are_looked_at_before_any_is_measured(tmp_path: Path) -> None:
    save(tmp_path / "a.png", photo(64, 64))
    save(tmp_path / "z.png", photo(4, 1))
    counted: list[int] = []
    with pytest.raises(SrganEdgeError, match=r"z\.png: 1x4 is too small"):
        evaluate(
            tmp_path,
            lr=None,
            models=["bicubic"],
            threads=1,
            channel="y",
            progress=lambda done, total: counted.append(done),
        )
    assert counted == []


def test_models_of_different_scales(tmp_path: Path) -> None:
    save(tmp_path / "a.png", photo(64, 64))
    with pytest.raises(UsageError, match="models of different scales"):
        evaluate(tmp_path, lr=None, models=["edge-m-x2", "edge-m-x4"], threads=1, channel="y")


def test_sets_have_rows_of_their_own(tmp_path: Path) -> None:
    save(tmp_path / "one" / "hr" / "a.png", photo(64, 64))
    save(tmp_path / "two" / "hr" / "b.png", photo(64, 64, 1))
    done = command("--hr", str(tmp_path), "-m", "edge-s-x4", "-m", "bicubic", "--json")
    rows = json.loads(done.stdout)
    assert [(row["set"], row["model"]) for row in rows] == [
        ("one", "edge-s-x4-int8"),
        ("one", "bicubic"),
        ("two", "edge-s-x4-int8"),
        ("two", "bicubic"),
    ]
    table = command("--hr", str(tmp_path), "-m", "bicubic").stdout.splitlines()
    assert [line.split()[:2] for line in table] == [["set", "model"], ["one", "bicubic"], ["two", "bicubic"]]


def test_a_result_of_another_size_is_refused() -> None:
    pair = EvaluationPair("a.png", photo(16, 16), photo(64, 64), False)
    with pytest.raises(SrganEdgeError, match=r"a\.png: the result is 32x32 and the truth 64x64"):
        measure(lambda low: resample.upscale(low, 2), pair, 4)


@pytest.mark.parametrize("scale", [2, 3])
def test_the_border_left_out_is_as_wide_as_the_scale(scale: int) -> None:
    truth = photo(60, 60)
    pair = EvaluationPair("a.png", truth[::scale, ::scale], truth, False)
    made = truth.copy()
    made[:scale] = 255 - made[:scale]
    assert measure(lambda low: made, pair, scale).score.psnr == float("inf")
    made[scale, scale:-scale] = 255 - made[scale, scale:-scale]  # the first row that counts
    assert measure(lambda low: made, pair, scale).score.psnr < 50


def test_rows_by_hand(tmp_path: Path) -> None:
    """Two sets, of two photos and of one: means, progress, and figures of each photo."""
    photos = {("one", "a"): photo(64, 64), ("one", "b"): photo(64, 96, 1), ("two", "c"): photo(96, 64, 2)}
    for (folder, name), pixels in photos.items():
        save(tmp_path / folder / "hr" / f"{name}.png", pixels)
    counted: list[tuple[int, int]] = []
    rows = evaluate(
        tmp_path,
        models=["bicubic", "edge-s-x4", "bicubic"],
        progress=lambda done, total: counted.append((done, total)),
    )
    assert counted == [(done, 9) for done in range(1, 10)]
    assert [(row["set"], row["model"]) for row in rows] == [
        (name, model) for name in ("one", "two") for model in ("bicubic", "edge-s-x4-int8", "bicubic")
    ]
    assert [image["name"] for image in rows[0]["images"]] == ["a.png", "b.png"]
    for row in rows:
        for figure in ("psnr", "ssim"):
            assert row[figure] == pytest.approx(np.mean([image[figure] for image in row["images"]]))
    for row in (rows[0], rows[3]):
        for image in row["images"]:
            truth = photos[row["set"], image["name"][0]]
            expected = metrics.score(resample.upscale(resample.downscale(truth, 4), 4), truth, 4)
            assert (image["psnr"], image["ssim"]) == pytest.approx(expected)
    assert rows[1]["psnr"] != rows[0]["psnr"]


def test_colours_of_a_grey_photos_result_count_where_asked() -> None:
    grey = np.repeat(photo(64, 64)[..., :1], 3, axis=-1)
    pair = EvaluationPair("a.png", grey[::4, ::4], grey, True)

    def coloured(low: np.ndarray) -> np.ndarray:
        time.sleep(0.01)
        made = grey.copy()
        made[..., 2] = np.minimum(made[..., 2], 230) + 9
        return made

    on_luma, on_colours = measure(coloured, pair, 4), measure(coloured, pair, 4, "rgb")
    assert on_luma.score.psnr == float("inf")  # the first plane alone
    assert on_colours.score.psnr == pytest.approx(metrics.score(coloured(grey), grey, 4, "rgb").psnr)
    assert on_colours.score.psnr < 40
    assert 0.01 <= on_luma.seconds < 1
