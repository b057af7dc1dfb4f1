"""What colours numbers stand for: profiles, CMYK, and a PNG's gAMA, cHRM, sRGB and cICP."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import photo
from PIL import Image, ImageCms, PngImagePlugin

from srgan_edge.errors import UnreadableImageError
from srgan_edge.imaging import colour, encoding, images

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
DISPLAY_P3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


def png(path: Path, pixels: np.ndarray, *chunks: tuple[bytes, bytes], **options: Any) -> Path:
    info = PngImagePlugin.PngInfo()
    for kind, data in chunks:
        info.add(kind, data)
    Image.fromarray(pixels).save(path, pnginfo=info, **options)
    return path


def gamma(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(value * 100000))


def encoded(light: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, written once more."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(("value", "power"), [(1.0, 1), (0.5, 2), (0.25, 4)])
def test_another_gamma_is_brought_to_srgb(tmp_path: Path, value: float, power: int) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    picture = images.read(png(tmp_path / "a.png", ramp, gamma(value)))
    light = (np.arange(256) / 255) ** power
    np.testing.assert_array_equal(picture.pixels[..., 0].ravel(), np.round(255 * encoded(light)))
    assert picture.metadata.icc is None


@pytest.mark.parametrize("chunks", [(gamma(0.45455),), (gamma(1.0), (b"sRGB", b"\0")), ()])
def test_usual_numbers_are_left_alone(tmp_path: Path, chunks: tuple[tuple[bytes, bytes], ...]) -> None:
    np.testing.assert_array_equal(images.read(png(tmp_path / "a.png", photo(9, 9), *chunks)).pixels, photo(9, 9))


def test_a_profile_goes_before_gamma(tmp_path: Path) -> None:
    picture = images.read(png(tmp_path / "a.png", photo(9, 9), gamma(1.0), icc_profile=SRGB))
    np.testing.assert_array_equal(picture.pixels, photo(9, 9))
    assert picture.metadata.icc == SRGB


def test_grey_and_deep_grey(tmp_path: Path) -> None:
    picture = images.read(png(tmp_path / "a.png", np.full((4, 4), 60, np.uint8), gamma(1.0)))
    assert set(picture.pixels.ravel()) == {round(255 * float(encoded(np.array(60 / 255))))}
    deep = images.read(png(tmp_path / "b.png", np.full((4, 4), 60 * 257, np.uint16), gamma(1.0)))
    np.testing.assert_array_equal(deep.pixels, picture.pixels)


def cicp(*numbers: int) -> tuple[bytes, bytes]:
    return b"cICP", bytes(numbers)


def test_cicp(tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    linear = images.read(png(tmp_path / "a.png", ramp, cicp(1, 8, 0, 1), gamma(0.45455)))
    np.testing.assert_array_equal(linear.pixels[..., 0].ravel(), np.round(255 * encoded(np.arange(256) / 255)))
    plain = images.read(png(tmp_path / "b.png", ramp, cicp(1, 13, 0, 1), gamma(1.0)))
    np.testing.assert_array_equal(plain.pixels, ramp)
    narrow = images.read(png(tmp_path / "c.png", ramp, cicp(1, 13, 0, 0)))
    assert [int(narrow.pixels.reshape(-1, 3)[value, 0]) for value in (0, 16, 235, 255)] == [0, 0, 255, 255]


# Made by the standards' own formulas, from light to numbers: BT.709-6, 1.2; BT.470-6, table 1 (systems M and B).
_NUMBERS = {
    1: lambda light: np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099),
    4: lambda light: light ** (1 / 2.2),
    5: lambda light: light ** (1 / 2.8),
}


@pytest.mark.parametrize(("transfer", "like"), [(1, 1), (4, 4), (5, 5), (6, 1), (14, 1), (15, 1)])
def test_transfers_are_those_of_their_standards(tmp_path: Path, transfer: int, like: int) -> None:
    light = np.linspace(0, 1, 2048)
    values = np.rint(65535 * _NUMBERS[like](light)).astype(np.uint16).reshape(32, 64)
    picture = images.read(png(tmp_path / "a.png", values, cicp(1, transfer, 0, 1)))
    assert np.abs(picture.pixels.ravel() - 255 * encoded(light)).max() < 0.55


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((9, 16, 0, 1), r"an HDR picture \(PQ\)"), ((9, 18, 0, 1), "HLG"), ((2, 2, 0, 1), "of an unknown kind")],
)
def test_colours_that_8_bits_do_not_hold(tmp_path: Path, numbers: tuple[int, ...], words: str) -> None:
    with pytest.raises(UnreadableImageError, match=words):
        images.read(png(tmp_path / "a.png", photo(9, 9), cicp(*numbers)))


@pytest.mark.parametrize("chunk", [(b"cHRM", struct.pack(">8I", *DISPLAY_P3)), cicp(12, 13, 0, 1)])
def test_other_primaries_become_a_profile(tmp_path: Path, chunk: tuple[bytes, bytes]) -> None:
    """Whose green, brought to sRGB, is outside of it, and which goes into any format."""
    picture = images.read(png(tmp_path / "a.png", photo(9, 9), chunk))
    np.testing.assert_array_equal(picture.pixels, photo(9, 9))
    assert picture.metadata.icc is not None
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.metadata.icc))
    patch = Image.new("RGB", (1, 1), (200, 120, 80))
    shown = ImageCms.profileToProfile(patch, profile, ImageCms.createProfile("sRGB"))
    assert shown is not None
    # The published matrix of Display P3 to sRGB, in light.
    matrix = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
    light = np.array([200, 120, 80]) / 255
    light = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    assert np.abs(np.array(shown.getpixel((0, 0))) - 255 * encoded(matrix @ light)).max() < 2
    encoding.write(picture, tmp_path / "b.jpg")
    assert images.read(tmp_path / "b.jpg").metadata.icc == picture.metadata.icc


@pytest.mark.parametrize(
    ("code", "primaries"),
    [
        (5, (64000, 33000, 29000, 60000, 15000, 6000)),  # BT.601 of 625 lines
        (6, (63000, 34000, 31000, 59500, 15500, 7000)),  # BT.601 of 525 lines
        (7, (63000, 34000, 31000, 59500, 15500, 7000)),  # SMPTE 240M
        (9, (70800, 29200, 17000, 79700, 13100, 4600)),  # BT.2020
        (12, DISPLAY_P3[2:]),
    ],
)
def test_a_code_is_the_primaries_of_its_standard(tmp_path: Path, code: int, primaries: tuple[int, ...]) -> None:
    by_code = images.read(png(tmp_path / "a.png", photo(9, 9), cicp(code, 13, 0, 1)))
    chunk = b"cHRM", struct.pack(">8I", 31270, 32900, *primaries)
    assert by_code.metadata.icc == images.read(png(tmp_path / "b.png", photo(9, 9), chunk)).metadata.icc
    assert by_code.metadata.icc is not None


def test_srgbs_own_primaries_need_no_profile() -> None:
    assert colour._profile((0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)) is None


def test_cmyk_takes_its_profile_and_does_not_keep_it(tmp_path: Path) -> None:
    """No CMYK profile comes with Pillow: one of another space is as good to see that none is on the RGB result."""
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", icc_profile=SRGB, quality=100)
    picture = images.read(tmp_path / "a.jpg")
    assert picture.metadata.icc is None
    assert picture.notes == ("colour profile for RGB dropped", "CMYK converted to RGB")
    assert picture.pixels.shape == (8, 8, 3)


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L"])
def test_a_damaged_profile_is_dropped_and_said(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (8, 8)).save(tmp_path / "a.jpg", icc_profile=SRGB[:200])
    picture = images.read(tmp_path / "a.jpg")
    assert picture.metadata.icc is None
    assert picture.notes[0] == "damaged colour profile dropped"


def test_lab(tmp_path: Path) -> None:
    rgb = Image.fromarray(photo(12, 12))
    spaces = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(rgb, *spaces, outputMode="LAB")
    assert lab is not None
    lab.save(tmp_path / "a.tif")
    picture = images.read(tmp_path / "a.tif")
    assert np.abs(picture.pixels.astype(int) - photo(12, 12)).max() < 8
    assert picture.notes == ("LAB converted to RGB",)
