"""The site's folder: written, replaced, served to this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from srgan_edge import web
from srgan_edge.cli.web_command import command
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.models import Model, find_model


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
