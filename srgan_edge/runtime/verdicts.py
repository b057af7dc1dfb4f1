"""What the GPU did with a model, remembered: `auto` need not try it in a process of its own each time."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from srgan_edge import __version__
from srgan_edge.errors import SrganEdgeError
from srgan_edge.files.atomic import write_text
from srgan_edge.files.user_cache import user_cache
from srgan_edge.runtime.probe import Finding

# Where Vulkan's loader looks for drivers, and what tells it to look elsewhere.
_MANIFESTS = ("/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/dev/dri")
_VARIABLES = ("VK_ICD_FILENAMES", "VK_DRIVER_FILES", "VK_ADD_DRIVER_FILES", "VK_LOADER_DRIVERS_DISABLE")


def take(path: Path, half: bool) -> Finding | None:
    """The verdict on a model, if the drivers, the runtime and the model are those that it was found with.

    It is taken away: who uses it puts it back with `keep` once the GPU has computed. So a driver that crashes or hangs
    all the same does so once, and is tried in a process of its own again.
    """
    try:
        file = _file(path, half)
        device, software = json.loads(file.read_text(encoding="utf-8"))
        file.unlink()
    except (SrganEdgeError, OSError, ValueError, TypeError):
        return None
    return Finding(device, software, "") if isinstance(device, str) and isinstance(software, bool) else None


def keep(path: Path, half: bool, finding: Finding) -> None:
    """Remember a verdict. What failed is not remembered: it is tried again next time."""
    if not finding.reason:
        with suppress(SrganEdgeError):  # a home that cannot be written to makes the next start slower, and no worse
            write_text(_file(path, half), json.dumps([finding.device, finding.software]))


def _file(path: Path, half: bool) -> Path:
    key = [half, __version__, runtime_version(), platform.release(), *_drivers()]
    digest = hashlib.sha256(json.dumps(key).encode() + path.read_bytes()).hexdigest()
    return user_cache() / "gpu" / f"{digest}.json"


def runtime_version() -> str:
    """Of ai-edge-litert; empty where it is not installed."""
    try:
        return importlib.metadata.version("ai-edge-litert")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _drivers() -> Iterator[str]:
    """What changes with the drivers that are installed, the devices and the choice among them."""
    own = os.path.expanduser("~/.local/share/vulkan/icd.d")  # noqa: PTH111  # Path raises where there is no home
    named = [os.environ.get(name, "") for name in _VARIABLES]
    yield from named
    for name in (*_MANIFESTS, own, *os.pathsep.join(named).split(os.pathsep)):
        if not name:
            continue
        files = [Path(name)]
        with suppress(OSError):  # no folder, or another user's
            files = sorted(Path(name).iterdir())
        for file in files:
            with suppress(OSError):
                yield f"{file} {file.stat().st_mtime_ns}"
