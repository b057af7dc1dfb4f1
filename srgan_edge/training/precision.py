"""Float32 or 16 bits: what a training computes in on this machine."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf


def choose(asked: str) -> tuple[str, str]:
    """The Keras precision policy for a recipe's `loop.precision`, and why.

    "auto": mixed_float16 on a GPU, mixed_bfloat16 on a CPU with matrix or vector units for it, else
    float32: a CPU without them emulates bfloat16, several times slower.
    """
    if asked != "auto":
        return asked, "as the recipe says"
    if tf.config.list_physical_devices("GPU"):
        return "mixed_float16", "a GPU"
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.exists() else ""
    for flag in ("amx_bf16", "avx512_bf16"):
        if flag in flags:
            return "mixed_bfloat16", f"a CPU with {flag}"
    return "float32", "a CPU without bfloat16 units"
