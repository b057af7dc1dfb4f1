"""The gate: an export is read back, run by the real runtime and compared with the float network."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from srgan_edge.errors import GateFailedError
from srgan_edge.imaging import Bytes, resample
from srgan_edge.imaging.metrics import Score, psnr, score
from srgan_edge.runtime import tiling
from srgan_edge.runtime.flatbuffer import read_graph
from srgan_edge.runtime.session import Session
from srgan_edge.training.data.photos import Pair


class Runs(Protocol):
    """A loaded model: `Session`, or another runtime's."""

    @property
    def tile(self) -> tuple[int, int] | None:
        """Height and width of the fixed input; None = any size."""
        ...

    def run(self, tile: Bytes, out: Bytes | None = None, margin: int = 0) -> Bytes:
        """`(h, w, 3)` bytes -> `(s h, s w, 3)` bytes; see `Session.run`."""
        ...


OpenSession = Callable[[Path], AbstractContextManager[Runs]]

# The oldest runtime that exports must run on; the converter writes into a file which one that file needs.
OLDEST_RUNTIME = (2, 14, 0)


@dataclass(frozen=True)
class ExportQuality:
    """An export and its float network over the same photos; means where nothing else is said."""

    psnr: float
    psnr_float: float
    ssim: float
    ssim_float: float
    psnr_bicubic: float
    """Of bicubic enlargement, which an export has to beat."""
    worst_photo: str
    """The one that the export loses most on."""
    worst_drop_db: float
    worst_pixel: int
    """Largest difference to the float network's result, in levels of 0..255."""
    shift: tuple[float, float, float]
    """Mean difference to the float network's result by channel, in levels."""
    drops: list[float]
    """Of each photo, in dB."""
    histogram: list[int]
    """How many values differ from the float network's by -8 or less, -7, ... 7, 8 or more levels."""
    differing: int = 0
    """How many values differ from those of the .tflite file that it was made of."""
    worst_to_tflite: int = 0
    """By how many levels at most."""

    @property
    def values(self) -> int:
        """How many values there are."""
        return sum(self.histogram)

    @property
    def drop_db(self) -> float:
        """What the export lost."""
        return self.psnr_float - self.psnr


@dataclass(frozen=True)
class Checker:
    """Runs exports over photos as the runtime does, beside their float network."""

    pairs: list[Pair]
    scale: int
    overlap: int
    reference: Callable[[Bytes], Bytes]
    """The float network: `(h, w, 3)` bytes -> `(s h, s w, 3)` bytes."""

    @cached_property
    def floats(self) -> list[Bytes]:
        """The float network's result of each photo, computed once for all exports."""
        return [self.reference(pair.lr) for pair in self.pairs]

    @cached_property
    def float_scores(self) -> list[Score]:
        """Their quality."""
        return [score(wanted, pair.hr, self.scale) for wanted, pair in zip(self.floats, self.pairs, strict=True)]

    @cached_property
    def psnr_bicubic(self) -> float:
        """The mean PSNR of bicubic enlargement."""
        scores = [score(resample.upscale(pair.lr, self.scale), pair.hr, self.scale) for pair in self.pairs]
        return float(np.mean([s.psnr for s in scores]))

    def psnr(self, content: bytes, count: int, to_truth: bool = True) -> float:
        """The mean over the first `count` photos of an export's bytes, in dB.

        To the truth, on luma; or to the float network's result, on R, G and B: the truth would favour a GAN's export
        that is smoother than its network.
        """

        def one(session: Runs, pair: Pair, wanted: Bytes | None) -> float:
            result = self._upscale(session, pair.lr)
            if wanted is None:
                return score(result, pair.hr, self.scale).psnr
            return psnr(result.astype(np.float64), wanted.astype(np.float64))

        pairs = self.pairs[:count]
        wanted = [None] * len(pairs) if to_truth else self.floats[:count]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "candidate.tflite"
            path.write_bytes(content)
            with Session(path) as session:
                return float(np.mean([one(session, p, w) for p, w in zip(pairs, wanted, strict=True)]))

    def middles(self, tile: int, count: int) -> Checker:
        """Another that runs one tile of an export on the middle of each of the first `count` photos."""
        side = tile - 2 * self.overlap

        def middle(pair: Pair) -> Pair:
            y, x = (max(0, (length - side) // 2) for length in pair.lr.shape[:2])
            s = self.scale
            truth = pair.hr[y * s : (y + side) * s, x * s : (x + side) * s]
            return Pair(pair.name, pair.lr[y : y + side, x : x + side], truth)

        return replace(self, pairs=[middle(pair) for pair in self.pairs[:count]])

    def quality(self, path: Path, open_session: OpenSession = Session, tflite: Path | None = None) -> ExportQuality:
        """Measure an export against the float network, and against the .tflite file that it was made of."""
        ours, worst, shifts = [], 0, []
        differing, apart = 0, 0
        histogram = np.zeros(17, np.int64)
        with ExitStack() as stack:
            session = stack.enter_context(open_session(path))
            original = stack.enter_context(Session(tflite)) if tflite else None
            for pair, wanted in zip(self.pairs, self.floats, strict=True):
                result = self._upscale(session, pair.lr)
                ours.append(score(result, pair.hr, self.scale))
                difference = result.astype(np.int16) - wanted
                worst = max(worst, int(np.abs(difference).max()))
                histogram += np.bincount(np.clip(difference, -8, 8).ravel() + 8, minlength=17)
                shifts.append(difference.mean(axis=(0, 1)))
                if original is not None:
                    beside = np.abs(result.astype(np.int16) - self._upscale(original, pair.lr))
                    differing += int(np.count_nonzero(beside))
                    apart = max(apart, int(beside.max()))
        one, two, shift = (np.mean(values, axis=0) for values in (ours, self.float_scores, shifts))
        drops = [b.psnr - a.psnr for a, b in zip(ours, self.float_scores, strict=True)]
        index = int(np.argmax(drops))
        return ExportQuality(
            psnr=float(one[0]),
            psnr_float=float(two[0]),
            ssim=float(one[1]),
            ssim_float=float(two[1]),
            psnr_bicubic=self.psnr_bicubic,
            worst_photo=Path(self.pairs[index].name).name,
            worst_drop_db=float(drops[index]),
            worst_pixel=worst,
            shift=(float(shift[0]), float(shift[1]), float(shift[2])),
            drops=[float(drop) for drop in drops],
            histogram=[int(n) for n in histogram],
            differing=differing,
            worst_to_tflite=apart,
        )

    def upscale(self, path: Path, low: Bytes) -> Bytes:
        """Run an export's file over one photo."""
        with Session(path) as session:
            return self._upscale(session, low)

    def _upscale(self, session: Runs, low: Bytes) -> Bytes:
        tiles = tiling.plan(low.shape[0], low.shape[1], session.tile or (256, 256), self.overlap)
        return np.concatenate(list(tiling.strips(low, tiles, self.scale, session.run)))


def check_structure(content: bytes, name: str, quantization: str, tile: int, io: str = "uint8") -> None:
    """Refuse an export whose file is not what was asked for; `io` is the input and output of an INT8 one.

    Raises:
        GateFailedError: a float operator in an INT8 model, a wrong type or shape, an operator that is no builtin,
            or one that the oldest runtime does not have.
    """
    graph = read_graph(content, name)
    dtype = io if quantization == "int8" else "float32"
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
    if graph.runtime > OLDEST_RUNTIME:
        needed, oldest = (".".join(map(str, v)) for v in (graph.runtime, OLDEST_RUNTIME))
        raise GateFailedError(f"{name}: needs TFLite {needed}; exports must run on {oldest}")
