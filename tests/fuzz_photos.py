"""What fuzz.py tries of photos, and what must hold of the results."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_damage import Case, mutated
from PIL import Image, ImageCms, PngImagePlugin

from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import encoding, images


def with_checksums(png: bytes) -> bytes:
    """A PNG whose chunks' checksums are right again, so that the change is looked at."""
    out, place = bytearray(png[:8]), 8
    while place + 8 <= len(png):
        (length,) = struct.unpack_from(">I", png, place)
        kind, body = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        out += struct.pack(">I", length) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        place += 12 + length
    return bytes(out)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.copy().save(buffer, kind, **options)
    return buffer.getvalue()


def some_exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A], exif[0x010E] = 6, "Maker", 72.0, "é"
    inner = exif.get_ifd(0x8769)
    inner[0x9003], inner[0xA002], inner[0xA003], inner[0x829A] = "2020:01:01 00:00:00", 64, 48, 0.01
    inner[0x927C], inner[0x9286] = b"Nikon" * 9, b"ASCII\0\0\0words"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (1.0, 2.0, 3.0)
    return exif.tobytes()


def image_samples() -> list[tuple[str, bytes]]:
    """Files of every format that is read, and some that are not."""
    rng = np.random.default_rng(0)
    rgb = Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8)).resize((64, 48))
    grey, palette = rgb.convert("L"), rgb.convert("P", palette=Image.Palette.ADAPTIVE)
    rgba = rgb.convert("RGBA")
    rgba.putalpha(grey)
    spaces = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"))
    lab = ImageCms.profileToProfile(rgb, *spaces, outputMode="LAB") or rgb
    deep = Image.fromarray(rng.integers(0, 65536, (20, 30), np.uint16))
    floats = Image.fromarray(rng.random((20, 30)).astype(np.float32))
    icc, exif = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), some_exif()
    text = PngImagePlugin.PngInfo()
    text.add_text("a", "b" * 50, zip=True)
    text.add_itxt("c", "d")
    text.add(b"gAMA", struct.pack(">I", 100000))
    text.add(b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
    cicp = PngImagePlugin.PngInfo()
    cicp.add(b"cICP", bytes((9, 8, 0, 1)))
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="3"/></x:xmpmeta>'

    def frames() -> dict[str, Any]:  # anew: encoders leave marks on images
        return {"save_all": True, "append_images": [rgb.rotate(90), rgb.copy()]}

    return [
        (".jpg", encoded(rgb, "JPEG", exif=exif, icc_profile=icc, comment=b"hello", dpi=(300, 300), xmp=xmp)),
        (".jpg", encoded(rgb, "JPEG", progressive=True, exif=exif)),
        (".jpg", encoded(rgb.convert("CMYK"), "JPEG", icc_profile=icc)),
        (".jpg", encoded(grey, "JPEG", exif=exif)),
        (".jpg", encoded(rgb, "MPO", **frames())),
        (".png", encoded(rgb, "PNG", exif=exif, pnginfo=text)),
        (".png", encoded(rgb, "PNG", icc_profile=icc, dpi=(72, 72))),
        (".png", encoded(rgb, "PNG", pnginfo=cicp)),
        (".png", encoded(palette, "PNG", transparency=3)),
        (".png", encoded(deep, "PNG", transparency=999)),
        (".png", encoded(rgba, "PNG", exif=exif)),
        (".png", encoded(grey.convert("LA"), "PNG")),
        (".png", encoded(grey.convert("1"), "PNG")),
        (".png", encoded(rgb, "PNG", **frames())),
        (".webp", encoded(rgba, "WEBP", exif=exif, icc_profile=icc, xmp=xmp)),
        (".webp", encoded(rgb, "WEBP", lossless=True)),
        (".webp", encoded(rgb, "WEBP", **frames())),
        (".tif", encoded(rgb, "TIFF", exif=exif, dpi=(300, 300))),
        (".tif", encoded(rgb, "TIFF", big_tiff=True)),
        (".tif", encoded(rgb, "TIFF", compression="tiff_lzw")),
        (".tif", encoded(rgb, "TIFF", compression="jpeg")),
        (".tif", encoded(deep, "TIFF")),
        (".tif", encoded(floats, "TIFF")),
        (".tif", encoded(rgb.convert("CMYK"), "TIFF", icc_profile=icc)),
        (".tif", encoded(lab, "TIFF")),
        (".tif", encoded(rgba, "TIFF")),
        (".tif", encoded(grey.convert("1"), "TIFF", compression="group4")),
        (".tif", encoded(rgb, "TIFF", **frames())),
        (".bmp", encoded(rgb, "BMP")),
        (".bmp", encoded(palette, "BMP")),
        (".gif", encoded(palette, "GIF", **frames())),
        (".gif", encoded(palette, "GIF", transparency=3, comment=b"hello")),
        (".avif", encoded(rgba, "AVIF", exif=exif, icc_profile=icc)),
        (".ppm", encoded(rgb, "PPM")),
        (".pgm", encoded(deep.convert("I"), "PPM")),
        (".png", encoded(rgb, "JPEG2000")),
        (".png", encoded(rgb, "TGA")),
        (".png", encoded(rgb, "PCX")),
        (".png", encoded(rgba, "ICO")),
        (".png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"),
    ]


def images_case() -> Case:
    """The decoder, and the encoders that what it found of metadata goes to."""
    samples, exif, plain = image_samples(), some_exif(), Image.new("RGB", (64, 48), "teal")

    def case(r: random.Random, folder: Path) -> None:
        suffix, data = r.choice(samples)
        if r.random() < 0.25:  # the metadata alone
            suffix, kind = r.choice(((".jpg", "JPEG"), (".png", "PNG"), (".webp", "WEBP")))
            data = encoded(plain, kind, exif=b"Exif\0\0" + mutated(r, exif[6:], 160)[:65000])
        else:
            data = mutated(r, data, r.choice((64, 256, None)))
            if data[:4] == b"\x89PNG" and r.random() < 0.8:
                data = with_checksums(data)
        path = folder / f"x{suffix}"
        path.write_bytes(data)
        picture = read_or_named(path)
        if picture is None:
            return
        pixels = picture.pixels
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or 0 in pixels.shape:
            raise AssertionError(f"pixels of shape {pixels.shape}")
        if images.size(path) != pixels.shape[:2]:
            raise AssertionError("size() and read() differ")
        if pixels.size < 3e6:
            target = folder / f"y{r.choice(('.png', '.jpg', '.tif', '.webp', '.avif', '.bmp'))}"
            encoding.write(picture, target)
            again = images.read(target)
            if target.suffix in (".png", ".tif") and not np.array_equal(again.pixels, pixels):
                raise AssertionError(f"other pixels in {target.suffix}")

    return case


def read_or_named(path: Path) -> images.Picture | None:
    try:
        return images.read(path)
    except SrganEdgeError as error:
        if not str(error).startswith(f"{path}: ") or "\n" in str(error):
            raise AssertionError(f"not one sentence about the file: {error}") from error
        return None
