"""Greys of more than 8 bits, as the files say that they are meant."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from srgan_edge.errors import UnreadableImageError
from srgan_edge.imaging import images

RAMP = np.linspace(0, 1, 256).reshape(16, 16)


def tiff(path: Path, values: np.ndarray, **tags: object) -> Path:
    """A TIFF of values as they are, one strip; Pillow's writer knows no unsigned 32 bits and no min-is-white."""
    kinds = {"u": 1, "i": 2, "f": 3}
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    entries = {
        256: values.shape[1],
        257: values.shape[0],
        258: values.dtype.itemsize * 8,
        259: 1,
        262: tags.pop("photometric", 1),
        277: 1,
        278: values.shape[0],
        279: values.nbytes,
        339: kinds[values.dtype.kind],
    }
    for tag, value in {**entries, **{int(k[1:]): v for k, v in tags.items()}}.items():
        directory[tag] = value
    directory[273] = 0  # Pillow adds the place behind the tags
    path.write_bytes(
        b"II*\0\x08\0\0\0" + directory.tobytes(8) + values.astype(values.dtype.newbyteorder("<")).tobytes()
    )
    return path


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ((RAMP * 65535).round().astype(np.uint16), "16-bit grey reduced to 8 bits"),
        ((RAMP * (2**32 - 1)).round().astype(np.uint32), "32-bit grey reduced to 8 bits"),
        ((RAMP * (2**31 - 1)).round().astype(np.int32), "32-bit grey reduced to 8 bits"),
        (RAMP.astype(np.float32), "floating-point grey reduced to 8 bits"),
    ],
    ids=["uint16", "uint32", "int32", "float32"],
)
@pytest.mark.parametrize("inverted", [False, True])
def test_whole_ranges(tmp_path: Path, values: np.ndarray, note: str, inverted: bool) -> None:
    path = tiff(tmp_path / "a.tif", values, photometric=0 if inverted else 1)
    if inverted and values.dtype.kind in "ui" and values.dtype.itemsize == 4:
        with pytest.raises(UnreadableImageError, match="a TIFF file that is damaged, or of pixels that are not read"):
            images.read(path)  # Pillow knows none
        return
    picture = images.read(path)
    expected = np.arange(256)[::-1] if inverted else np.arange(256)
    np.testing.assert_array_equal(picture.pixels.ravel(), expected)
    assert picture.notes == (note,)
    assert picture.pixels.shape == (16, 16, 1)


def test_the_file_says_its_range(tmp_path: Path) -> None:
    values = (RAMP * 300 - 100).astype(np.float32)
    picture = images.read(tiff(tmp_path / "a.tif", values, t340=-100.0, t341=200.0))
    np.testing.assert_array_equal(picture.pixels.ravel(), np.arange(256))
    with pytest.raises(UnreadableImageError, match=r"its values go from -100 to 200, and nothing in it says which is"):
        images.read(tiff(tmp_path / "b.tif", values))


def test_what_would_be_black_is_refused(tmp_path: Path) -> None:
    """16-bit numbers in a 32-bit file: whether 65535 is white, or 4294967295, is not said."""
    values = (RAMP * 65535).astype(np.uint32)
    with pytest.raises(UnreadableImageError, match=r"its values reach 65535 of 4\.29497e\+09, which is black all over"):
        images.read(tiff(tmp_path / "a.tif", values))
    black = images.read(tiff(tmp_path / "b.tif", np.zeros((4, 4), np.uint32)))
    assert not black.pixels.any()


def test_negative_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match="its values go from -5 to 2"):
        images.read(tiff(tmp_path / "a.tif", np.array([[-5, 2**31 - 1]], np.int32)))


def test_not_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match="a pixel is not a finite number"):
        images.read(tiff(tmp_path / "a.tif", np.array([[0.5, np.nan]], np.float32)))


def test_a_transparent_value(tmp_path: Path) -> None:
    values = np.array([[1000, 1001, 65535], [0, 1000, 999]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png", transparency=1000)
    picture = images.read(tmp_path / "a.png")
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, [[0, 255, 255], [255, 0, 255]])
    assert picture.pixels[0, 1, 0] == 4  # round(1001 / 257)


def test_pgm(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 1023\n" + np.array([0, 1023], ">u2").tobytes())
    np.testing.assert_array_equal(images.read(tmp_path / "a.pgm").pixels.ravel(), [0, 255])


@pytest.mark.parametrize(
    ("values", "words"),
    [([0, 100000], "go from 0 to 100000"), ([-5, 9000], "go from -5 to 9000"), ([0, 255], "reach 255 of 65535")],
)
def test_whole_numbers_of_no_file(values: list[int], words: str) -> None:
    """Nor are 8-bit numbers taken for 16-bit ones."""
    with pytest.raises(ValueError, match=f"its values {words}"):
        images.from_pil(Image.fromarray(np.array([values], np.int32)))
    fitting = images.from_pil(Image.fromarray(np.array([[0, 65535]], np.int32)))
    np.testing.assert_array_equal(fitting.pixels.ravel(), [0, 255])


def test_a_dark_16_bit_photo_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 65535\n" + np.array([0, 120], ">u2").tobytes())
    Image.fromarray(np.array([[0, 120]], np.uint16)).save(tmp_path / "a.png")
    for name in ("a.pgm", "a.png"):
        assert not images.read(tmp_path / name).pixels.any()


@pytest.mark.parametrize("order", "<>")
def test_a_tiff_of_a_kind_that_is_not_read_is_called_one(order: str) -> None:
    """Of 32-bit floating-point RGB, as renderers write it; "not a TIFF" would send its owner astray."""
    tags = [(256, 1), (257, 1), (258, 32), (259, 1), (262, 2), (273, 200), (277, 3), (278, 1), (279, 12), (339, 3)]
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags)
    head = mark + struct.pack(f"{order}IH", 8, len(tags)) + entries + bytes(4)
    content = head.ljust(200, b"\0") + struct.pack(f"{order}3f", 0.1, 0.5, 0.9)
    with pytest.raises(UnreadableImageError, match="a TIFF file that is damaged, or of pixels that are not read"):
        images.read(content)
