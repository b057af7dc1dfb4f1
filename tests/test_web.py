"""The browser's page, used in real browsers, as many as there are."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from srgan_edge import Upscaler, web
from srgan_edge.imaging import Bytes
from srgan_edge.models import DEFAULT_MODEL, find_model


def _program(*names: str) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


BROWSERS = {
    "chrome": _program("chromium", "chromium-browser"),
    "firefox": _program("firefox-esr", "firefox"),
    "webkit": _program("WebKitWebDriver") if _program("xvfb-run") else None,  # Debian's webkit2gtk-driver and xvfb
}


@pytest.fixture(scope="module")
def tools() -> Path:
    """web-demo/ with its packages."""
    if shutil.which("npm") is None:
        pytest.skip("no npm")
    folder = web.sources()
    if not (folder / "node_modules" / "puppeteer-core").is_dir():
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, check=False)
        if done.returncode:
            pytest.skip("npm cannot fetch its packages")
    return folder


def program_of(browser: str) -> str:
    program = BROWSERS[browser]
    if program is None:
        pytest.skip(f"no {browser}")
    return program


Browse = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def site(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built."""
    site = tmp_path_factory.mktemp("web") / "site"
    out = tmp_path_factory.mktemp("built") / "built"
    subprocess.run(["node", "build.mjs", str(out)], cwd=tools, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web, "_built", lambda say: out)
        web.write_site(site, web.web_models(), lambda text: None)
    return site


def seen_by(script: Path, request: dict[str, Any]) -> Any:
    """What a script of tests/ prints."""
    command = ["node", str(script), json.dumps(request)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def served(site: Path) -> Iterator[int]:
    with web.serving(site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


@pytest.fixture
def browse(tools: Path, site: Path) -> Browse:
    """Use the site in a browser; what it showed and saved."""

    def use(browser: str, folder: Path, photos: dict[str, str], gpu: bool = False) -> dict[str, Any]:
        program = program_of(browser)
        with served(site) as port:
            request = {
                "browser": browser,
                "program": program,
                "port": port,
                "folder": str(folder),
                "photos": photos,
                "gpu": gpu,
                "model": DEFAULT_MODEL,
            }
            return seen_by(tools / "tests" / "browser.mjs", request)

    return use


def upscaled(model: str, image: Bytes) -> Bytes:
    with Upscaler(model, delegate="cpu") as upscaler:
        return upscaler(image)


def digest(image: Bytes) -> str:
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()


def profile_of_p3() -> bytes:
    """An ICC profile of Display P3, as phones' photos have: sRGB's with other primaries."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for k in range(int.from_bytes(made[128:132], "big")):
        sign, offset, _ = struct.unpack_from(">4sII", made, 132 + 12 * k)
        if primary := _P3.get(sign):
            struct.pack_into(">iii", made, offset + 8, *(round(65536 * value) for value in primary))
    return bytes(made)


_P3 = {b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189), b"bXYZ": (0.1571, 0.06657, 0.78407)}


@pytest.mark.slow
@pytest.mark.parametrize("browser", BROWSERS)
def test_in_a_browser(browse: Browse, browser: str, coffee: Bytes, tmp_path: Path) -> None:
    """One visit: everything that a visitor does, each result to the byte that of the Python Upscaler."""
    image = coffee[80:230, 100:330]
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a cup"  # turned by a quarter, and a description
    exif.get_ifd(0x8769).update({0xA002: 150, 0xA003: 230})
    profile = profile_of_p3()
    turned = Image.fromarray(np.rot90(image, 1).copy())
    turned.save(tmp_path / "cup.png", exif=exif, icc_profile=profile)
    turned.save(tmp_path / "cup.webp", exif=exif, icc_profile=profile, lossless=True)
    turned.save(tmp_path / "cup.jpg", exif=exif, icc_profile=profile, quality=95)
    jpeg = (tmp_path / "cup.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    clear = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    clear[:40, :40, 3] = 0
    Image.fromarray(clear).save(tmp_path / "clear.png")
    Image.fromarray(np.tile(image, (8, 8, 1))).save(tmp_path / "large.png")
    (tmp_path / "broken.jpg").write_bytes(b"words")
    names = {"plain": "cup.png", "transparent": "clear.png", "broken": "broken.jpg", "cut": "cut.jpg"}
    names |= {"large": "large.png", "webp": "cup.webp", "jpeg": "cup.jpg"}
    seen = browse(browser, tmp_path, {**{key: str(tmp_path / name) for key, name in names.items()}, "more": "yes"})

    wanted = upscaled(f"{DEFAULT_MODEL}-int8", image)
    for visit in ("int8", "both", "afterwards", "narrow", "offline"):
        assert (seen[visit]["hash"], seen[visit]["error"]) == (digest(wanted), ""), visit
        assert (seen[visit]["width"], seen[visit]["height"], seen[visit]["device"]) == (920, 600, "wasm")
        assert seen[visit]["again"], "the same file can be chosen once more"
    with Image.open(tmp_path / "fp16.png") as png:
        apart = np.abs(np.asarray(png.convert("RGB")).astype(int) - upscaled(f"{DEFAULT_MODEL}-fp16", image)).max()
    # Without relaxed SIMD sums are rounded otherwise.
    fp16 = browser != "webkit"
    assert apart <= (0 if fp16 else 1)
    looks = upscaled("edge-m-real-gan-x4-int8", image)
    assert seen["looks"]["hash"] == digest(looks)
    for visit, kind in (("mixed", "int8"), *([("fp16mixed", "fp16")] if fp16 else [])):
        with Upscaler(f"edge-m-real-gan-x4-{kind}", strength=0.4, delegate="cpu") as upscaler:
            assert seen[visit]["hash"] == digest(upscaler(image)), visit
    assert (seen["failed"]["shown"], seen["failed"]["error"]) == (False, "It failed: the device is lost")
    assert seen["reached"] == [True, False, 0]
    twice = digest(upscaled("edge-m-x2-int8", image))
    for visit in ("twice", "drop", "webp", *(["paste"] if browser != "firefox" else [])):
        assert (seen[visit]["hash"], seen[visit]["error"]) == (twice, ""), visit
    with Image.open(tmp_path / "cup.jpg") as file:
        stored = np.asarray(file.convert("RGB"))
    assert seen["jpeg"]["hash"] == digest(upscaled("edge-m-x2-int8", np.rot90(stored, -1).copy()))
    white = np.where(clear[..., 3:] == 0, 255, image).astype(np.uint8)
    assert seen["transparent"]["hash"] == digest(upscaled("edge-m-x2-int8", white))
    assert "What was transparent is white now." in seen["transparent"]["status"]

    assert (seen["broken"]["shown"], seen["broken"]["error"]) == (
        False,
        "broken.jpg is not a picture that this browser can read.",
    )
    assert (seen["cut"]["shown"], seen["cut"]["error"]) == (False, "cut.jpg is damaged or cut off.")
    assert (seen["cancelled"]["shown"], seen["cancelled"]["status"]) == (False, "Cancelled.")
    language, text = seen["german"]
    assert language == "de"
    assert "Nichts wird hochgeladen" in text
    assert "Nothing is uploaded" not in text
    assert seen["narrow"]["spare"] >= 0
    assert seen["boundary"] == ["50", "50%"]
    assert (seen["empty"], seen["full"], seen["narrowAccess"], seen["complaints"]) == ([], [], [], [])

    with Image.open(tmp_path / "int8.png") as png:
        np.testing.assert_array_equal(np.asarray(png.convert("RGB")), wanted)
        assert (png.getexif()[0x010E], png.getexif()[0x0112]) == ("a cup", 1)
        assert png.info["icc_profile"] == profile
    with Image.open(tmp_path / "int8.jpg") as saved:
        assert np.abs(np.asarray(saved).astype(int) - wanted).mean() < 2
        assert (saved.getexif()[0x010E], saved.getexif()[0x0112]) == ("a cup", 1)
        assert saved.getexif().get_ifd(0x8769) == {0xA002: 920, 0xA003: 600}
        assert saved.info["icc_profile"] == profile


@pytest.mark.slow
def test_webgpu(browse: Browse, coffee: Bytes, tmp_path: Path) -> None:
    """On SwiftShader; the site never chooses a graphics card that is a program by itself."""
    image = coffee[80:180, 100:200]
    Image.fromarray(image).save(tmp_path / "cup.png")
    seen = browse("chrome", tmp_path, {"plain": str(tmp_path / "cup.png")}, gpu=True)
    assert seen["int8"]["device"] == "wasm"
    if "no graphics card" in seen["fp16"]["error"]:
        pytest.skip("this Chromium offers no WebGPU on SwiftShader")
    # INT8 is computed in floating point there: what is rounded in the model is rounded at its ends alone.
    for kind, name, file, levels in (("int8gpu", "int8", "int8gpu.png", 4), ("fp16", "fp16", "fp16.png", 1)):
        assert (seen[kind]["device"], seen[kind]["error"]) == ("webgpu", "")
        with Image.open(tmp_path / file) as png:
            difference = np.abs(np.asarray(png.convert("RGB")).astype(int) - upscaled(f"{DEFAULT_MODEL}-{name}", image))
        assert difference.max() <= levels, name
    assert (seen["chosen"]["device"], seen["chosen"]["error"]) == ("webgpu", "")
    assert (seen["fallback"]["device"], seen["fallback"]["hash"]) == ("wasm", seen["int8"]["hash"])


@pytest.mark.slow
def test_a_browser_that_hides_pixels(tools: Path, site: Path, coffee: Bytes, tmp_path: Path) -> None:
    """Firefox against fingerprinting gives noise for what a canvas has: that is not enlarged."""
    program = program_of("firefox")
    Image.fromarray(coffee[80:180, 100:200]).save(tmp_path / "cup.png")
    with served(site) as port:
        request = {"program": program, "url": f"http://127.0.0.1:{port}/", "photo": str(tmp_path / "cup.png")}
        assert "hides the pixels of pictures" in seen_by(tools / "tests" / "disguised.mjs", request)


@pytest.mark.slow
@pytest.mark.parametrize("browser", ["chrome", "firefox"])
def test_a_new_version_arrives(
    tools: Path, browser: str, coffee: Bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past a host's HTTP caching, beside another site of its origin; then with no host, and where nothing is kept."""
    program = program_of(browser)
    built = tmp_path / "built"
    subprocess.run(["node", "build.mjs", str(built)], cwd=tools, check=True)
    monkeypatch.setattr(web, "_built", lambda say: built)
    for name in ("first", "second"):
        web.write_site(tmp_path / name, [find_model("edge-s-x4-int8")], lambda text: None)
        with (built / "main.js").open("a") as page:
            page.write("\nwindow.SECOND = true;\n")
    Image.fromarray(coffee[80:180, 100:200]).save(tmp_path / "cup.png")
    files = {"photo": "cup.png", "first": "first", "second": "second"}
    request = {"browser": browser, "program": program, **{key: str(tmp_path / name) for key, name in files.items()}}
    seen = seen_by(tools / "tests" / "update.mjs", request)
    assert len(seen["before"]) == len(seen["after"]) == 2
    assert len(set(seen["before"]) & set(seen["after"])) == 1
    assert (seen["renewed"], seen["alone"], seen["unkept"]) == (True, [True, ""], "")
