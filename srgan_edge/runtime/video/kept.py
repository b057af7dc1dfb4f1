"""Where finished frames are kept for a run that is cut off; known without PyAV."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

SEGMENT = 250
"""Frames that are kept together when a run is cut off: as many as x264 puts between two key frames by default."""


def segments_folder(target: Path) -> Path:
    """Where the pictures of a result are kept until it is done."""
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]
    return target.parent / f".{target.stem[:40]}-{name}.segments"


def kept_frames(target: Path) -> int:
    """How many frames of a result a run that was cut off has left to go on from."""
    return SEGMENT * len(list(segments_folder(target).glob("[0-9]*.mp4")))
