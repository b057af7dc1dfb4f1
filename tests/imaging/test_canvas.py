"""What decoding takes of memory, and that the pixels are those of Pillow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge.imaging import canvas, images

_READ = """
import sys
from pathlib import Path
from srgan_edge.imaging import images

def peak():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])

images.read(Path(sys.argv[1]))  # what is imported once
before = peak()
picture = images.read(Path(sys.argv[2]))
print((peak() - before) / (picture.width * picture.height))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measured by Linux's /proc")
@pytest.mark.parametrize(
    ("suffix", "options", "most"),
    [
        (".png", {}, 5.5),
        (".jpg", {}, 5.5),
        (".tif", {"compression": "tiff_lzw"}, 5.5),
        (".tif", {}, 5.5),
        (".bmp", {}, 5.5),
        (".jpg", {"progressive": True, "subsampling": 2}, 5.5 + 3),
        (".jpg", {"progressive": True, "subsampling": 0}, 5.5 + 6),
    ],
)
def test_a_photo_is_in_memory_once(tmp_path: Path, suffix: str, options: dict[str, Any], most: float) -> None:
    """Pillow's 4 bytes a pixel and no 3 more; of a progressive JPEG libjpeg holds 2 bytes a coefficient."""
    Image.fromarray(photo(20, 30)).save(tmp_path / f"small{suffix}", **options)
    Image.new("RGB", (6000, 2000), "teal").save(tmp_path / f"large{suffix}", **options)
    paths = (str(tmp_path / f"{name}{suffix}") for name in ("small", "large"))
    done = subprocess.run([sys.executable, "-c", _READ, *paths], capture_output=True, text=True, check=True)
    assert float(done.stdout) < most


@pytest.mark.parametrize(("mode", "suffix"), [("RGB", ".png"), ("RGBA", ".png"), ("CMYK", ".tif"), ("CMYK", ".jpg")])
def test_pixels_are_those_of_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, suffix: str) -> None:
    monkeypatch.setattr(images, "_BAND", 2000)  # many bands of a small photo
    image = Image.fromarray(photo(210, 190)).convert(mode)
    path = tmp_path / f"photo{suffix}"
    image.save(path)
    with Image.open(path) as opened:
        expected = images.from_pil(opened).pixels
    used: list[canvas.Canvas | None] = []
    monkeypatch.setattr(canvas, "under", lambda image, under=canvas.under: used.append(under(image)) or used[-1])
    assert np.array_equal(images.read(path).pixels, expected)
    assert (used[0] is None) == (sys.platform == "win32")


def test_a_turned_tiff_and_an_animation_are_decoded_as_before(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = photo(16, 24)
    Image.fromarray(np.ascontiguousarray(np.rot90(upright, 1))).save(tmp_path / "turned.tif", exif=exif)
    assert np.array_equal(images.read(tmp_path / "turned.tif").pixels, upright)
    first = Image.fromarray(upright)
    first.save(tmp_path / "moving.png", save_all=True, append_images=[first.rotate(90)])
    assert np.array_equal(images.read(tmp_path / "moving.png").pixels, upright)


def test_a_pil_image_of_the_caller_keeps_its_pixels(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(photo(200, 300)).save(path)
    with Image.open(path) as image:
        images.from_pil(image)
        assert np.array_equal(np.asarray(image), photo(200, 300))
