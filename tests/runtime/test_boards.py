"""INT8 exports on 64-bit ARM, under qemu as the processors of Raspberry Pi 4 and 5, give the bytes of this machine."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import photo

from srgan_edge import Upscaler
from srgan_edge.models import bundled

ROOT = Path(__file__).parents[2]
ARM = ROOT / ".venv-arm64"
QEMU = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
# What Linux says of the cores of a Raspberry Pi 4 and 5: LiteRT chooses its kernels by the part and the features.
CPUS = {
    "cortex-a72": ("0xd08", "fp asimd evtstrm crc32 cpuid"),
    "cortex-a76": (
        "0xd0b",
        "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
    ),
}
# srgan's tile takes a minute here, edge-xl's 10 s, the others' 0.5 to 3.
MODELS = [m.name for m in bundled() if m.card and m.card.quantization == "int8" and not m.name.startswith("srgan")]
PROGRAM = """
import sys
import numpy as np
from srgan_edge import Upscaler
image = np.load(sys.argv[1])
for name in sys.argv[3:]:
    with Upscaler(name, delegate="cpu") as upscaler:
        np.save(f"{sys.argv[2]}/{name}.npy", upscaler(image))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(QEMU is None, reason="no qemu-aarch64: apt-get install qemu-user-static"),
    pytest.mark.skipif(not (ARM / ".installed").is_file(), reason="make arm64 fetches Python and LiteRT for ARM"),
]


@pytest.mark.parametrize("cpu", sorted(CPUS))
def test_bytes_are_those_of_this_machine(cpu: str, tmp_path: Path) -> None:
    part, features = CPUS[cpu]
    root = tmp_path / "root"
    (root / "proc").mkdir(parents=True)
    for part_of_root in (ARM / "root").iterdir():
        (root / part_of_root.name).symlink_to(part_of_root)
    (root / "proc" / "cpuinfo").write_text(
        f"processor\t: 0\nFeatures\t: {features}\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: {part}\n\n"
    )
    image = photo(90, 110)  # one tile, or two of those that look furthest
    np.save(tmp_path / "photo.npy", image)
    paths = f"PYTHONPATH={ARM / 'site'}:{ROOT}"
    command = [str(QEMU), "-cpu", cpu, "-L", str(root), "-E", paths, str(root / "usr/bin/python3"), "-c", PROGRAM]
    done = subprocess.run(
        [*command, str(tmp_path / "photo.npy"), str(tmp_path), *MODELS], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert len(MODELS) >= 6
    for name in MODELS:
        with Upscaler(name, delegate="cpu") as upscaler:
            wanted = upscaler(image)
        found = np.load(tmp_path / f"{name}.npy")
        assert digest(found) == digest(wanted), f"{name}: up to {np.abs(found.astype(int) - wanted).max()} levels apart"


def digest(image: np.ndarray) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()
