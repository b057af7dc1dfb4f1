"""What fuzz.py tries: files of each kind, damaged, and what must hold of the results."""

from __future__ import annotations

import io
import json
import random
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import encoding, images

Case = Callable[[random.Random, Path], None]


def mutated(r: random.Random, content: bytes, structure: int | None = None) -> bytes:
    """Bits flipped, numbers set to extremes, pieces cut, copied, overwritten; mostly where the structure is."""
    data = bytearray(content)
    for _ in range(r.choice((1, 1, 2, 3, 8, 30))):
        if not data:
            break
        place = r.randrange(min(len(data), structure)) if structure and r.random() < 0.7 else r.randrange(len(data))
        kind = r.randrange(8)
        if kind == 0:
            data[place] ^= 1 << r.randrange(8)
        elif kind == 1:
            data[place] = r.randrange(256)
        elif kind == 2:
            number = r.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE))
            data[place : place + 4] = struct.pack(r.choice("<>") + "I", number)[: len(data) - place]
        elif kind == 3:
            number = r.choice((0, 1, 2, 255, 256, 0x7FFF, 0x8000, 0xFFFF))
            data[place : place + 2] = struct.pack(r.choice("<>") + "H", number)[: len(data) - place]
        elif kind == 4:
            del data[place : place + r.randrange(1, 64)]
        elif kind == 5:
            data[place:place] = data[r.randrange(len(data)) :][: r.randrange(1, 64)]
        elif kind == 6:
            data[place : place + 16] = r.randbytes(min(16, len(data) - place))
        elif r.random() < 0.3:
            del data[place:]
    return bytes(data)


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


def cards_case() -> Case:
    """A card beside a model, its sha256 right, and the Upscaler that believes it."""
    from srgan_edge import Upscaler
    from srgan_edge.models import WEIGHTS, find_model

    model = WEIGHTS / "edge-s-x4-int8.tflite"
    card = json.loads(model.with_suffix(".json").read_text(encoding="utf-8"))
    image = np.zeros((30, 40, 3), np.uint8)
    image[10:20] = 200
    with Upscaler("edge-s-x4-int8", delegate="cpu", threads=1) as upscaler:
        wanted = upscaler(image)
    numbers = [0, 1, -1, 2, 3, 5, 64, 127, 128, 1e9, 10**30, -(10**30), 0.5, 4.0, float("nan"), float("inf")]
    odd = [None, True, False, *numbers, "", "4", "x" * 10**5, "../../x", "<script>", "\0", "é\ud800", [], [4], {}]

    def case(r: random.Random, folder: Path) -> None:
        changed = dict(card)
        for _ in range(r.choice((1, 1, 2, 5))):
            key = r.choice([*(k for k in card if k != "sha256"), "scale", "overlap", "tile", "quality"])
            if r.random() < 0.1:
                changed.pop(key, None)
            else:
                changed[key] = r.choice(odd)
        text = json.dumps(changed)
        if r.random() < 0.15:
            text = mutated(r, text.encode()).decode("latin-1")
        if r.random() < 0.05:
            text = r.choice(("[" * 10**5, "{}", "null", "3", "[]", '{"scale":' * 5000, "\ufeff" + text))
        shutil.copy(model, folder / "x.tflite")
        (folder / "x.json").write_text(text, encoding="utf-8", errors="surrogatepass")
        with Upscaler(find_model(str(folder / "x.tflite")), delegate="cpu", threads=1) as upscaler:
            result = upscaler(image)
        if not np.array_equal(result, wanted):
            raise AssertionError("a wrong result without an error")

    return case


def recipes_case() -> Case:
    """A recipe as somebody sends it: what is accepted is the same once it is saved."""
    from srgan_edge import recipes
    from srgan_edge.conversion.recipe import Conversion
    from srgan_edge.training.recipe import Recipe

    kinds: dict[recipes.Stage, type[recipes.Table]] = {"train": Recipe, "convert": Conversion}
    samples: list[tuple[recipes.Stage, Path]] = [
        (stage, path) for stage in kinds for path in sorted(recipes.recipe_folder(stage).glob("*.toml"))
    ]
    odd = ["nan", "inf", "-1", "0", "1", "2.5", "1e400", "9" * 5000, '"x"', '""', "[]", "{}", "true", "1979-05-27"]
    odd += ['"\\u0000"', "[[1]]", "[1, 2]", '"../../x"', "0x7fffffffffffffff", "1e-400", "[nan]", "{ a = 1 }"]
    lines = ["[a.b.c]", "[[generator]]", "x" * 9, "[generator.name]", "generator = 3", "[]", "= 3"]
    lines += ["a" + ".a" * 2000 + " = 1", "x = " + "[" * 3000, "x = " + "[" * 500 + "]" * 500]
    settings = [*[()] * 12, ("a=1",), ("data.source.x=1",), ("pretrain.steps=nan",), ("=",), (".=1",), ("name=[",)]

    def case(r: random.Random, folder: Path) -> None:
        stage, path = r.choice(samples)
        text = path.read_text(encoding="utf-8").splitlines()
        for _ in range(r.choice((1, 1, 2, 4))):
            number = r.randrange(len(text))
            key, equals, _ = text[number].partition("=")
            text[number] = f"{key}= {r.choice(odd)}" if equals else r.choice(lines)
        data = "\n".join(text).encode()
        changed = folder / "x.toml"
        changed.write_bytes(mutated(r, data) if r.random() < 0.3 else data)
        recipe = recipes.load(kinds[stage], stage, str(changed), r.choice(settings))
        recipes.save(recipe, changed)
        if recipes.load(kinds[stage], stage, str(changed)) != recipe:
            raise AssertionError("a saved recipe is another one")

    return case


def video_samples() -> list[tuple[str, bytes]]:
    """A clip of each container."""
    import av

    kinds = ((".mp4", "libx264", "aac"), (".mkv", "libx264", "libopus"), (".webm", "libvpx", "libopus"))
    samples = []
    for suffix, codec, sound in (*kinds, (".avi", "mpeg4", "mp3"), (".mov", "mpeg4", None)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"x{suffix}")
            with av.open(str(path), "w") as made:
                pictures: Any = made.add_stream(codec, rate=10)
                pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
                audio: Any = made.add_stream(sound, rate=48000, layout="stereo") if sound else None
                for time in range(4):
                    shown = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 40 * time, np.uint8), format="rgb24")
                    shown.pts, shown.time_base = time, Fraction(1, 10)
                    made.mux(pictures.encode(shown))
                for time in range(8 if audio else 0):
                    heard = av.AudioFrame.from_ndarray(np.zeros((2, 960), np.float32), "fltp", "stereo")
                    heard.sample_rate, heard.pts = 48000, 960 * time
                    made.mux(audio.encode(heard))
                for stream in (pictures, audio):
                    made.mux(stream.encode() if stream else [])
            samples.append((suffix, path.read_bytes()))
    return samples


def videos_case() -> Case:
    """A container, through the whole of upscale_video: the result has the frames that it is said to have."""
    import av

    from srgan_edge import Upscaler
    from srgan_edge.runtime.video import upscale_video

    samples, upscaler = video_samples(), Upscaler("edge-s-x4-int8", delegate="cpu", threads=1)

    def case(r: random.Random, folder: Path) -> None:
        suffix, data = r.choice(samples)
        source, target = folder / f"x{suffix}", folder / f"y{suffix}"
        source.write_bytes(mutated(r, data, r.choice((512, None))))
        facts = upscale_video(upscaler, source, target)
        with av.open(str(target)) as made:
            if sum(1 for _ in made.decode(video=0)) != facts["frames"]:
                raise AssertionError("the result has other frames")

    return case


TARGETS: dict[str, Callable[[], Case]] = {
    "images": images_case,
    "cards": cards_case,
    "recipes": recipes_case,
    "videos": videos_case,
}
