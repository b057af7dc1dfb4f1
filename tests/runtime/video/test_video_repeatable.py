"""The bytes of a result are the same in every process: else a run that goes on would write others."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("av")

_ENCODE = """
import hashlib, sys
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from srgan_edge.runtime.video.colours import Colours
from srgan_edge.runtime.video.enlarge import _encoder
from srgan_edge.runtime.video.segments import Encoding, Segments

encoder, options = _encoder(".mp4", 95)
random = np.random.default_rng(0).integers(0, 256, (91, 175, 3), np.uint8)
large = np.asarray(Image.fromarray(random).resize((700, 364), Image.Resampling.BICUBIC))
for width in (236, 300):
    encoding = Encoding(encoder, options, width, 124, Fraction(25), Fraction(1, 25), Colours(1, 1, 1, 1), None)
    with Segments(Path(sys.argv[1], f"{width}.mp4"), {}) as segments:
        for t in range(40):
            segments.write(np.ascontiguousarray(large[t : t + 124, 2 * t : 2 * t + width]), t, 1, encoding)
        segments.end()
        print(hashlib.sha256(segments.paths()[0].read_bytes()).hexdigest())
"""


def test_at_a_width_that_is_no_multiple_of_128(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is in memory that nothing was written to differs from process to process, here by glibc's own switch."""
    made = set()
    for fill in (37, 74, 111):
        folder = tmp_path_factory.mktemp("clip")
        environment = {**os.environ, "MALLOC_PERTURB_": str(fill)}
        command = [sys.executable, "-c", _ENCODE, str(folder)]
        made.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(made) == 1
