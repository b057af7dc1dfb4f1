from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import cv2
import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge.training.data.degradations import faults
from srgan_edge.training.data.degradations.h264 import h264
from srgan_edge.training.data.degradations.settings import H264, Blur, Jpeg, Noise, Resize, Sharpen


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def grey(level: int, side: int = 256) -> np.ndarray:
    return np.full((side, side, 3), level, np.uint8)


def step() -> np.ndarray:
    """Black on the left, white on the right."""
    image = grey(0, 64)
    image[:, 32:] = 255
    return image


@pytest.mark.parametrize("kind", ["iso", "aniso", "generalised_iso", "plateau_aniso"])
def test_blur_keeps_the_mean_and_softens_edges(kind: str) -> None:
    ones = {"beta_generalised": (1.0, 1.0), "beta_plateau": (1.0, 1.0)}
    settings = Blur.model_validate({"kernels": {kind: 1.0}, "sigma": (1.5, 1.5), **ones})
    soft = faults.blur(step(), settings, random())
    assert soft.mean() == pytest.approx(127.5, abs=1)
    assert 50 < soft[32, 31, 0] < 127 < soft[32, 32, 0] < 205
    if "plateau" not in kind:  # the step's answer is the kernel's integral: 1 sigma from it 84 % is reached
        assert soft[32, 33, 0] / 255 == pytest.approx(0.84, abs=0.01)


def test_sinc_rings() -> None:
    ringing = faults.blur(step() // 2 + 64, Blur(sinc=1.0, cutoff=(1.2, 1.2)), random())
    assert ringing[32, :32].min() < 62
    assert ringing[32, 32:].max() > 193


@pytest.mark.parametrize("shot", [0.0, 1.0])
@pytest.mark.parametrize("level", [32, 128, 200])
def test_noise_has_its_deviation_and_shot_noise_grows_with_light(shot: float, level: int) -> None:
    settings = Noise(sigma=(6.0, 6.0), shot=shot, grey=0.0)
    noisy = faults.noise(grey(level), settings, random()).astype(float)
    expected = 6 * (level / 128) ** 0.5 if shot else 6.0
    assert noisy.std() == pytest.approx(expected, rel=0.02)
    assert noisy.mean() == pytest.approx(level, abs=0.1)
    assert abs(np.corrcoef(noisy[..., 0].ravel(), noisy[..., 1].ravel())[0, 1]) < 0.02


def test_grey_noise_is_equal_in_all_channels_and_softened_noise_is_correlated() -> None:
    plain = faults.noise(grey(128), Noise(sigma=(6.0, 6.0), shot=0.5, grey=1.0), random())
    assert (plain == plain[..., :1]).all()
    assert (plain != 128).mean() > 0.8
    soft = faults.noise(grey(128), Noise(sigma=(6.0, 6.0), grey=0.0, softened=1.0), random()).astype(float) - 128
    assert soft.std() == pytest.approx(6, rel=0.03)
    assert (soft[:, 1:] * soft[:, :-1]).mean() / soft.var() > 0.15


def test_noises_deviations_are_drawn_by_their_logarithm_or_evenly() -> None:
    def drawn(log_uniform: bool) -> float:
        settings = Noise(sigma=(1.0, 10.0), log_uniform=log_uniform, shot=0.0)
        spreads = [faults.noise(grey(128, 32), settings, random(i)).astype(float).std() for i in range(300)]
        return float(np.median(spreads))

    assert drawn(True) == pytest.approx(10**0.5, rel=0.2)
    assert drawn(False) == pytest.approx(5.5, rel=0.2)


@pytest.mark.parametrize("quality", [50, 90])
def test_jpegs_are_of_the_quality_asked_for(quality: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the file's tables, at 50 the standard's own, at 90 a fifth of them; and the pixels are Pillow's."""
    files: list[bytes] = []
    encode = cv2.imencode

    def spied(*what: Any) -> Any:
        files.append(encode(*what)[1].tobytes())
        return encode(*what)

    monkeypatch.setattr(cv2, "imencode", spied)
    coloured = photo(67, 59)
    for subsampled, factors in ((0.0, (1, 1)), (1.0, (2, 2))):
        settings = Jpeg(quality=(quality, quality), subsampled=subsampled)
        result = faults.jpeg(coloured, settings, random())
        image: Any = Image.open(io.BytesIO(files[-1]))
        # ITU T.81, table K.1, in zigzag order: 16 11 12 14 ...
        assert image.quantization[0][:2] == ([16, 11] if quality == 50 else [3, 2])
        assert image.layer[0][1:3] == factors  # luma's; chroma has 1x1
        file = io.BytesIO()
        Image.fromarray(coloured).save(file, "JPEG", quality=quality, subsampling="4:2:0" if subsampled else "4:4:4")
        np.testing.assert_array_equal(result, np.asarray(Image.open(file)))


def test_resizing_down_is_antialiased_by_every_filter() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    for kind in faults.FILTERS:
        small = faults.resize(stripes, 16, 16, {kind: 1.0}, random())
        assert small.shape == (16, 16, 3)
        np.testing.assert_allclose(small[:, 2:-2].astype(float), 127.5, atol=8)
    # Enlarged, they differ: area repeats, bilinear stays between, bicubic overshoots.
    large = {kind: faults.resize(step() // 2 + 64, 128, 128, {kind: 1.0}, random()) for kind in faults.FILTERS}
    assert set(np.unique(large["area"])) == {64, 191}
    assert 64 < large["bilinear"][64, 64, 0] < 191
    assert large["bicubic"].max() > 191


def test_factors_go_up_down_or_nowhere() -> None:
    drawn = [faults.factor(Resize(up=0.2, down=0.7, keep=0.1, factor=(0.15, 1.5)), random(i)) for i in range(5000)]
    up, down, keep = (np.mean(way) for way in zip(*((f > 1, f < 1, f == 1) for f in drawn), strict=True))
    np.testing.assert_allclose([up, down, keep], [0.2, 0.7, 0.1], atol=0.02)
    assert min(drawn) == pytest.approx(0.15, abs=0.01)
    assert max(drawn) == pytest.approx(1.5, abs=0.01)


def test_sharpening_overshoots_by_its_amount() -> None:
    image = step() // 2 + 64
    sharp = faults.sharpen(image, Sharpen(radius=(1.0, 1.0), amount=(0.5, 0.5)), random())
    # Half a pixel from the edge of a Gaussian of 1 the blur is at 69 %: 31 % of the step of 127, times the amount.
    assert sharp[32, 32, 0] == pytest.approx(191 + 0.5 * 0.31 * 127, abs=2)
    assert sharp[32, 31, 0] == pytest.approx(64 - 0.5 * 0.31 * 127, abs=2)
    np.testing.assert_array_equal(sharp[:, :20], image[:, :20])


def test_video_frames_lose_more_at_a_higher_crf(coffee: np.ndarray) -> None:
    photo = coffee[100:171, 200:273]  # odd sides

    def error(crf: int) -> float:
        frame = h264(photo, H264(crf=(crf, crf)), random())
        assert frame.shape == photo.shape
        return float(((frame.astype(float) - photo) ** 2).mean())

    errors = [error(crf) for crf in (18, 28, 38)]
    assert errors == sorted(errors)
    assert errors[0] < 40  # the picture is where it was
    assert errors[2] > 2 * errors[0]


def test_video_frames_are_the_same_in_every_process(coffee: np.ndarray) -> None:
    """At 72 pixels x264's AVX-512 code differs from process to process; a resumed training must not."""
    program = (
        "import hashlib, numpy as np; from skimage import data; "
        "from srgan_edge.training.data.degradations.h264 import h264; "
        "from srgan_edge.training.data.degradations.settings import H264; "
        "p = data.coffee()[:256:4, :288:4]; d = np.random.default_rng(0); "
        "print(hashlib.sha256(b''.join(h264(p, H264(), d).tobytes() for _ in range(40))).hexdigest())"
    )
    assert coffee[:256:4, :288:4].shape == (64, 72, 3)
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(2)]
    assert runs[0] == runs[1]


def test_kinds_are_chosen_by_their_shares() -> None:
    draw = random()
    drawn = [faults.choose({"a": 3.0, "b": 0.0, "c": 1.0}, draw) for _ in range(4000)]
    assert {kind: drawn.count(kind) / 4000 for kind in "abc"} == pytest.approx({"a": 0.75, "b": 0, "c": 0.25}, abs=0.03)
