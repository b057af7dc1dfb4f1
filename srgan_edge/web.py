"""A static site that enlarges photos in the browser: web-demo/ built by npm, and models beside it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.files.user_cache import user_cache
from srgan_edge.models import DEFAULT_MODEL, Model, ModelCard, bundled
from srgan_edge.runtime.strength import faithful_of

_PACKAGE = Path(__file__).parent
# Of the bundled models, those that a browser computes in seconds: srgan has 14 times as many.
MOST_MACS = 300_000
# What the site is made of; a folder that has it is a site that may be replaced.
MARK = "models/models.json"


def sources() -> Path:
    """The folder of the site's sources: a wheel carries it inside the package, a checkout has it beside it."""
    installed = _PACKAGE / "_web"
    return installed if installed.is_dir() else _PACKAGE.parent / "web-demo"


def web_models() -> list[Model]:
    """The bundled models that a site has."""
    return [model for model in bundled() if model.card and model.card.macs_per_pixel <= MOST_MACS]


def write_site(out: Path, models: Sequence[Model], say: Callable[[str], None]) -> None:
    """Write the site, complete or not at all; what else lies in its folder, a CNAME or a .git, stays.

    Raises:
        UsageError: the folder holds something else than a site, or a model cannot be on one.
        SrganEdgeError: there is no Node.js, or npm fails; the message has its reason.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not is_site(out))):
        raise UsageError(f"{out}: is not empty and not a site of ours; name a new folder")
    groups = _groups(models)
    built = _built(say)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as folder:
        site = Path(folder) / "site"
        shutil.copytree(built, site)
        (site / "models").mkdir()
        for model in models:
            shutil.copy(model.path, site / "models")
        (site / MARK).write_text(json.dumps(groups, indent=1), encoding="utf-8")
        _list_files(site)
        site.chmod(0o755)
        if not out.exists():
            site.rename(out)
            return
        _copy_others(out, site)
        before = out.rename(Path(folder) / "before")
        try:
            site.rename(out)
        except BaseException:
            before.rename(out)
            raise


def is_site(folder: Path) -> bool:
    """Whether a folder holds a site of ours."""
    return (folder / MARK).is_file()


@contextmanager
def serving(site: Path, port: int) -> Iterator[ThreadingHTTPServer]:
    """A server of the site, for this machine alone; port 0 = any that is free.

    Raises:
        SrganEdgeError: the port cannot be had.
    """
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, directory=str(site)))
    except OSError as error:
        raise SrganEdgeError(f"port {port}: {error.strerror}") from error
    try:
        yield server
    finally:
        server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012  # not the machine's own table, which may lack .wasm
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
    }

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name above
        """Requests are not worth a line each."""


def _groups(models: Sequence[Model]) -> list[dict[str, Any]]:
    """What the page offers: each network once, with its exports by format."""
    groups: dict[str, dict[str, Any]] = {}
    for model in models:
        card = model.card
        if card is None or not card.tile or card.io_dtype not in ("uint8", "float32"):
            raise UsageError(f"{model.path}: a site needs models with a card, a fixed tile and pixels as input")
        family = card.name.removesuffix(f"-{card.quantization}")
        group = groups.setdefault(
            family,
            {
                "family": family,
                "purpose": card.purpose or "clean",
                "scale": card.scale,
                "default": False,
                "plain": None,
            },
        )
        group["default"] = family == DEFAULT_MODEL
        group["int8" if card.quantization == "int8" else "fp16"] = _needed(card, model.path.stem)
    for group in groups.values():
        if group["purpose"] == "looks":
            group["plain"] = next((name for name in groups if _mixes(groups[name], group)), None)
    return list(groups.values())


def _mixes(plain: dict[str, Any], looks: dict[str, Any]) -> bool:
    """Whether a network's results can be mixed, tile by tile, with those of one that is for looks."""
    if plain["purpose"] == "looks" or faithful_of(looks["family"]) != plain["family"]:
        return False
    return all(_cuts(plain[kind]) == _cuts(looks[kind]) for kind in ("int8", "fp16") if kind in looks and kind in plain)


def _cuts(card: dict[str, Any]) -> list[int]:
    return [card["scale"], card["tile"], card["overlap"]]


def _needed(card: ModelCard, name: str) -> dict[str, Any]:
    values = asdict(card)
    return {"name": name, **{key: values[key] for key in ("scale", "tile", "overlap", "sha256", "licence")}}


def _list_files(site: Path) -> None:
    """Tell the service worker what to keep, and a version that changes with any of it."""
    files = sorted(p.relative_to(site).as_posix() for p in site.rglob("*") if p.is_file() and p.name != "sw.js")
    digest = hashlib.sha256()
    for name in files:
        digest.update(name.encode() + hashlib.sha256((site / name).read_bytes()).digest())
    worker = site / "sw.js"
    listed = json.dumps(["./", *files])
    head = f"self.FILES = {listed};\nself.VERSION = {json.dumps(digest.hexdigest()[:16])};\n"
    worker.write_text(head + worker.read_text(encoding="utf-8"), encoding="utf-8")


def _copy_others(before: Path, site: Path) -> None:
    """Copy what is in a site's folder and not in its list of files, nor in a new site's."""
    worker = before / "sw.js"
    text = worker.read_text(encoding="utf-8", errors="replace") if worker.is_file() else ""
    listed = re.match(r"self\.FILES = (\[.*?\]);", text)
    ours = {worker, *(before / name for name in json.loads(listed[1]))} if listed else set()
    folders = {folder for name in ours for folder in name.parents}

    def copy(folder: Path) -> None:
        for path in folder.iterdir():
            target = site / path.relative_to(before)
            if path in folders and not path.is_symlink():
                copy(path)
            elif path not in ours and not os.path.lexists(target):
                target.parent.mkdir(exist_ok=True)
                if path.is_dir() and not path.is_symlink():
                    shutil.copytree(path, target, symlinks=True)
                else:
                    shutil.copy2(path, target, follow_symlinks=False)

    copy(before)


def _built(say: Callable[[str], None]) -> Path:
    """The built page, kept in this user's cache under a name that its sources give it."""
    folder = sources()
    files = [folder / "package.json", folder / "package-lock.json", folder / "build.mjs", *sorted(folder.glob("src/*"))]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    kept = user_cache() / "web" / digest.hexdigest()[:16]
    if (kept / "index.html").is_file():
        return kept
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise SrganEdgeError("the site is built by npm, once: install Node.js 18 or later (https://nodejs.org)")
    say("building the page with npm, once: it fetches LiteRT.js")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=kept.parent) as temporary:
        place = Path(temporary)
        (place / "src").mkdir()
        for file in files:
            shutil.copy(file, place / file.relative_to(folder))
        _run([npm, "ci", "--no-audit", "--no-fund"], place)
        _run([node, "build.mjs", str(place / "built")], place)
        if not kept.exists():  # another process may have been faster
            (place / "built").rename(kept)
    return kept


def _run(command: list[str], folder: Path) -> None:
    # What npm prints is UTF-8, whatever this system's own encoding is.
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        reason = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no reason given")
        raise SrganEdgeError(f"{Path(command[0]).name} {command[1]} failed: {reason.strip()}")
