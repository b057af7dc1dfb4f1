"""What a file says beside its pixels is kept, but for what its result would contradict."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import photo
from PIL import Image, ImageCms, PngImagePlugin

from srgan_edge.imaging import encoding, images, strip_encoders
from srgan_edge.imaging.metadata import Metadata

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:title="words"/></x:xmpmeta>'


def exif(**more: object) -> Image.Exif:
    made = Image.Exif()
    made[0x010F], made[0x0131], made[0x9C9B] = "a camera", "a program", "Titel".encode("utf-16-le")
    inner = made.get_ifd(0x8769)
    inner[0x9003], inner[0x829A], inner[0x927C] = "2020:01:01 00:00:00", 0.01, b"\1" * 30
    place = made.get_ifd(0x8825)
    place[1], place[2] = "N", (1.0, 2.0, 3.0)
    return made


def check_exif(path: Path) -> None:
    with Image.open(path) as image:
        found = image.getexif()
        assert (found[0x010F], found[0x0131]) == ("a camera", "a program")
        assert found.get_ifd(0x8769)[0x9003] == "2020:01:01 00:00:00"
        assert found.get_ifd(0x8769)[0x927C] == b"\1" * 30
        assert found.get_ifd(0x8825)[2] == (1.0, 2.0, 3.0)
        assert found.get(0x0112, 1) == 1


@pytest.mark.parametrize("source", ["jpg", "png", "webp", "tif", "avif"])
@pytest.mark.parametrize("target", ["jpg", "png", "webp", "tif", "avif"])
def test_exif_and_xmp_from_each_format_to_each(tmp_path: Path, source: str, target: str) -> None:
    options: dict[str, Any] = {"xmp": XMP} if source in ("jpg", "webp", "avif") else {}
    if source == "png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options = {"pnginfo": info}
    if source == "tif":  # Pillow writes no EXIF directory there
        encoding.write(images.Picture(photo(24, 32), Metadata(exif=exif().tobytes(), xmp=XMP)), tmp_path / "a.tif")
    else:
        Image.fromarray(photo(24, 32)).save(tmp_path / f"a.{source}", exif=exif(), **options)
    picture = images.read(tmp_path / f"a.{source}")
    encoding.write(picture, tmp_path / f"b.{target}")
    check_exif(tmp_path / f"b.{target}")
    if options:
        kept = images.read(tmp_path / f"b.{target}").metadata.xmp
        assert kept is not None
        assert b'dc:title="words"' in kept
        assert b'tiff:Orientation="1"' in kept


def test_orientation_in_an_element_of_xmp(tmp_path: Path) -> None:
    words = b"<rdf:Description><tiff:Orientation>6</tiff:Orientation><dc:title>6</dc:title></rdf:Description>"
    Image.fromarray(photo(24, 32)).save(tmp_path / "a.jpg", xmp=words)
    kept = images.read(tmp_path / "a.jpg").metadata.xmp
    assert kept == words.replace(b"<tiff:Orientation>6<", b"<tiff:Orientation>1<")


def test_a_pil_image_says_what_pillow_says_of_a_file(tmp_path: Path) -> None:
    """But orientation, which is applied."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"exif": exif(), "xmp": XMP, "dpi": (300, 300), "comment": b"words", "icc_profile": profile}
    Image.fromarray(photo(24, 32)).save(tmp_path / "a.jpg", **options)
    picture = images.read(tmp_path / "a.jpg")
    large = images.to_pil(dataclasses.replace(picture, pixels=photo(96, 128)))
    assert large.info["icc_profile"] == profile and large.info["dpi"] == (300, 300)
    assert large.info["comment"] == b"words" and large.info["xmp"] == picture.metadata.xmp
    said = large.getexif()
    assert said.get(0x0112, 1) == 1 and said[0x010F] == exif()[0x010F]
    large.save(tmp_path / "b.png")
    assert Image.open(tmp_path / "b.png").info["icc_profile"] == profile
    assert images.to_pil(images.Picture(photo(8, 8))).info == {}


def test_a_turned_tiff_keeps_its_exif(tmp_path: Path) -> None:
    turned = exif()
    turned[0x0112] = 6
    encoding.write(images.Picture(photo(24, 32), Metadata(exif=turned.tobytes())), tmp_path / "a.tif")
    picture = images.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(picture.pixels, np.rot90(photo(24, 32), -1))
    assert images.size(tmp_path / "a.tif") == (32, 24)
    encoding.write(picture, tmp_path / "b.png")
    check_exif(tmp_path / "b.png")


def test_how_a_tiff_stored_its_pixels_is_not_exif(tmp_path: Path) -> None:
    Image.fromarray(photo(24, 32)).save(tmp_path / "plain.tif")
    assert images.read(tmp_path / "plain.tif").metadata.exif is None
    encoding.write(images.Picture(photo(24, 32), Metadata(exif=exif().tobytes())), tmp_path / "a.tif")
    encoding.write(images.read(tmp_path / "a.tif"), tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as image:
        assert not {256, 258, 259, 262, 273, 277, 278, 279, 284} & set(image.getexif())


def test_big_tiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a TIFF of more than 4 GB becomes."""
    monkeypatch.setattr(strip_encoders, "_TIFF_MOST", 0)
    encoding.write(images.Picture(photo(24, 32), Metadata(exif=exif().tobytes())), tmp_path / "a.tif")
    assert (tmp_path / "a.tif").read_bytes()[:4] == b"II+\0"
    encoding.write(images.read(tmp_path / "a.tif"), tmp_path / "b.png")
    check_exif(tmp_path / "b.png")
    np.testing.assert_array_equal(images.read(tmp_path / "b.png").pixels, photo(24, 32))


def test_damaged_exif_is_dropped_and_said(tmp_path: Path) -> None:
    """The unit of the resolution is of a type that Pillow reads and cannot write."""
    damaged = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHII", 296, 4, 1, 131072) + bytes(4)
    Image.fromarray(photo(24, 32)).save(tmp_path / "a.jpg", exif=damaged)
    picture = images.read(tmp_path / "a.jpg")
    assert picture.notes == ("damaged EXIF dropped",)
    assert picture.metadata.exif is None
    cut = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\xff\xff"
    Image.fromarray(photo(24, 32)).save(tmp_path / "b.jpg", exif=cut)
    assert images.read(tmp_path / "b.jpg").metadata.exif is None


def test_exif_longer_than_a_jpeg_holds(tmp_path: Path) -> None:
    for tag, size, note in (
        (0x927C, 70000, "the maker's note in EXIF not kept: too long for JPEG"),
        (0x9286, 70000, "EXIF not kept: too long for JPEG"),
    ):
        long = exif()
        long.get_ifd(0x8769)[tag] = b"x" * size
        Image.fromarray(photo(24, 32)).save(tmp_path / "a.png", exif=long)
        picture = images.read(tmp_path / "a.png")
        assert encoding.write(picture, tmp_path / "b.jpg").notes == (note,)
        kept = images.read(tmp_path / "b.jpg").metadata.exif
        assert (kept is None) == (tag == 0x9286)
        assert encoding.write(picture, tmp_path / "b.png").notes == ()


@pytest.mark.parametrize("target", ["jpg", "png", "tif", "bmp"])
def test_resolution(tmp_path: Path, target: str) -> None:
    Image.fromarray(photo(24, 32)).save(tmp_path / "a.jpg", dpi=(300, 150))
    encoding.write(images.read(tmp_path / "a.jpg"), tmp_path / f"b.{target}")
    with Image.open(tmp_path / f"b.{target}") as image:
        assert tuple(round(float(value)) for value in image.info["dpi"]) == (300, 150)


def test_damaged_resolution_is_dropped_and_said(tmp_path: Path) -> None:
    Image.fromarray(photo(24, 32)).save(tmp_path / "a.tif", dpi=(300, 300))
    content = (tmp_path / "a.tif").read_bytes()
    # Both rationals: 1 / 0.
    (tmp_path / "a.tif").write_bytes(content.replace(struct.pack("<II", 300, 1), struct.pack("<II", 1, 0)))
    picture = images.read(tmp_path / "a.tif")
    assert picture.metadata.dpi is None
    assert picture.notes == ("damaged resolution dropped",)


def test_comments_and_texts(tmp_path: Path) -> None:
    Image.fromarray(photo(24, 32)).save(tmp_path / "a.jpg", comment="grüße".encode())
    picture = images.read(tmp_path / "a.jpg")
    encoding.write(picture, tmp_path / "b.jpg")
    assert images.read(tmp_path / "b.jpg").metadata.comment == "grüße".encode()
    encoding.write(picture, tmp_path / "b.png")
    assert images.read(tmp_path / "b.png").metadata.text == (("Comment", "grüße"),)
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a prompt")
    info.add_itxt("Title", "日本")
    Image.fromarray(photo(24, 32)).save(tmp_path / "c.png", pnginfo=info)
    picture = images.read(tmp_path / "c.png")
    encoding.write(picture, tmp_path / "d.png")
    assert dict(images.read(tmp_path / "d.png").metadata.text) == {"parameters": "a prompt", "Title": "日本"}
    assert encoding.write(picture, tmp_path / "d.jpg").notes == ("texts not kept: JPEG holds none",)


def test_what_bmp_does_not_hold_is_said(tmp_path: Path) -> None:
    picture = images.Picture(photo(8, 8), Metadata(exif=exif().tobytes(), xmp=XMP))
    assert encoding.write(picture, tmp_path / "a.bmp").notes == ("EXIF and XMP not kept: BMP holds none",)
