"""Many photos in one process, and a run that is stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import photo
from PIL import Image

from srgan_edge.imaging import images


@pytest.mark.slow
def test_no_leaks_over_many_photos(tmp_path: Path) -> None:
    """300 photos in one process: its memory at the end is that after the first 50."""
    Image.fromarray(photo(60, 70)).save(tmp_path / "a.png")
    code = f"""
import os
from pathlib import Path
from srgan_edge import Upscaler
from srgan_edge.runtime.batch import Job
from srgan_edge.runtime.pipeline import Settings, upscale_files
def memory(): return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
with Upscaler("edge-s-x4") as upscaler:
    jobs = [Job(Path({str(tmp_path / "a.png")!r}), Path({str(tmp_path)!r}, "out", f"{{i}}.png")) for i in range(300)]
    for count, outcome in enumerate(upscale_files(upscaler, jobs, Settings()), 1):
        assert outcome.error is None
        if count == 50: early = memory()
print(memory() / early)
"""
    if not Path("/proc/self/statm").exists():
        pytest.skip("memory is read from /proc")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), check=True
    )
    assert float(done.stdout) < 1.05


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_interrupt_leaves_no_half_file(tmp_path: Path, number: int, code: int, word: str) -> None:
    Image.fromarray(photo(300, 400)).save(tmp_path / "large.png")
    for index in range(30):
        shutil.copy(tmp_path / "large.png", tmp_path / f"{index}.png")
    command = [sys.executable, "-m", "srgan_edge", "run", str(tmp_path), "-o", str(tmp_path / "out")]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    while "large_x4" not in (line := running.stderr.readline()) and "_x4.png" not in line:
        assert running.poll() is None
    time.sleep(0.3)  # into the next photo
    running.send_signal(number)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == code, said
    assert said.strip().splitlines()[-1] == f"srgan-edge: {word}"
    left = list((tmp_path / "out").iterdir())
    assert 1 <= len(left) < 31
    for path in left:
        assert not path.name.startswith(".")
        assert images.read(path).rgb.shape == (1200, 1600, 3)
