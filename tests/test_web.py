"""The browser's page: written as a site, and used in a real Chromium where there is one."""

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
from click.testing import CliRunner
from PIL import Image

from srgan_edge import Upscaler, web
from srgan_edge.cli.web_command import command
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.models import DEFAULT_MODEL, Model, find_model

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the built page where npm is not what is tested."""
    folder = tmp_path / "built"
    (folder / "wasm").mkdir(parents=True)
    for name in ("index.html", "main.js", "worker.js", "sw.js"):
        (folder / name).write_text(f"// {name}\n")
    monkeypatch.setattr(web, "_built", lambda say: folder)
    return folder


def sentence(*arguments: str) -> tuple[str, object]:
    done = CliRunner().invoke(command, list(arguments))
    return str(done.exception), getattr(done.exception, "exit_code", None)


def test_a_site(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    done = CliRunner().invoke(command, ["-o", str(out), "--json"], catch_exceptions=False)
    names = json.loads(done.stdout)["models"]
    assert "edge-m-x4-int8" in names
    assert not [name for name in names if name.startswith("srgan")]
    groups = {group["family"]: group for group in json.loads((out / web.MARK).read_text())}
    assert [name for name, group in groups.items() if group["default"]] == ["edge-l-real-x4"]
    assert groups["edge-m-real-gan-x4"]["purpose"] == "looks"
    assert groups["edge-m-real-gan-x4"]["plain"] == "edge-m-real-x4"
    assert groups["edge-m-real-x4"]["plain"] is None
    assert (groups["edge-m-x2"]["scale"], groups["edge-m-x2"]["fp16"]["name"]) == (2, "edge-m-x2-fp16")
    worker = (out / "sw.js").read_text()
    listed = json.loads(worker.splitlines()[0].removeprefix("self.FILES = ").rstrip(";"))
    assert {"./", "index.html", "models/models.json", *(f"models/{name}.tflite" for name in names)} <= set(listed)
    # Written anew over a site, with another version for other content; nothing else is left behind.
    (built / "main.js").write_text("// another\n")
    CliRunner().invoke(command, ["-o", str(out), "-m", "edge-s-x4-int8"], catch_exceptions=False)
    assert (out / "sw.js").read_text().splitlines()[1] != worker.splitlines()[1]
    assert [p.name for p in (out / "models").glob("*.tflite")] == ["edge-s-x4-int8.tflite"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["built", "site"]


def test_what_else_lies_in_a_sites_folder_stays(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    write = ["-o", str(out), "-m", "edge-s-x4-int8"]
    CliRunner().invoke(command, write, catch_exceptions=False)
    (out / "CNAME").write_text("photos.example")
    (out / ".git").mkdir()
    (out / ".git" / "HEAD").write_text("ref: refs/heads/pages")
    (out / "models" / "notes.txt").write_text("mine")
    (out / "link").symlink_to("nowhere")
    (built / "main.js").unlink()
    CliRunner().invoke(command, write, catch_exceptions=False)
    for name, text in (
        ("CNAME", "photos.example"),
        (".git/HEAD", "ref: refs/heads/pages"),
        ("models/notes.txt", "mine"),
    ):
        assert (out / name).read_text() == text
    assert (out / "link").is_symlink()
    assert not (out / "main.js").exists(), "ours, and not of the new site"
    assert "CNAME" not in (out / "sw.js").read_text(), "a visitor's browser keeps what is ours"
    # What `web -o SITE` prints as next changes nothing.
    monkeypatch.setattr("webbrowser.open", lambda address: None)
    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", lambda server: None)
    before = {path: path.lstat().st_mtime_ns for path in out.rglob("*")}
    done = CliRunner().invoke(command, ["-o", str(out), "--serve", "--port", "0"], catch_exceptions=False)
    assert "served as it is" in done.stderr
    assert {path: path.lstat().st_mtime_ns for path in out.rglob("*")} == before


def test_a_site_is_not_lost_where_the_new_one_cannot_be_put(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, rename = tmp_path / "site", Path.rename
    write = ["-o", str(out), "-m", "edge-s-x4-int8"]
    CliRunner().invoke(command, write, catch_exceptions=False)
    (out / "CNAME").write_text("photos.example")

    def stopped(path: Path, target: Path) -> Path:
        if path.name == "site" and target == out:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", stopped)
    assert CliRunner().invoke(command, write).exit_code == 1
    assert (out / "CNAME").read_text() == "photos.example"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["built", "site"]


def test_refusals(built: Path, tmp_path: Path) -> None:
    assert sentence() == ("say where the site goes, with -o SITE, or --serve", 2)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.txt").write_text("mine")
    message, code = sentence("-o", str(tmp_path / "photos"))
    assert (message.split(": ", 1)[1], code) == ("is not empty and not a site of ours; name a new folder", 2)
    assert (tmp_path / "photos" / "a.txt").read_text() == "mine"
    plain = find_model("edge-s-x4-int8")
    with pytest.raises(UsageError, match="a site needs models with a card, a fixed tile and pixels as input"):
        web.write_site(tmp_path / "site", [Model("x", plain.path, None)], print)
    assert not (tmp_path / "site").exists()


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SrganEdgeError, match=r"built by npm, once: install Node\.js 18 or later"):
        web.write_site(tmp_path / "site", [find_model("edge-s-x4-int8")], print)
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error: no network' >&2\nexit 1\n")
    (tmp_path / "node").write_text("#!/bin/sh\n")
    for name in ("npm", "node"):
        (tmp_path / name).chmod(0o755)
    with pytest.raises(SrganEdgeError, match="npm ci failed: npm error: no network"):
        web.write_site(tmp_path / "site", [find_model("edge-s-x4-int8")], print)
    assert not (tmp_path / "site").exists()


def test_what_npm_prints_need_not_be_text(tmp_path: Path) -> None:
    with pytest.raises(SrganEdgeError, match="error: \N{REPLACEMENT CHARACTER}"):
        web._run(["sh", "-c", "printf 'error: \\377\\n' >&2; exit 1"], tmp_path)


def test_it_is_served_to_this_machine_alone(tmp_path: Path) -> None:
    with web.serving(tmp_path, 0) as server:
        assert server.socket.getsockname()[0] == "127.0.0.1"


def test_the_port_is_taken(tmp_path: Path) -> None:
    with (
        web.serving(tmp_path, 0) as server,
        pytest.raises(SrganEdgeError, match=rf"port {server.server_port}: Address already in use"),
        web.serving(tmp_path, server.server_port),
    ):
        pass


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
