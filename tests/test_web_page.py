"""Parts of the browser's page, in Node.js."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from srgan_edge import web
from srgan_edge.runtime.strength import mix
from srgan_edge.runtime.upscaler import luma

DEMO = web.sources()
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js")


def run(*arguments: str, given: str | None = None) -> str:
    command = ["node", *arguments]
    done = subprocess.run(command, cwd=DEMO, input=given, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_workers_and_exif() -> None:
    run("--test", *(str(path) for path in sorted((DEMO / "tests").glob("*.test.mjs"))))


def test_strength_is_mixed_as_the_runtime_mixes_it() -> None:
    """Every pair of bytes at every strength that the page offers, and what a float network makes beyond bytes."""
    script = """
        import { createHash } from 'node:crypto';
        import { mix, rounded } from './src/strength.js';
        const faithful = Uint8ClampedArray.from({ length: 65536 }, (_, i) => i >> 8);
        const looks = faithful.map((_, i) => i & 255);
        const hash = createHash('sha256');
        for (let percent = 0; percent <= 100; percent++) hash.update(mix(faithful, looks, percent / 100));
        console.log(JSON.stringify([hash.digest('hex'), [...rounded(Float32Array.of(-3.7, 0.5, 1.5, 254.6, 261))]]));
    """
    got = json.loads(run("--input-type=module", "--eval", script))
    faithful, looks = (np.ascontiguousarray(a, np.uint8) for a in np.divmod(np.arange(65536), 256))
    digest = hashlib.sha256()
    for percent in range(101):
        digest.update(mix(faithful, looks, percent / 100).tobytes())
    assert got == [digest.hexdigest(), [0, 0, 2, 255, 255]]


def test_a_grey_is_the_runtimes() -> None:
    colours = np.random.default_rng(1).integers(0, 256, (4096, 4), np.uint8)
    script = "desaturate(given); console.log(JSON.stringify([...given]));"
    given = f"const given = Uint8ClampedArray.from({colours.ravel().tolist()});"
    got = run("--input-type=module", given=f"import {{ desaturate }} from './src/grey.js'; {given} {script}")
    made = np.reshape(json.loads(got), (-1, 4))
    assert (made[:, :3] == luma(colours[np.newaxis, :, :3])[0][:, np.newaxis]).all()
    assert (made[:, 3] == colours[:, 3]).all()


def in_node(script: str, given: Any) -> Any:
    """What a module makes of `given`, in which `bytes` decodes a file's text."""
    head = "const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));"
    tail = "console.log(JSON.stringify(await made(JSON.parse(readFileSync(0, 'utf8')))));"
    return json.loads(
        run(
            "--input-type=module",
            "--eval",
            f"import {{ readFileSync }} from 'node:fs'; {head}{script}{tail}",
            given=json.dumps(given),
        )
    )


def file_of(image: Image.Image, kind: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def text_of(file: bytes) -> str:
    return base64.b64encode(file).decode()


def small() -> Image.Image:
    """Odd sizes, so that rows and chunks are padded."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 13, 3), np.uint8))


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[0x0112], made[0x010E] = orientation, "a cup"
    return made


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_a_file_that_is_cut_off_anywhere_is_not_whole() -> None:
    picture, thumbnail = small(), b"Exif\0\0" + file_of(small(), "JPEG")  # whose end is not the photo's
    files = {
        "jpeg": file_of(picture, "JPEG", exif=thumbnail),
        "progressive": file_of(picture, "JPEG", progressive=True, restart_marker_rows=1),
        "png": file_of(picture, "PNG", exif=exif(6)),
        "webp": file_of(picture, "WEBP", exif=exif(6), icc_profile=SRGB),
        "lossy webp": file_of(picture, "WEBP"),
        "gif": file_of(picture, "GIF", comment=b"words"),
        "bmp": file_of(picture, "BMP"),
        "avif": file_of(picture, "AVIF"),
    }
    script = """
        import { whole } from './src/whole.js';
        const made = (files) => Object.fromEntries(Object.entries(files).map(([name, text]) => {
          const file = bytes(text);
          const ends = Array.from({ length: file.length - 16 }, (_, i) => i + 16);
          const cuts = ends.filter((end) => whole(file.slice(0, end)));
          return [name, [whole(file), whole(Uint8Array.of(...file, 1, 2, 3)), cuts, file.length]];
        }));
    """
    for name, (whole, longer, cuts, size) in in_node(script, {k: text_of(v) for k, v in files.items()}).items():
        assert whole, name
        assert longer, name
        # A GIF's first picture is complete without what ends the file; an AVIF without pixels is seen by every browser.
        boxes = [at for at in (files["avif"].index(b"meta") - 4, files["avif"].index(b"mdat") - 4) if name == "avif"]
        assert cuts == ([size - 1] if name == "gif" else boxes), name
    png = bytearray(files["png"])
    png[len(png) // 2] ^= 1
    other = {"changed": png, "words": b"no picture of any kind", "none": b""}
    found = in_node(script.replace("file.length - 16", "0"), {name: text_of(file) for name, file in other.items()})
    assert [found[name][0] for name in other] == [False, True, True]


def test_what_browsers_apply_or_not_is_taken_out() -> None:
    picture = small()
    files = {
        kind: file_of(picture, kind, exif=exif(6), icc_profile=SRGB, **how)
        for kind, how in {"JPEG": {}, "PNG": {}, "WEBP": {"lossless": True}}.items()
    }
    script = """
        import { bare, read } from './src/metadata.js';
        const text = (file) => file && btoa(String.fromCharCode(...file));
        const made = async (files) => {
          const found = {};
          for (const [name, given] of Object.entries(files)) {
            const metadata = await read(bytes(given));
            found[name] = [text(metadata.profile)];
            for (const left of [{}, { exif: null }, { profile: null }]) {
              found[name].push(text(await bare(bytes(given), { ...metadata, ...left })));
            }
          }
          return found;
        };
    """
    for kind, (profile, *made) in in_node(script, {kind: text_of(file) for kind, file in files.items()}).items():
        assert base64.b64decode(profile) == SRGB, kind
        for text, (turned, tagged) in zip(made, ((False, False), (True, False), (False, True)), strict=True):
            with Image.open(io.BytesIO(files[kind])) as before, Image.open(io.BytesIO(base64.b64decode(text))) as after:
                np.testing.assert_array_equal(np.asarray(after.convert("RGB")), np.asarray(before.convert("RGB")))
                assert (after.getexif().get(0x0112), "icc_profile" in after.info) == (6 if turned else None, tagged), (
                    kind
                )
    # A profile for CMYK cannot be a result's, nor one that is none: the browser does with them what it can.
    other = {
        "cmyk": SRGB[:16] + b"CMYK" + SRGB[20:],
        "damaged": b"not a profile that anybody reads, for all its length",
    }
    found = in_node(script, {name: text_of(file_of(picture, "JPEG", icc_profile=icc)) for name, icc in other.items()})
    assert [found[name][0] for name in other] == [None, None]


def test_what_is_saved_has_one_exif_and_one_profile() -> None:
    """A canvas's file may have some of its own."""
    script = """
        import { intoJpeg, intoPng, read } from './src/metadata.js';
        const text = (file) => btoa(String.fromCharCode(...file));
        const made = async ({ JPEG, PNG, photo }) => {
          const metadata = await read(bytes(photo));
          return [text(await intoJpeg(bytes(JPEG), metadata)), text(await intoPng(bytes(PNG), metadata))];
        };
    """
    other = SRGB[:24] + bytes(12) + SRGB[36:]  # another date
    files = {kind: file_of(small(), kind, exif=exif(3), icc_profile=other) for kind in ("JPEG", "PNG")}
    files["photo"] = file_of(small(), "JPEG", exif=exif(6), icc_profile=SRGB)
    made = in_node(script, {name: text_of(file) for name, file in files.items()})
    for text, marks in zip(made, ((b"Exif\0\0", b"ICC_PROFILE\0"), (b"eXIf", b"iCCP")), strict=True):
        file = base64.b64decode(text)
        assert [file.count(mark) for mark in marks] == [1, 1]
        with Image.open(io.BytesIO(file)) as image:
            assert (image.getexif()[0x0112], image.info["icc_profile"]) == (6, SRGB)


def test_pixels_are_turned_as_pillow_turns_them() -> None:
    picture = small()
    script = """
        import { orientation } from './src/exif.js';
        import { read } from './src/metadata.js';
        import { turned } from './src/photo.js';
        const made = ({ rgba, files }) => Promise.all(files.map(async (file) => {
          const how = orientation((await read(bytes(file))).exif);
          if (how === 1) return [how];
          const { data, width, height } = turned({ data: Uint8ClampedArray.from(rgba), width: 13, height: 9 }, how);
          return [how, width, height, [...data]];
        }));
    """
    files = [file_of(picture, "JPEG", exif=exif(k)) for k in range(1, 10)]
    rgba = np.asarray(picture.convert("RGBA")).ravel().tolist()
    one, *turned, nine = in_node(script, {"rgba": rgba, "files": [text_of(file) for file in files]})
    assert (one, nine) == ([1], [1])
    for k, (how, width, height, data) in enumerate(turned, 2):
        wanted = picture.convert("RGBA")
        wanted.getexif()[0x0112] = k
        ImageOps.exif_transpose(wanted, in_place=True)
        assert (how, (width, height)) == (k, wanted.size)
        assert data == np.asarray(wanted).ravel().tolist(), k
