from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import photos as program
import pytest
from click.testing import CliRunner
from degraded_sets import KINDS
from PIL import Image

from srgan_edge.imaging import Bytes, metrics, quality, resample
from srgan_edge.models import find_model


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, coffee: Bytes) -> Path:
    """Two photos with something flat in them."""
    folder = tmp_path_factory.mktemp("clean")
    Image.fromarray(coffee[:160, :240]).save(folder / "one.png")
    two = coffee[200:360, 300:500].copy()
    two[48:112, 64:128] = 120
    Image.fromarray(two).save(folder / "two.png")
    return folder


def bench(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(program.main, [str(a) for a in arguments])
    return result.exit_code, result.output


@pytest.mark.tensorflow
def test_the_table(clean: Path, tmp_path: Path) -> None:
    shutil.copytree(clean, tmp_path / "bench" / "own" / "hr")
    sheets = ("--sheet", "noise", "--sheet", "phone/two@8,4")
    code, output = bench(clean, "-o", tmp_path, "--crop", 96, "edge-s-x4", *sheets, "--bench", tmp_path / "bench")
    assert code == 0, output
    figures = json.loads((tmp_path / "figures.json").read_text())
    whole = [np.asarray(Image.open(path)) for path in sorted(clean.iterdir())]
    cubic = [metrics.score(resample.upscale(resample.downscale(p, 4), 4), p, 4).psnr for p in whole]
    literature = figures["models"]["bicubic"]["literature"]["own"]["psnr"]
    assert literature == pytest.approx(np.mean(cubic))
    assert f"{literature:.2f} / " in output.split("the literature's sets")[1]
    assert list(figures["models"]) == ["bicubic", "edge-s-x4"]
    for name, row in figures["models"].items():
        for kind in KINDS:
            scores, grains, colours = [], [], []
            for photo in ("one", "two"):
                truth = np.asarray(Image.open(tmp_path / "sets" / kind / "hr" / f"{photo}.png"))
                low = np.asarray(Image.open(tmp_path / "sets" / kind / "lr_x4" / f"{photo}.png"))
                picture = np.asarray(Image.open(tmp_path / "enlarged" / name / kind / f"{photo}.png"))
                assert truth.shape == picture.shape == (96, 96, 3)
                if name == "bicubic":
                    np.testing.assert_array_equal(picture, resample.upscale(low, 4))
                scores.append(metrics.score(picture, truth, 4))
                grains.append(quality.grain(picture, truth))
                colours.append(quality.colour_error(picture, truth))
            found = row["sets"][kind]
            assert found["psnr"] == pytest.approx(np.mean([s.psnr for s in scores]))
            assert found["ssim"] == pytest.approx(np.mean([s.ssim for s in scores]))
            assert found["grain"] == pytest.approx(quality.deviation(grains))
            assert found["colour"] == pytest.approx(np.mean(colours))
            assert 0 < found["dists"] < 1 and 0 < found["lpips"] < 4 and 0 < found["gmsd"] < 1
        assert row["seconds"] > 0
    assert figures["models"]["edge-s-x4"]["parameters"] == find_model("edge-s-x4").card.parameters  # pyright: ignore
    # input, two models and the truth, 160 pixels enlarged by 2 (here 96), beside one another
    sheet = np.asarray(Image.open(tmp_path / "sheets" / "phone.png"))
    assert sheet.shape == (320 + 14, 4 * 322, 3)
    truth = np.asarray(Image.open(tmp_path / "sets" / "phone" / "hr" / "two.png"))[4:, 8:]
    np.testing.assert_array_equal(sheet[14 : 14 + 2 * 92, 3 * 322 : 3 * 322 + 2 * 88], truth.repeat(2, 0).repeat(2, 1))
    assert Image.open(tmp_path / "sheets" / "noise.png").height == 2 * (320 + 14)
    assert "mean of the faulty sets" in output and "worst grain" in output


def test_results_are_those_of_the_model_file_there_is(clean: Path, tmp_path: Path) -> None:
    model = tmp_path / "mine.tflite"
    psnr = []
    for name in ("edge-s-x4", "edge-m-x4"):
        shutil.copy(find_model(name).path, model)
        code, output = bench(clean, "-o", tmp_path / "out", "--crop", 96, "--fast", model)
        assert code == 0, output
        figures = json.loads((tmp_path / "out" / "figures.json").read_text())["models"]["mine"]
        assert "dists" not in figures["sets"]["noise"]
        psnr.append(figures["mean"]["psnr"])
    assert psnr[0] != psnr[1]


def test_a_model_that_fails_does_not_stop_the_others(
    clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = program.open_contender

    def open_contender(spec: str, scale: int) -> program.Contender:
        contender = opened(spec, scale)
        return contender._replace(upscale=lambda low: low) if contender.name == "bad" else contender

    monkeypatch.setattr(program, "open_contender", open_contender)
    code, output = bench(clean, "-o", tmp_path, "--crop", 96, "--fast", "bad=edge-s-x4", "edge-s-x4")
    assert code == 1
    assert "bad: failed: bicubic/one: the result is 24x24 and the truth 96x96" in output
    assert list(json.loads((tmp_path / "figures.json").read_text())["models"]) == ["bicubic", "edge-s-x4"]


def test_pictures_without_a_truth(clean: Path, tmp_path: Path, coffee: Bytes) -> None:
    real = tmp_path / "scans"
    real.mkdir()
    Image.fromarray(coffee[:40, :60]).save(real / "one.png")  # named as a photo that has a truth
    code, output = bench(clean, "-o", tmp_path / "out", "--crop", 96, "--fast", "--real", real, "--sheet", "real")
    assert code == 0, output
    figures = json.loads((tmp_path / "out" / "figures.json").read_text())["models"]["bicubic"]
    assert figures["sets"]["real"] == {}
    assert Image.open(tmp_path / "out" / "sheets" / "real.png").size == (2 * 322, 320 + 14)


def test_means_and_what_is_worse_by_hand() -> None:
    reference = {kind: {"psnr": 25.0, "ssim": 0.6, "grain": 2.0, "colour": 5.0} for kind in KINDS}
    model = {kind: dict(figures) for kind, figures in reference.items()}
    model["bicubic"] = {"psnr": 30.0, "ssim": 0.9, "grain": 1.0, "colour": 5.1}
    model["phone"] = {"psnr": 22.0, "ssim": 0.5, "grain": 1.5, "colour": 4.0}
    model["noise"]["grain"] = 7.0
    means = program.mean_row(model)
    assert means["psnr"] == pytest.approx((4 * 25 + 22) / 5)
    assert means["worst grain"] == 7.0
    assert program.worse_than(reference, model) == {"psnr": ["phone"], "grain": ["noise"], "colour": ["bicubic"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["edge-x-x4"], "unknown model 'edge-x-x4': did you mean"),
        (["edge-s-x4", "edge-s-x4=edge-m-x4"], "two models are called edge-s-x4"),
        (["--sheet", "phones"], "unknown set 'phones': did you mean 'phone'"),
        (["--sheet", "phone/three"], "unknown photo 'three'"),
        (["--sheet", "phone/two@400,0"], "400,0 is not in a picture of 96x96"),
        (["--scale", "2", "edge-s-x4"], "enlarges by 4, not by 2"),
        (["nowhere.param"], "no such model file"),
    ],
)
def test_one_sentence(clean: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    code, output = bench(clean, "-o", tmp_path, "--crop", 96, "--fast", *arguments)
    assert code == 2
    assert message in output
