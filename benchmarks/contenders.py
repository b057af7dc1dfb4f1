"""Anything that enlarges by a factor, ours or a peer's, behind one interface."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ncnn_net import open_ncnn
from numpy.typing import NDArray

from srgan_edge import Upscaler
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import Bytes, resample
from srgan_edge.models import find_model
from srgan_edge.runtime.flatbuffer import graph_of

FRAME = (180, 320)
PIXELS_720P = 1280 * 720
# Of other_runtimes.py.
RUNTIMES = ("onnxruntime", "openvino", "ncnn")


class Contender(NamedTuple):
    """Something that enlarges."""

    name: str
    upscale: Callable[[Bytes], Bytes]
    """`(h, w, 3)` bytes -> `(s h, s w, 3)` bytes."""
    files: tuple[Path, ...] = ()
    """What it was read from."""
    parameters: int | None = None
    macs: float | None = None
    """Multiply-accumulates for a result of 1280x720."""

    @property
    def fingerprint(self) -> str:
        """Changes when its files do."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(file.read_bytes())
        return digest.hexdigest()

    @property
    def size_bytes(self) -> int | None:
        """Of its files; None without any."""
        return sum(file.stat().st_size for file in self.files) or None


def open_contender(spec: str, scale: int) -> Contender:
    """By `WHAT` or `NAME=WHAT`: bicubic, a bundled model, a file or a run folder of `srgan-edge train`.

    A model or `.tflite` file with `:onnxruntime`, `:openvino` or `:ncnn` after it is run there, by its ONNX file.
    Files: `.tflite`; ncnn's `.param`, its `.bin` beside it (needs ncnn); OpenCV's dnn_superres `ALGORITHM_xS.pb` (needs
    opencv-contrib-python<5). One thread each.

    Raises:
        UsageError: no such model or file, or one of another scale.
        SrganEdgeError: what it needs is not installed, or does not take the file.
    """
    # A path may have = in it too.
    name, equals, what = spec.partition("=") if not Path(spec).exists() else ("", "", spec)
    name, what = (name, what) if equals else ("", spec)
    path = Path(what)
    if what == "bicubic":
        return Contender(name or what, partial(resample.upscale, scale=scale))
    if path.suffix in (".param", ".pb"):
        if not path.is_file():
            raise UsageError(f"{path}: no such model file")
        return (_ncnn if path.suffix == ".param" else _dnn_superres)(name or path.stem, path, scale)
    if path.is_dir():
        return _run_folder(name or path.resolve().name, path, scale)
    what, _, runtime = what.partition(":") if what.endswith(tuple(f":{r}" for r in RUNTIMES)) else (what, "", "")
    model = find_model(what)
    if runtime:
        from other_runtimes import upscaler_of

        _check_scale(what, model.card.scale if model.card else scale, scale)
        return Contender(name or f"{model.name} on {runtime}", upscaler_of(model, runtime), (model.path,))
    upscaler = Upscaler(model, delegate="cpu", threads=1)
    _check_scale(what, upscaler.scale, scale)
    graph = graph_of(model)
    _, height, width, _ = graph.inputs[0].shape
    macs = graph.macs / (height * width) * PIXELS_720P / scale**2
    name = name or (path.stem if path.suffix == ".tflite" else what)
    return Contender(name, upscaler, (model.path,), graph.parameters, macs)


def seconds_of_cpu(upscale: Callable[[Bytes], Bytes]) -> float:
    """Processor time of a 320x180 frame after a smaller one: what other programs take does not count."""
    frame = np.random.default_rng(0).integers(0, 256, (*FRAME, 3), np.uint8)
    upscale(frame[:64, :64])
    started = time.process_time()
    upscale(frame)
    return time.process_time() - started


def read_param(path: Path) -> tuple[str, str, int, float]:
    """Of ncnn's .param: its first and last blob, its convolutions' weights, and their MACs for a pixel of the input.

    Raises:
        SrganEdgeError: not a .param file.
    """
    weights, macs, first, last = 0, 0.0, "", ""
    size: dict[str, float] = {}  # by blob, over the input's
    try:
        magic, _, *lines = path.read_text(encoding="ascii").splitlines()
        if magic.strip() != "7767517":
            raise ValueError("another magic number")
        for line in lines:
            if not line.strip():
                continue
            kind, _, inputs, outputs, *rest = line.split()
            sources, results = rest[: int(inputs)], rest[int(inputs) : int(inputs) + int(outputs)]
            options = dict(pair.split("=", 1) for pair in rest[int(inputs) + int(outputs) :])
            factor = max((size[source] for source in sources), default=1.0)
            if kind == "Input":
                first = results[0]
            elif kind == "Convolution":
                weights += int(options["6"])
                macs += int(options["6"]) * factor**2
            elif kind == "PixelShuffle":
                factor *= int(options["0"])
            elif kind == "Interp":
                factor *= float(options["1"])
            last = results[-1]
            size.update(dict.fromkeys(results, factor))
    except (ValueError, KeyError, IndexError) as error:
        raise SrganEdgeError(f"{path}: not an ncnn network that this program can read: {error}") from error
    return first, last, weights, macs


def _check_scale(what: str | Path, found: int, wanted: int) -> None:
    if found != wanted:
        raise UsageError(f"{what}: enlarges by {found}, not by {wanted}")


def _bytes(floats: NDArray[np.floating]) -> Bytes:
    return np.clip(floats + 0.5, 0, 255).astype(np.uint8)


def _ncnn(name: str, path: Path, scale: int) -> Contender:
    """A network of RGB in 0..1."""
    first, last, parameters, macs = read_param(path)
    run = open_ncnn(path, first, last)

    def upscale(low: Bytes) -> Bytes:
        planes = low.transpose(2, 0, 1) / np.float32(255)
        return _bytes(run(planes).transpose(1, 2, 0) * 255)

    return Contender(name, upscale, (path, path.with_suffix(".bin")), parameters, macs * PIXELS_720P / scale**2)


def _dnn_superres(name: str, path: Path, scale: int) -> Contender:
    import cv2

    module = getattr(cv2, "dnn_superres", None)
    if module is None:
        raise SrganEdgeError(f"{path}: this OpenCV has no dnn_superres; opencv-contrib-python<5 has")
    algorithm, _, factor = path.stem.partition("_x")
    if factor != str(scale):
        raise UsageError(f"{path}: the name must be ALGORITHM_x{scale}.pb")
    cv2.setNumThreads(1)
    engine = module.DnnSuperResImpl_create()
    try:
        engine.readModel(str(path))
        engine.setModel(algorithm.lower(), scale)
    except cv2.error as error:
        raise SrganEdgeError(f"{path}: {str(error).strip()}") from error

    def upscale(low: Bytes) -> Bytes:
        return np.ascontiguousarray(engine.upsample(np.ascontiguousarray(low[..., ::-1]))[..., ::-1])

    return Contender(name, upscale, (path,))


def _run_folder(name: str, run: Path, scale: int) -> Contender:
    """The generator of a training as it is now, in float32: no export is needed to judge it."""
    from srgan_edge.training.run_folder import load_generator
    from srgan_edge.training.validation import Inference

    trained = load_generator(run)
    _check_scale(run, trained.scale, scale)
    inference = Inference(trained.model, trained.scale, trained.value_range)
    files = (run / "generator" / "generator.json", run / "generator" / "generator.h5")
    return Contender(name, inference, files, trained.model.count_params())
