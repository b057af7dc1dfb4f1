from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge import Upscaler
from srgan_edge.errors import UsageError
from srgan_edge.imaging import Bytes, images
from srgan_edge.runtime import pipeline, tiling
from srgan_edge.runtime.batch import Job
from srgan_edge.runtime.pipeline import Settings, upscale_files


@pytest.fixture(scope="module")
def upscaler() -> Iterator[Upscaler]:
    with Upscaler("edge-s-x4-int8", delegate="cpu") as upscaler:
        yield upscaler


def save(path: Path, *size: int) -> Path:
    Image.fromarray(photo(*size)).save(path)
    return path


def test_every_photo_has_its_outcome_in_order(upscaler: Upscaler, tmp_path: Path) -> None:
    jobs = []
    for index in range(12):
        path = tmp_path / f"{index}.png"
        path.write_text("words") if index % 5 == 3 else save(path, 9 + index, 20)
        jobs.append(Job(path, tmp_path / "out" / f"{index}.png"))
    outcomes = list(upscale_files(upscaler, jobs, Settings()))
    assert [o.job for o in outcomes] == jobs
    for index, outcome in enumerate(outcomes):
        if index % 5 == 3:
            assert outcome.error is not None
            assert outcome.error.startswith(f"{outcome.job.input}: not a photo of a format that is read: JPEG, PNG")
        else:
            assert outcome.error is None
            assert (outcome.facts["width"], outcome.facts["height"]) == (80, 4 * (9 + index))
            np.testing.assert_array_equal(images.read(Path(outcome.job.output)).rgb, upscaler(photo(9 + index, 20)))
    assert len(list((tmp_path / "out").iterdir())) == 10


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_a_file_that_appears_meanwhile_is_not_overwritten(upscaler: Upscaler, tmp_path: Path, suffix: str) -> None:
    class Slow(Upscaler):
        def strips(
            self, pixels: Bytes | tiling.Window, out: Bytes | None = None, grey: bool = False
        ) -> Iterator[Bytes]:
            target.write_text("precious")
            return super().strips(pixels, out, grey)

    given, target = save(tmp_path / "a.png", 9, 9), tmp_path / f"a_x4{suffix}"
    with Slow("edge-s-x4-int8", delegate="cpu") as slow:
        (outcome,) = upscale_files(slow, [Job(given, target)], Settings())
        assert outcome.error == f"{target}: exists; use --overwrite or --skip-existing"
        assert target.read_text() == "precious"
        (outcome,) = upscale_files(slow, [Job(given, target)], Settings(overwrite=True))
    assert outcome.error is None
    assert images.size(target) == (36, 36)


def test_an_encoder_that_fails_does_not_stop_the_others(upscaler: Upscaler, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    large, small = save(tmp_path / "large.png", 300, 300), save(tmp_path / "small.png", 9, 9)
    jobs = [Job(large, tmp_path / "file" / "x.png"), Job(small, tmp_path / "small_x4.png")]
    bad, good = upscale_files(upscaler, jobs, Settings())
    assert bad.error is not None
    assert "cannot be written" in bad.error
    assert good.error is None
    assert images.size(tmp_path / "small_x4.png") == (36, 36)


def test_what_is_given_up_leaves_no_file(upscaler: Upscaler, tmp_path: Path) -> None:
    jobs = [Job(save(tmp_path / f"{i}.png", 120, 120), tmp_path / "out" / f"{i}.png") for i in range(6)]
    running = upscale_files(upscaler, jobs, Settings())
    next(running)
    running.close()
    for path in (tmp_path / "out").iterdir():
        assert not path.name.startswith(".")
        assert images.size(path) == (480, 480)


@pytest.mark.parametrize(
    ("factor", "size"), [(2, (40, 60)), (2.5, (50, 75)), (4, (80, 120)), (7, (140, 210)), (0.5, (10, 15))]
)
def test_other_enlargements(upscaler: Upscaler, tmp_path: Path, factor: float, size: tuple[int, int]) -> None:
    job = Job(save(tmp_path / "a.png", 20, 30), tmp_path / "b.png")
    (outcome,) = upscale_files(upscaler, [job], Settings(factor=factor))
    assert outcome.error is None
    assert images.size(job.output) == size
    # What it shows is the photo: shrunk again it differs little.
    back = Image.open(job.output).resize((30, 20), Image.Resampling.BOX)
    assert np.abs(np.asarray(back).astype(int) - photo(20, 30)).mean() < 12


def test_a_transparent_photo_stays_as_transparent(upscaler: Upscaler, tmp_path: Path) -> None:
    """Opaque above, half-transparent in the middle, gone below."""
    rgba = np.dstack([photo(360, 60), np.repeat(np.array([255, 120, 0], np.uint8), 120)[:, None].repeat(60, axis=1)])
    for channels, suffix in ((4, "png"), (4, "tif"), (2, "png")):
        given = rgba if channels == 4 else rgba[..., [0, 3]]
        Image.fromarray(given).save(tmp_path / "a.png")
        job = Job(tmp_path / "a.png", tmp_path / f"b.{suffix}")
        (outcome,) = upscale_files(upscaler, [job], Settings(overwrite=True))
        assert outcome.error is None
        result = images.read(job.output)
        assert result.pixels.shape == (1440, 240, channels)
        assert result.alpha is not None
        for rows, value in ((slice(0, 450), 255), (slice(510, 930), 120), (slice(990, 1440), 0)):
            assert np.abs(result.alpha[rows].astype(int) - value).max() <= 2
        want = upscaler(np.ascontiguousarray(np.broadcast_to(given[..., :-1], (360, 60, 3))))
        assert np.abs(result.rgb[:900].astype(int) - want[:900]).mean() < 2


@pytest.mark.parametrize("factor", [3, 7])
def test_other_enlargements_of_all_channels(upscaler: Upscaler, tmp_path: Path, factor: float) -> None:
    for channels in (1, 2, 3, 4):
        chosen = ([0], [0, 3], [0, 1, 2], [0, 1, 2, 3])[channels - 1]
        pixels = np.dstack([photo(40, 50), np.full((40, 50), 255, np.uint8)])[..., chosen]
        Image.fromarray(pixels.squeeze()).save(tmp_path / "a.png")
        job = Job(tmp_path / "a.png", tmp_path / "b.png")
        (outcome,) = upscale_files(upscaler, [job], Settings(factor=factor, overwrite=True))
        assert outcome.error is None
        result = images.read(job.output)
        assert result.pixels.shape == (40 * factor, 50 * factor, channels)
        back = images.image_of(result.pixels).resize((50, 40), Image.Resampling.BOX)
        assert np.abs(np.asarray(back).reshape(pixels.shape).astype(int) - pixels).mean() < 12


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("factor", [None, 2.5, 6])
def test_a_grey_photo_in_colour_stays_grey(upscaler: Upscaler, tmp_path: Path, mode: str, factor: float | None) -> None:
    grey = Image.fromarray(photo(130, 300)).convert("L")
    grey.save(tmp_path / "one.png")
    colour = grey.convert(mode)
    if mode == "RGBA":
        colour.putalpha(Image.linear_gradient("L").resize(colour.size))
    colour.save(tmp_path / "three.png")
    jobs = [Job(tmp_path / name, tmp_path / "out" / name) for name in ("one.png", "three.png")]
    assert [o.error for o in upscale_files(upscaler, jobs, Settings(factor=factor))] == [None, None]
    with Image.open(jobs[0].output) as one, Image.open(jobs[1].output) as three:
        assert three.mode == mode
        made = np.asarray(three)[..., :3]
        assert (made == made[..., :1]).all()
        if mode == "RGB":
            assert np.array_equal(made[..., 0], np.asarray(one))


def test_a_pixel_of_colour_makes_a_colour_photo(upscaler: Upscaler) -> None:
    grey = np.repeat(photo(130, 300)[..., :1], 3, axis=2)
    made = upscaler(grey)
    assert (made[..., :1] == made).all()
    grey[129, 299] = 0, 0, 1
    made = upscaler(grey)
    assert (made[..., :1] != made).any()


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_strips_that_fill_the_memory_come_one_at_a_time(
    upscaler: Upscaler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """As if a byte were all that they may take: when the next is asked for the encoder has done with the last."""
    monkeypatch.setattr(pipeline, "_STRIPS", 1)
    left: list[int] = []

    def strips(pixels: Bytes, out: None = None, grey: bool = False) -> Iterator[Bytes]:
        given: list[weakref.ref[Bytes]] = []
        source = Upscaler.strips(upscaler, pixels)
        while True:
            left.append(sum(reference() is not None for reference in given))
            strip = next(source, None)
            if strip is None:
                return
            given.append(weakref.ref(strip))
            yield strip
            del strip

    monkeypatch.setattr(upscaler, "strips", strips)
    job = Job(save(tmp_path / "a.png", 400, 30), tmp_path / f"b.{suffix}")
    (outcome,) = upscale_files(upscaler, [job], Settings())
    assert outcome.error is None
    assert len(left) > 4
    assert max(left) == 1  # which the generator that is asked drops first


def test_transparent_pixels_lend_no_colour(upscaler: Upscaler, tmp_path: Path) -> None:
    """A disc on black: its enlarged edge stays as bright as the disc."""
    y, x = np.mgrid[:40, :40]
    disc = (y - 20) ** 2 + (x - 20) ** 2 < 150
    rgba = np.zeros((40, 40, 4), np.uint8)
    rgba[disc] = (200, 180, 160, 255)
    Image.fromarray(rgba).save(tmp_path / "disc.png")
    (outcome,) = upscale_files(upscaler, [Job(tmp_path / "disc.png", tmp_path / "large.png")], Settings())
    assert outcome.error is None
    large = np.asarray(Image.open(tmp_path / "large.png")).astype(int)
    seen = large[large[..., 3] > 30]
    assert np.abs(seen[:, :3] - (200, 180, 160)).max() < 25


def test_refused_enlargements(upscaler: Upscaler) -> None:
    for factor in (0, -1, 17):
        with pytest.raises(UsageError, match="gives enlargements up to x16"):
            list(upscale_files(upscaler, [], Settings(factor=factor)))
