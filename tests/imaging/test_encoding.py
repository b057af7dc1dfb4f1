from __future__ import annotations

import io
import itertools
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.imaging import encoding, images
from srgan_edge.imaging.encoding import Header
from srgan_edge.imaging.metadata import Metadata


def channels(height: int, width: int, count: int) -> np.ndarray:
    return np.dstack([photo(height, width), photo(height, width, 1)[..., 0]])[..., 4 - count if count < 3 else 0 :][
        ..., :count
    ]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
@pytest.mark.parametrize("grey", [True, False])
@pytest.mark.parametrize("quality", [95, 80])
@pytest.mark.parametrize("rows", [1, 37, 128, 300])
def test_strips_are_what_pillow_writes_at_once(
    tmp_path: Path, suffix: str, grey: bool, quality: int, rows: int
) -> None:
    image = channels(300, 77, 1 if grey else 3)
    path = tmp_path / f"strips{suffix}"
    with encoding.encoder(path, Header(77, 300, 1 if grey else 3), quality) as write:
        for row in range(0, 300, rows):
            write(image[row : row + rows])
    whole = io.BytesIO()
    options = {"quality": quality, "subsampling": 0 if quality == 95 else 2} if suffix == ".jpg" else {}
    Image.fromarray(image.squeeze()).save(whole, {".png": "PNG", ".jpg": "JPEG", ".tif": "TIFF"}[suffix], **options)
    ours, pillows = Image.open(path), Image.open(whole)
    assert ours.mode == pillows.mode
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(pillows))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".avif"])
@pytest.mark.parametrize("grey", [True, False])
def test_transparency(tmp_path: Path, suffix: str, grey: bool) -> None:
    image = channels(60, 40, 2 if grey else 4)
    path = tmp_path / f"x{suffix}"
    with encoding.encoder(path, Header(40, 60, 2 if grey else 4), 100) as write:
        write(image[:33])
        write(image[33:])
    read = images.read(path)
    assert read.alpha is not None
    assert np.abs(read.alpha.astype(int) - image[..., -1]).max() <= (0 if suffix in (".png", ".tif", ".webp") else 16)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".avif"])
def test_metadata_goes_with_strips(tmp_path: Path, suffix: str) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    exif.get_ifd(0x8769)[0xA002] = 10
    path = tmp_path / f"x{suffix}"
    header = Header(64, 400, 3, Metadata(icc=profile, exif=exif.tobytes()))
    with encoding.encoder(path, header) as write:
        for row in range(0, 400, 50):
            write(photo(400, 64)[row : row + 50])
    with Image.open(path) as image:
        assert image.info["icc_profile"] == profile
        assert image.getexif()[0x010F] == "a camera"
        assert image.getexif().get_ifd(0x8769)[0xA002] == 64
        image.load()
        assert image.size == (64, 400)


@pytest.mark.parametrize("quality", [95, 80])
def test_restart_markers_are_in_order(tmp_path: Path, quality: int) -> None:
    """RST0 to RST7 and again; decoders find their place by them where a file is damaged."""
    path = tmp_path / "x.jpg"
    with encoding.encoder(path, Header(40, 500), quality) as write:
        for row in range(0, 500, 90):
            write(photo(500, 40)[row : row + 90])
    scan = path.read_bytes().split(b"\xff\xda", 1)[1]
    markers = [b - 0xD0 for a, b in itertools.pairwise(scan) if a == 0xFF and 0xD0 <= b <= 0xD7]
    rows = 8 if quality == 95 else 16
    assert markers == [n % 8 for n in range(-(-500 // rows) - 1)]


@pytest.mark.parametrize("suffix", [".webp", ".avif", ".jpg"])
def test_quality(tmp_path: Path, suffix: str) -> None:
    sizes = []
    for quality in (10, 95):
        encoding.write(images.Picture(photo(64, 64)), tmp_path / f"x{suffix}", quality)
        sizes.append((tmp_path / f"x{suffix}").stat().st_size)
    assert sizes[0] < sizes[1] / 2


def test_a_thumbnail_in_exif_is_not_taken_for_the_photo(tmp_path: Path) -> None:
    """It is a JPEG inside a JPEG, with a frame header of its own."""
    thumbnail = io.BytesIO()
    Image.fromarray(photo(16, 16)).save(thumbnail, "JPEG")
    exif = Image.Exif()
    exif[0x010E] = thumbnail.getvalue().decode("latin-1")
    path = tmp_path / "x.jpg"
    with encoding.encoder(path, Header(64, 300, 3, Metadata(exif=exif.tobytes()))) as write:
        write(photo(300, 64))
    with Image.open(path) as image:
        image.load()
        assert image.size == (64, 300)


def test_nothing_is_left_of_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    with pytest.raises(KeyError), encoding.encoder(path, Header(8, 8)) as write:
        write(photo(4, 8))
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(SrganEdgeError, match="JPEG holds at most 65500 pixels a side, not 65501x1"):
        encoding.check(tmp_path / "x.jpg", 65501, 1)
    with pytest.raises(UsageError, match="cannot write a file without suffix"):
        encoding.check(tmp_path / "x", 1, 1)
    assert encoding.format_suffix("PNG") == encoding.format_suffix(".png") == ".png"
    with pytest.raises(UnknownNameError, match="did you mean 'jpg'"):
        encoding.format_suffix("jpge")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_long_strips_are_encoded_in_parts(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most `_PART` bytes at a time, and a row where that is more: what they become takes memory too."""
    kind = {".png": "PngStrips", ".jpg": "JpegStrips", ".tif": "TiffStrips", ".webp": "_Whole"}[suffix]
    parts: list[int] = []
    write = getattr(encoding, kind).write

    def counted(self: object, strip: np.ndarray) -> None:
        parts.append(len(strip))
        write(self, strip)

    monkeypatch.setattr(getattr(encoding, kind), "write", counted)
    for part, expected in ((3 * 40 * 3 * 2 + 7, [6, 6, 6, 2]), (10, [1] * 20)):
        monkeypatch.setattr(encoding, "_PART", part)
        parts.clear()
        with encoding.encoder(tmp_path / f"x{suffix}", Header(40, 20, 3)) as put:
            put(photo(20, 40))
        assert parts == expected
    assert images.size(tmp_path / f"x{suffix}") == (20, 40)


def test_a_png_of_strips_is_whole(tmp_path: Path) -> None:
    """Decoders forgive a missing end, and validators do not."""
    path = tmp_path / "x.png"
    with encoding.encoder(path, Header(40, 20, 3)) as put:
        for row in range(0, 20, 3):
            put(photo(20, 40)[row : row + 3])
    data, place, chunks = path.read_bytes(), 8, []
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert zlib.crc32(kind + body) == int.from_bytes(data[place + 8 + length : place + 12 + length], "big")
        chunks.append((kind, length))
        place += 12 + length
    assert [chunks[0], chunks[-1]] == [(b"IHDR", 13), (b"IEND", 0)]
    assert all(length for kind, length in chunks if kind == b"IDAT")
