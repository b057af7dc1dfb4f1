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


@pytest.mark.parametrize("factor", [0.3, 0.5, 0.77, 0.9])
def test_a_part_is_shrunk_as_the_whole(factor: float) -> None:
    picture = photo(61, 83)
    whole = shrink(picture, factor)
    assert whole.shape[:2] == (round(61 * factor), round(83 * factor))
    part = slice(3, 11), slice(5, None)
    np.testing.assert_array_equal(shrink(picture, factor, part), whole[part])
