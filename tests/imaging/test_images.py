from __future__ import annotations

import io
import os
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import photo
from PIL import Image, ImageCms

from srgan_edge.errors import SrganEdgeError, UnreadableImageError, UsageError
from srgan_edge.imaging import encoding, folders, images


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp"])
def test_round_trip_is_exact_where_the_format_is(tmp_path: Path, suffix: str) -> None:
    picture = images.Picture(photo(20, 30))
    path = tmp_path / f"photo{suffix}"
    encoding.write(picture, path, quality=100)
    difference = np.abs(images.read(path).rgb.astype(int) - picture.rgb)
    assert difference.max() <= (40 if suffix == ".webp" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_its_tag_dropped(tmp_path: Path, orientation: int) -> None:
    upright = photo(16, 24)
    # Independent of Pillow's exif_transpose: how the EXIF standard stores each orientation.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0100] = orientation, "a camera", 24
    path = tmp_path / "photo.png"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif)
    picture = images.read(path)
    assert np.array_equal(picture.rgb, upright)
    assert images.size(path) == (16, 24)  # from the header, EXIF before the pixels or after
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "photo.jpg", exif=exif)
    assert images.size(tmp_path / "photo.jpg") == (16, 24)
    encoding.write(images.Picture(photo(64, 96), picture.metadata), tmp_path / "large.png")
    kept = Image.open(tmp_path / "large.png").getexif()
    assert (kept.get(0x010F), kept.get(0x0100)) == ("a camera", 96)
    assert 0x0112 not in kept


def test_alpha_and_grey_are_kept(tmp_path: Path) -> None:
    alpha = photo(12, 14)[..., 0]
    rgba = np.dstack([photo(12, 14), alpha])
    Image.fromarray(rgba).save(tmp_path / "rgba.png")
    picture = images.read(tmp_path / "rgba.png")
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, alpha)
    assert images.to_pil(picture).mode == "RGBA"
    Image.fromarray(alpha).save(tmp_path / "grey.png")
    grey = images.read(tmp_path / "grey.png")
    assert grey.grey
    assert images.to_pil(grey).mode == "L"
    assert np.array_equal(np.asarray(images.to_pil(grey)), alpha)


@pytest.mark.parametrize("channels", [2, 4])
def test_holes_have_the_colours_around_them(tmp_path: Path, channels: int) -> None:
    pixels = np.full((20, 20, channels), 200, np.uint8)
    pixels[5:9, 5:9] = 0
    Image.fromarray(pixels, "LA" if channels == 2 else "RGBA").save(tmp_path / "hole.png")
    found = images.read(tmp_path / "hole.png").pixels
    assert np.unique(found[..., :-1]).tolist() == [200]
    assert np.unique(found[5:9, 5:9, -1]).tolist() == [0]


def test_palette_with_transparency(tmp_path: Path) -> None:
    image = Image.fromarray(photo(12, 14)).quantize(16)
    image.save(tmp_path / "palette.png", transparency=0)
    picture = images.read(tmp_path / "palette.png")
    assert picture.alpha is not None
    assert set(np.unique(picture.alpha)) == {0, 255}


def test_sixteen_bit_grey(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    picture = images.read(tmp_path / "deep.png")
    assert picture.grey
    np.testing.assert_array_equal(picture.rgb[..., 0].ravel(), np.round(values.ravel() / 257))
    assert picture.notes == ("16-bit grey reduced to 8 bits",)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=100)
    picture = images.read(tmp_path / "red.jpg")
    red, green, blue = picture.rgb[4, 4]
    assert red > 240
    assert max(green, blue) < 15
    assert "CMYK converted to RGB" in picture.notes


def test_colour_profile_is_kept(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(photo(8, 8)).save(tmp_path / "photo.jpg", icc_profile=profile)
    encoding.write(images.read(tmp_path / "photo.jpg"), tmp_path / "copy.png")
    assert Image.open(tmp_path / "copy.png").info["icc_profile"] == profile


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    picture = images.read(tmp_path / "moving.gif")
    assert tuple(picture.rgb[0, 0]) == (254, 0, 0) or tuple(picture.rgb[0, 0]) == (255, 0, 0)
    assert picture.notes == ("first of 2 frames",)


def test_jpeg_has_no_alpha(tmp_path: Path) -> None:
    picture = images.Picture(np.zeros((8, 8, 4), np.uint8))
    written = encoding.write(picture, tmp_path / "photo.jpg")
    assert written.notes == ("transparency laid over white for .jpg",)
    assert images.read(tmp_path / "photo.jpg").rgb.min() > 250


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("text.png", b"just some words", "not a photo"),
        ("empty.jpg", b"", "not a photo"),
        ("head.png", b"\x89PNG\r\n\x1a\n", "not a photo|cannot be decoded"),
    ],
)
def test_what_is_no_image(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableImageError, match=f"{name}: ({reason})"):
        images.read(tmp_path / name)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".bmp", ".webp"])
def test_truncated_at_every_tenth(tmp_path: Path, suffix: str) -> None:
    buffer = io.BytesIO()
    encoding.write(images.Picture(photo(40, 60)), tmp_path / f"whole{suffix}")
    buffer = (tmp_path / f"whole{suffix}").read_bytes()
    path = tmp_path / f"cut{suffix}"
    for tenth in range(10):
        path.write_bytes(buffer[: len(buffer) * tenth // 10])
        with pytest.raises(UnreadableImageError, match=r"cut\.\w+: "):
            images.read(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match=r"no\.png: no such file"):
        images.read(tmp_path / "no.png")
    with pytest.raises(UnreadableImageError, match="is a folder"):
        images.read(tmp_path)


def test_pipes_are_refused(tmp_path: Path) -> None:
    """Opening one would wait for a writer for ever."""
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(UnreadableImageError, match="is a pipe or device, not a file"):
        images.read(tmp_path / "a.png")
    with pytest.raises(UnreadableImageError, match="is a pipe or device, not a file"):
        images.size(Path("/dev/null"))


@pytest.mark.parametrize("kind", ["EPS", "PCX", "TGA", "SGI", "ICO", "DDS", "JPEG2000"])
def test_nothing_else_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Whatever a file is called; PostScript would start Ghostscript."""
    Image.fromarray(photo(16, 16)).save(tmp_path / "a.png", kind)
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("a program is started"))
    with pytest.raises(UnreadableImageError, match="not a photo of a format that is read"):
        images.read(tmp_path / "a.png")


def test_a_jpeg_by_other_names(tmp_path: Path) -> None:
    for name in ("a.jfif", "a.jpe", "a.heic", "a.tif"):
        Image.fromarray(photo(16, 16)).save(tmp_path / name, "JPEG")
        assert images.read(tmp_path / name).pixels.shape == (16, 16, 3)
    assert [p.name for p in folders.find(tmp_path)] == ["a.heic", "a.jfif", "a.jpe", "a.tif"]
    (tmp_path / "b.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(UnreadableImageError, match=r"b\.heic: (HEIC photos need a decoder|cannot be decoded)"):
        images.read(tmp_path / "b.heic")


def test_transparent_colours_of_other_depths(tmp_path: Path) -> None:
    """tRNS of a PNG of 16-bit colours and of 2-bit greys, whose pixels Pillow brings to 8 bits."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def png(depth: int, colours: int, rows: bytes, transparent: bytes) -> Path:
        header = struct.pack(">IIBBBBB", 4, 1, depth, colours, 0, 0, 0)
        parts = ((b"IHDR", header), (b"tRNS", transparent), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        path = tmp_path / f"{depth}.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
        return path

    colours = struct.pack(">12H", 1000, 2000, 3000, 60000, 5, 6, 1000, 2000, 9000, 0, 0, 0)
    deep = images.read(png(16, 2, b"\0" + colours, struct.pack(">3H", 1000, 2000, 3000)))
    assert deep.alpha is not None
    assert deep.alpha.tolist() == [[0, 255, 255, 255]]
    shallow = images.read(png(2, 0, b"\0" + bytes([0b00_01_10_11]), struct.pack(">H", 2)))
    assert shallow.alpha is not None
    assert shallow.alpha.tolist() == [[255, 255, 0, 255]]
    assert shallow.grey


def test_a_large_photo_is_read_and_pillows_limit_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Pillow's limit were that of 2 x 100 pixels."""
    for name in ("a.png", "a.tif", "a.webp"):
        Image.fromarray(photo(30, 40)).save(tmp_path / name)
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
        assert images.read(tmp_path / name).pixels.shape == (30, 40, 3)
        assert images.size(tmp_path / name) == (30, 40)
        assert Image.MAX_IMAGE_PIXELS == 100
        with pytest.raises(UnreadableImageError, match=r"40x30 are more than 0 megapixels.*--max-megapixels"):
            images.read(tmp_path / name, 1199)


def test_whatever_a_decoder_raises_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(photo(16, 16)).save(tmp_path / "a.png")
    for error in (TypeError("x\ny"), struct.error(), KeyError("tag"), RuntimeError("z"), NotImplementedError()):

        def fail(*arguments: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(images, "_picture", fail)
        with pytest.raises(UnreadableImageError, match=r"a\.png: cannot be decoded: it is damaged \([^\n]+\)$"):
            images.read(tmp_path / "a.png")


def test_damaged_animations_are_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(photo(40, 40, seed)).quantize(64) for seed in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    content = (tmp_path / "a.gif").read_bytes()
    for tenth in range(1, 10):
        (tmp_path / "cut.gif").write_bytes(content[: len(content) * tenth // 10])
        try:
            picture = images.read(tmp_path / "cut.gif")
        except UnreadableImageError:
            continue
        assert picture.pixels.shape == (40, 40, 3)  # its first frame is whole


def test_a_canvas_larger_than_any_webp_is_refused(tmp_path: Path) -> None:
    """It would be filled for minutes."""
    frames = [Image.fromarray(photo(16, 16, seed)) for seed in range(2)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    content = bytearray((tmp_path / "a.webp").read_bytes())
    assert content[12:16] == b"VP8X"
    content[24:27] = (2**23 - 1).to_bytes(3, "little")  # the width, less 1
    (tmp_path / "a.webp").write_bytes(content)
    with pytest.raises(UnreadableImageError, match="8388608x16 is a size that WebP does not have"):
        images.read(tmp_path / "a.webp")


def test_unwritable(tmp_path: Path) -> None:
    picture = images.Picture(photo(8, 8))
    with pytest.raises(UsageError, match=r"cannot write \.xyz"):
        encoding.write(picture, tmp_path / "photo.xyz")
    (tmp_path / "file").write_text("")
    with pytest.raises(SrganEdgeError, match="cannot be written"):
        encoding.write(picture, tmp_path / "file" / "photo.png")
    # JPEG's limit is 65,500 pixels; no half file is left behind.
    wide = images.Picture(np.zeros((1, 70_000, 3), np.uint8))
    with pytest.raises(SrganEdgeError, match=r"wide\.jpg: cannot be written"):
        encoding.write(wide, tmp_path / "wide.jpg")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
