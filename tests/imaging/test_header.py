"""Bits and code points, of files and of PIL images whose file is still at hand or not."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import photo
from PIL import Image, features
from test_colour import SRGB, cicp, gamma, png
from test_depth import tiff

from srgan_edge.errors import UnreadableImageError
from srgan_edge.imaging import header, images

avif_only = pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)


def avif(path: Path, primaries: int, transfer: int, **options: Any) -> Path:
    """Grey ramps, losslessly; Pillow writes no other code points than sRGB's."""
    Image.fromarray(RAMP).save(path, quality=100, subsampling="4:4:4", **options)
    content = bytearray(path.read_bytes())
    place = content.index(b"colrnclx") + 8
    content[place : place + 4] = struct.pack(">HH", primaries, transfer)
    path.write_bytes(content)
    return path


@avif_only
@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
@pytest.mark.parametrize("options", [{}, {"icc_profile": SRGB}])
def test_hdr_in_avif_is_refused(tmp_path: Path, transfer: int, name: str, options: dict[str, bytes]) -> None:
    with pytest.raises(UnreadableImageError, match=rf"a\.avif: .*an HDR picture \({name}\)"):
        images.read(avif(tmp_path / "a.avif", 9, transfer, **options))


@avif_only
def test_code_points_of_avif_are_those_of_png(tmp_path: Path) -> None:
    for primaries, transfer in ((12, 13), (1, 8), (9, 1), (1, 13)):
        found = images.read(avif(tmp_path / "a.avif", primaries, transfer))
        shown = np.asarray(Image.open(tmp_path / "a.avif"))
        same = images.read(png(tmp_path / "a.png", shown, cicp(primaries, transfer, 0, 1)))
        np.testing.assert_array_equal(found.pixels, same.pixels)
        assert found.metadata.icc == same.metadata.icc
        assert (found.metadata.icc is None) == (primaries == 1)
    usual = images.read(avif(tmp_path / "a.avif", 2, 2))  # not said
    np.testing.assert_array_equal(usual.pixels, Image.open(tmp_path / "a.avif"))
    assert usual.metadata.icc is None


@avif_only
def test_in_avif_a_profile_goes_before_code_points(tmp_path: Path) -> None:
    for primaries, transfer in ((12, 8), (22, 9)):  # known or not
        picture = images.read(avif(tmp_path / "a.avif", primaries, transfer, icc_profile=SRGB))
        np.testing.assert_array_equal(picture.pixels, Image.open(tmp_path / "a.avif"))
        assert picture.metadata.icc == SRGB


def box(kind: bytes, *parts: bytes, wide: bool = False) -> bytes:
    body = b"".join(parts)
    if wide:
        return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), kind) + body


def heif(version: int, wide: int, primary: int = 2) -> bytes:
    """Item 1 is a gain map in PQ, item 2 a photo of 10 bits in Display P3."""
    number = ">I" if version else ">H"
    held = (
        *(box(b"colr", b"nclx", struct.pack(">HHHB", 9, 16, 9, 128)), box(b"pixi", bytes([0, 0, 0, 0, 1, 8]))),
        *(box(b"colr", b"prof", b"x"), box(b"colr", b"nclx", struct.pack(">HHHB", 12, 13, 6, 128))),
        box(b"pixi", bytes([0, 0, 0, 0, 3, 10, 10, 10])),
    )
    entries = b"".join(
        struct.pack(number, item)
        + bytes([len(places)])
        + struct.pack(f">{len(places)}{'H' if wide else 'B'}", *((32768 if wide else 128) | n for n in places))
        for item, places in ((1, (1, 2)), (2, (3, 4, 5)))
    )
    return box(b"ftyp", b"heic\0\0\0\0mif1") + box(
        b"meta",
        bytes(4),
        box(b"pitm", bytes([version, 0, 0, 0]), struct.pack(number, primary)),
        box(b"iprp", box(b"ipco", *held), box(b"ipma", bytes([version, 0, 0, wide]), struct.pack(">I", 2), entries)),
        wide=bool(wide),
    )


def told(content: bytes, kind: str = "HEIF") -> header.Coding | None:
    image = Image.new("RGB", (1, 1))
    image.format = kind
    return header.of(image, io.BytesIO(content))


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("wide", [0, 1])
def test_what_a_heif_says_of_its_primary_item(version: int, wide: int) -> None:
    assert told(heif(version, wide)) == header.Coding(10, (12, 13, 0, 1))
    assert told(heif(version, wide, primary=1)) == header.Coding(8, (9, 16, 0, 1))
    assert told(heif(version, wide, primary=3)) == header.Coding()
    assert told(b"\xff\xd8" + heif(version, wide)) is None


def test_a_damaged_header_is_one_error() -> None:
    content = heif(0, 0)
    for length in range(40, len(content) - 1):  # all of meta, whose parts say other lengths then
        try:
            told(content[:length])
        except ValueError as error:
            assert str(error) == "its header is damaged"
    with pytest.raises(ValueError, match="its header is damaged"):
        told(content.replace(b"\x00\x00\x00\x0epitm", b"\x00\x00\x00\x03pitm"))


def test_heic(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    Image.fromarray(RAMP).save(tmp_path / "a.heic", quality=-1, chroma=444)
    content = bytearray((tmp_path / "a.heic").read_bytes())
    place = content.index(b"colrnclx") + 8
    content[place : place + 4] = struct.pack(">HH", 9, 16)
    (tmp_path / "a.heic").write_bytes(content)
    with pytest.raises(UnreadableImageError, match=r"an HDR picture \(PQ\)"):
        images.read(tmp_path / "a.heic")


def png_of(
    path: Path, bits: int, colours: int, size: tuple[int, int], rows: bytes, *chunks: tuple[bytes, bytes]
) -> Path:
    """A PNG of a kind that Pillow does not write."""
    head = struct.pack(">IIBBBBB", *size, bits, colours, 0, 0, 0)
    parts = ((b"IHDR", head), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    coded = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(coded))
    return path


def deep(path: Path, values: np.ndarray, *chunks: tuple[bytes, bytes]) -> Path:
    """Of 16-bit colours."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png_of(path, 16, {3: 2, 4: 6}[channels], (width, height), rows, *chunks)


@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_colours_are_said(tmp_path: Path, channels: int) -> None:
    values = (np.arange(256 * channels).reshape(16, 16, channels) * 64).astype(np.uint16)
    picture = images.read(deep(tmp_path / "a.png", values))
    assert picture.notes == ("16-bit RGB reduced to 8 bits",)
    bt709 = images.read(deep(tmp_path / "b.png", values, cicp(1, 1, 0, 1)))
    assert bt709.notes == ("16-bit RGB reduced to 8 bits",)
    extra = {"t338": 2} if channels == 4 else {}
    tiff(tmp_path / "a.tif", values, photometric=2, t258=(16,) * channels, t277=channels, **extra)
    assert images.read(tmp_path / "a.tif").notes == ("16-bit RGB reduced to 8 bits",)
    if channels == 3:
        (tmp_path / "a.ppm").write_bytes(b"P6 # words\n16 16\n65535\n" + values.astype(">u2").tobytes())
        assert images.read(tmp_path / "a.ppm").notes == ("16-bit RGB reduced to 8 bits",)
        (tmp_path / "b.ppm").write_bytes(b"P6 16 16 255\n" + RAMP.tobytes())
        assert images.read(tmp_path / "b.ppm").notes == ()


def test_16_bit_colours_in_linear_light_are_refused(tmp_path: Path) -> None:
    """Of these Pillow gives 8 values, which would be all that the result has of 50 levels."""
    ramp = np.linspace(0, 2000, 256).reshape(16, 16, 1).repeat(3, axis=2)
    with pytest.raises(UnreadableImageError, match=r"its 16-bit RGB is read in 8 bits, too few for the dark parts"):
        images.read(deep(tmp_path / "a.png", ramp, gamma(1.0)))


def opened(path: Path, way: str) -> Image.Image:
    image = Image.open(io.BytesIO(path.read_bytes()) if "bytes" in way else path)
    if "loaded" in way:
        image.load()
    return image


@pytest.mark.parametrize("way", ["lazy", "loaded", "lazy bytes", "loaded bytes"])
def test_a_pil_image_is_the_same_once_loaded(tmp_path: Path, way: str) -> None:
    values = np.array([[[1000, 2000, 3000], [60000, 5, 6], [1000, 2000, 9000]]])
    path = deep(tmp_path / "a.png", values, (b"tRNS", struct.pack(">3H", 1000, 2000, 3000)))
    image = opened(path, way)
    for _ in range(2):  # what was taken from it is not changed either
        alpha = images.from_pil(image).alpha
        assert alpha is not None and alpha.tolist() == [[0, 255, 255]]
    hdr = opened(png(tmp_path / "b.png", photo(9, 9), cicp(9, 16, 0, 1)), way)
    if way == "loaded bytes":
        said = "loaded before, and what its file says of depth and HDR cannot be read again: taken for 8-bit SDR"
        assert images.from_pil(hdr).notes == (said,)
    else:
        with pytest.raises(ValueError, match=r"an HDR picture \(PQ\)"):
            images.from_pil(hdr)


@pytest.mark.parametrize("way", ["lazy", "loaded"])
def test_a_transparent_grey_is_the_same_once_loaded(tmp_path: Path, way: str) -> None:
    path = png_of(tmp_path / "a.png", 2, 0, (4, 1), bytes([0, 0b00_01_10_11]), (b"tRNS", b"\0\2"))
    alpha = images.from_pil(opened(path, way)).alpha
    assert alpha is not None and alpha.tolist() == [[255, 255, 0, 255]]


@avif_only
@pytest.mark.parametrize("way", ["lazy", "loaded", "lazy bytes"])
def test_a_pil_image_of_an_avif(tmp_path: Path, way: str) -> None:
    with pytest.raises(ValueError, match=r"an HDR picture \(HLG\)"):
        images.from_pil(opened(avif(tmp_path / "a.avif", 9, 18), way))
