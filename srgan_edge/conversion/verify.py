"""The gate: an export is read back, run by the real runtime and compared with the float network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srgan_edge.conversion.inspect import read_graph
from srgan_edge.errors import GateFailedError
from srgan_edge.metrics import score
from srgan_edge.runtime import tiling
from srgan_edge.runtime.session import Session
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.validation import Inference


@dataclass(frozen=True)
class Quality:
    """Mean quality of an export and of its float network over the same photos."""

    psnr: float
    psnr_float: float
    ssim: float
    ssim_float: float

    @property
    def drop_db(self) -> float:
        """What the export lost."""
        return self.psnr_float - self.psnr


def check_structure(content: bytes, name: str, quantization: str, tile: int) -> None:
    """Refuse an export whose file is not what was asked for.

    Raises:
        GateFailedError: a float operator in an INT8 model, a wrong type or shape, an operator that is no builtin.
    """
    graph = read_graph(content, name)
    dtype = "uint8" if quantization == "int8" else "float32"
    side = tile or -1
    for tensor in (*graph.inputs, *graph.outputs):
        if tensor.dtype != dtype:
            raise GateFailedError(f"{name}: {tensor.name} is {tensor.dtype}, not {dtype}")
    if graph.inputs[0].shape != [1, side, side, 3]:
        raise GateFailedError(f"{name}: its input has shape {graph.inputs[0].shape}, not {[1, side, side, 3]}")
    if quantization == "int8" and graph.float_ops:
        raise GateFailedError(f"{name}: {graph.float_ops} operators compute in floating point")
    custom = [op.op for op in graph.operators if op.op.startswith(("CUSTOM", "FLEX"))]
    if custom:
        raise GateFailedError(f"{name}: {custom[0]} is no builtin operator")


def measure(path: Path, reference: Inference, pairs: list[Pair], overlap: int) -> Quality:
    """Run an export over photos as the runtime does, and the float network beside it."""
    scale = reference.scale
    ours, floats = [], []
    with Session(path) as session:
        for pair in pairs:
            tiles = tiling.plan(pair.lr.shape[0], pair.lr.shape[1], session.tile or 256, overlap)
            result = np.concatenate(list(tiling.strips(pair.lr, tiles, scale, session.run)))
            ours.append(score(result, pair.hr, scale))
            floats.append(score(reference(pair.lr), pair.hr, scale))
    one, two = np.mean(ours, axis=0), np.mean(floats, axis=0)
    return Quality(float(one[0]), float(two[0]), float(one[1]), float(two[1]))
