"""Where what can be made again is kept: verdicts on drivers, decoded photos, the built page."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from srgan_edge.errors import SrganEdgeError


def user_cache() -> Path:
    """The folder of this user's cache, by the system's own convention.

    Raises:
        SrganEdgeError: the system does not say where this user is at home.
    """
    try:
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError as error:  # a container's user without a name
        raise SrganEdgeError("this user has no home folder to keep a cache in: set HOME") from error
    return Path(base) / "srgan-edge"
