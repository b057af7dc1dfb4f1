"""What enlarging a photo takes of memory, however large its result is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

_RUN = """
import sys
from pathlib import Path
from srgan_edge import Upscaler
from srgan_edge.runtime.batch import Job
from srgan_edge.runtime.pipeline import Settings, upscale_files

job = Job(Path(sys.argv[1]), Path(sys.argv[2]))
with Upscaler("edge-s-x4-int8", delegate="cpu", threads=2) as upscaler:
    (outcome,) = upscale_files(upscaler, [job], Settings())
assert outcome.error is None, outcome.error
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measured by Linux's /proc")
def test_a_run_takes_at_most_400_megabytes_more_than_its_photo(tmp_path: Path) -> None:
    """As wide as one of 108 megapixels, whose strips are the largest; the result is one of 460 MB."""
    Image.new("RGB", (12000, 800), "teal").save(tmp_path / "a.png")
    command = [sys.executable, "-c", _RUN, str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) / 1000 < 400 + 12000 * 800 * 3 / 1e6
