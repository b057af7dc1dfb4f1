"""The browser's page, used in a real Chromium where there is one."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from srgan_edge import Upscaler, web
from srgan_edge.imaging import Bytes
from srgan_edge.models import DEFAULT_MODEL, find_model

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def tools() -> Path:
    """web-demo/ with its packages."""
    if CHROMIUM is None:
        pytest.skip("no Chromium")
    if shutil.which("npm") is None:
        pytest.skip("no npm")
    folder = web.sources()
    if not (folder / "node_modules" / "puppeteer-core").is_dir():
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, check=False)
        if done.returncode:
            pytest.skip("npm cannot fetch its packages")
    return folder


Browse = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def browse(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Browse:
    """Use the site in Chromium; what it showed and saved."""
    site = tmp_path_factory.mktemp("web") / "site"
    out = tmp_path_factory.mktemp("built") / "built"
    subprocess.run(["node", "build.mjs", str(out)], cwd=tools, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web, "_built", lambda say: out)
        web.write_site(site, web.web_models(), lambda text: None)

    def use(folder: Path, photos: dict[str, str], gpu: bool = False) -> dict[str, Any]:
        with web.serving(site, 0) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/"
            request = {
                "chromium": CHROMIUM,
                "url": url,
                "folder": str(folder),
                "photos": photos,
                "gpu": gpu,
                "model": DEFAULT_MODEL,
            }
            script = [str(tools / "tests" / "browser.mjs"), json.dumps(request)]
            try:
                done = subprocess.run(["node", *script], capture_output=True, text=True, timeout=1500, check=False)
            finally:
                server.shutdown()
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return use


def upscaled(model: str, image: Bytes) -> Bytes:
    with Upscaler(model, delegate="cpu") as upscaler:
        return upscaler(image)


def digest(image: Bytes) -> str:
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()


@pytest.mark.slow
def test_in_a_browser(browse: Browse, coffee: Bytes, tmp_path: Path) -> None:
    """One visit: everything that a visitor does, each result to the byte that of the Python Upscaler."""
    image = coffee[80:230, 100:330]
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a cup"  # turned by a quarter, and a description
    exif.get_ifd(0x8769).update({0xA002: 150, 0xA003: 230})
    profile = b"not a profile that anybody reads"
    turned = Image.fromarray(np.rot90(image, 1).copy())
    turned.save(tmp_path / "cup.png", exif=exif, icc_profile=profile)
    clear = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    clear[:40, :40, 3] = 0
    Image.fromarray(clear).save(tmp_path / "clear.png")
    Image.fromarray(np.tile(image, (8, 8, 1))).save(tmp_path / "large.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff words")
    names = {"plain": "cup.png", "transparent": "clear.png", "broken": "broken.jpg", "large": "large.png"}
    seen = browse(tmp_path, {**{key: str(tmp_path / name) for key, name in names.items()}, "more": "yes"})

    wanted = upscaled(f"{DEFAULT_MODEL}-int8", image)
    for visit in ("int8", "both", "afterwards", "narrow", "offline"):
        assert (seen[visit]["hash"], seen[visit]["error"]) == (digest(wanted), ""), visit
        assert (seen[visit]["width"], seen[visit]["height"], seen[visit]["device"]) == (920, 600, "wasm")
    assert seen["fp16"]["hash"] == digest(upscaled(f"{DEFAULT_MODEL}-fp16", image))
    looks = upscaled("edge-m-real-gan-x4-int8", image)
    assert seen["looks"]["hash"] == digest(looks)
    for visit, kind in (("mixed", "int8"), ("fp16mixed", "fp16")):
        with Upscaler(f"edge-m-real-gan-x4-{kind}", strength=0.4, delegate="cpu") as upscaler:
            assert seen[visit]["hash"] == digest(upscaler(image)), visit
    assert (seen["failed"]["shown"], seen["failed"]["error"]) == (False, "It failed: the device is lost")
    assert seen["forbidden"] == "connect-src"
    assert seen["twice"]["hash"] == digest(upscaled("edge-m-x2-int8", image))
    white = np.where(clear[..., 3:] == 0, 255, image).astype(np.uint8)
    assert seen["transparent"]["hash"] == digest(upscaled("edge-m-x2-int8", white))
    assert "What was transparent is white now." in seen["transparent"]["status"]

    assert (seen["broken"]["shown"], seen["broken"]["error"]) == (
        False,
        "broken.jpg is not a picture that this browser can read.",
    )
    assert (seen["cancelled"]["shown"], seen["cancelled"]["status"]) == (False, "Cancelled.")
    language, text = seen["german"]
    assert language == "de"
    assert "Nichts wird hochgeladen" in text
    assert "Nothing is uploaded" not in text
    assert seen["narrow"]["spare"] >= 0
    assert (seen["empty"], seen["full"], seen["narrowAccess"], seen["complaints"]) == ([], [], [], [])

    with Image.open(tmp_path / "cup_x4.png") as png:
        np.testing.assert_array_equal(np.asarray(png.convert("RGB")), wanted)
        assert (png.getexif()[0x010E], png.getexif()[0x0112]) == ("a cup", 1)
        assert png.info["icc_profile"] == profile
    with Image.open(tmp_path / "cup_x4.jpg") as jpeg:
        assert np.abs(np.asarray(jpeg).astype(int) - wanted).mean() < 2
        assert (jpeg.getexif()[0x010E], jpeg.getexif()[0x0112]) == ("a cup", 1)
        assert jpeg.getexif().get_ifd(0x8769) == {0xA002: 920, 0xA003: 600}
        assert jpeg.info["icc_profile"] == profile


@pytest.mark.slow
def test_webgpu(browse: Browse, coffee: Bytes, tmp_path: Path) -> None:
    """On SwiftShader; the site never chooses a graphics card that is a program by itself."""
    image = coffee[80:180, 100:200]
    Image.fromarray(image).save(tmp_path / "cup.png")
    seen = browse(tmp_path, {"plain": str(tmp_path / "cup.png")}, gpu=True)
    assert seen["int8"]["device"] == "wasm"
    if "no graphics card" in seen["fp16"]["error"]:
        pytest.skip("this Chromium offers no WebGPU on SwiftShader")
    # INT8 is computed in floating point there: what is rounded in the model is rounded at its ends alone.
    for kind, name, file, levels in (("int8gpu", "int8", "int8gpu.png", 4), ("fp16", "fp16", "cup_x4.png", 1)):
        assert (seen[kind]["device"], seen[kind]["error"]) == ("webgpu", "")
        with Image.open(tmp_path / file) as png:
            difference = np.abs(np.asarray(png.convert("RGB")).astype(int) - upscaled(f"{DEFAULT_MODEL}-{name}", image))
        assert difference.max() <= levels, name
    assert (seen["chosen"]["device"], seen["chosen"]["error"]) == ("webgpu", "")
    assert (seen["fallback"]["device"], seen["fallback"]["hash"]) == ("wasm", seen["int8"]["hash"])


@pytest.mark.slow
def test_a_new_version_arrives(tools: Path, coffee: Bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past a host's HTTP caching, beside another site of its origin; then with no host, and where nothing is kept."""
    built = tmp_path / "built"
    subprocess.run(["node", "build.mjs", str(built)], cwd=tools, check=True)
    monkeypatch.setattr(web, "_built", lambda say: built)
    for name in ("first", "second"):
        web.write_site(tmp_path / name, [find_model("edge-s-x4-int8")], lambda text: None)
        with (built / "main.js").open("a") as page:
            page.write("\nwindow.SECOND = true;\n")
    Image.fromarray(coffee[80:180, 100:200]).save(tmp_path / "cup.png")
    files = {"photo": "cup.png", "first": "first", "second": "second"}
    request = {"chromium": CHROMIUM, **{key: str(tmp_path / name) for key, name in files.items()}}
    script = [str(tools / "tests" / "update.mjs"), json.dumps(request)]
    done = subprocess.run(["node", *script], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert len(seen["before"]) == len(seen["after"]) == 2
    assert len(set(seen["before"]) & set(seen["after"])) == 1
    assert (seen["renewed"], seen["alone"], seen["unkept"]) == (True, [True, ""], "")
