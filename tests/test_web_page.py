"""Parts of the browser's page, in Node.js."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest

from srgan_edge import web
from srgan_edge.runtime.strength import mix

DEMO = web.sources()
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js")


def run(*arguments: str) -> str:
    done = subprocess.run(["node", *arguments], cwd=DEMO, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_workers_and_exif() -> None:
    run("--test", *(str(path) for path in sorted((DEMO / "tests").glob("*.test.mjs"))))


def test_strength_is_mixed_as_the_runtime_mixes_it() -> None:
    """Every pair of bytes at every strength that the page offers, and what a float network makes beyond bytes."""
    script = """
        import { createHash } from 'node:crypto';
        import { mix, rounded } from './src/strength.js';
        const faithful = Uint8ClampedArray.from({ length: 65536 }, (_, i) => i >> 8);
        const looks = faithful.map((_, i) => i & 255);
        const hash = createHash('sha256');
        for (let percent = 0; percent <= 100; percent++) hash.update(mix(faithful, looks, percent / 100));
        console.log(JSON.stringify([hash.digest('hex'), [...rounded(Float32Array.of(-3.7, 0.5, 1.5, 254.6, 261))]]));
    """
    got = json.loads(run("--input-type=module", "--eval", script))
    faithful, looks = (np.ascontiguousarray(a, np.uint8) for a in np.divmod(np.arange(65536), 256))
    digest = hashlib.sha256()
    for percent in range(101):
        digest.update(mix(faithful, looks, percent / 100).tobytes())
    assert got == [digest.hexdigest(), [0, 0, 2, 255, 255]]
