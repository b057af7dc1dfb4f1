from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge.imaging import images
from srgan_edge.training.data.photos import shrink


def test_upright_size(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.fromarray(photo(40, 60)).save(tmp_path / "turned.jpg", exif=exif)
    assert images.size(tmp_path / "turned.jpg") == images.read(tmp_path / "turned.jpg").rgb.shape[:2] == (60, 40)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_size_needs_no_pixels(tmp_path: Path, orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a PNG whose EXIF follows its pixels, as Pillow reads it only once these are decoded."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.png"
    Image.fromarray(photo(300, 200)).save(path, exif=exif)
    content = path.read_bytes()
    chunk = content[(at := content.index(b"eXIf") - 4) : at + 12 + int.from_bytes(content[at : at + 4], "big")]
    content = content.replace(chunk, b"").replace(content[-12:], chunk + content[-12:])
    path.write_bytes(content)
    assert images.size(path) == images.read(path).rgb.shape[:2] == ((200, 300) if orientation == 6 else (300, 200))
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", None)
    assert images.size(path) == ((200, 300) if orientation == 6 else (300, 200))


@pytest.mark.parametrize("factor", [0.3, 0.5, 0.77, 0.9])
def test_a_part_is_shrunk_as_the_whole(factor: float) -> None:
    picture = photo(61, 83)
    whole = shrink(picture, factor)
    assert whole.shape[:2] == (round(61 * factor), round(83 * factor))
    part = slice(3, 11), slice(5, None)
    np.testing.assert_array_equal(shrink(picture, factor, part), whole[part])
