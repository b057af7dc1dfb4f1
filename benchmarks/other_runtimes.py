"""Our models in runtimes other than TFLite's, by way of their ONNX file: how much faster is a user with ours?

python benchmarks/other_runtimes.py [MODEL ...] [--rounds 9]

Processor time of a tile on one thread, medians of rounds by turns, in each runtime that is installed, and by how many
levels of 255 its result of a photo's tile differs from ours at most. Default: both exports of the default model.
"""

from __future__ import annotations

import importlib.util
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
from contenders import RUNTIMES
from ncnn_net import open_ncnn
from program import Program

from srgan_edge import Upscaler
from srgan_edge.cli.output import print_table, say
from srgan_edge.conversion.onnx import OnnxSession, to_onnx
from srgan_edge.conversion.targets import as_pixels
from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import Bytes
from srgan_edge.models import DEFAULT_MODEL, Model, find_model
from srgan_edge.runtime import tiling


def upscaler_of(model: Model, runtime: str) -> Callable[[Bytes], Bytes]:
    """A model in a runtime, on one thread, in the tiles that ours has.

    Raises:
        SrganEdgeError: the model has no card or no fixed tile, or the runtime is not installed.
    """
    card = model.card
    if card is None or not card.tile:
        raise SrganEdgeError(f"{model.path}: needs a card and a fixed tile")
    if runtime == "ncnn" and card.quantization == "int8":
        raise SrganEdgeError(f"{model.name}: ncnn makes INT8 by a calibration of its own: name a floating-point export")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(to_onnx(model.path).content)
        try:
            if runtime == "onnxruntime":
                run = OnnxSession(path, 1).run
            else:
                run = tiling.copying((_openvino if runtime == "openvino" else _ncnn)(path))
        except ImportError as error:
            raise SrganEdgeError(f"{runtime}: pip install {error.name} to run models in it") from error

    def upscale(low: Bytes) -> Bytes:
        tiles = tiling.plan(low.shape[0], low.shape[1], card.tile, card.overlap)
        return np.concatenate(list(tiling.strips(low, tiles, card.scale, run)))

    return upscale


def _ncnn(path: Path) -> Callable[[Bytes], Bytes]:
    """By way of pnnx, whose wheel holds a program beside a module that needs PyTorch."""
    spec = importlib.util.find_spec("pnnx")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name="pnnx")
    program = Path(spec.origin).with_name("pnnx.exe" if sys.platform == "win32" else "pnnx")
    done = subprocess.run([program, path.name, "fp16=0"], cwd=path.parent, capture_output=True, check=False)
    param = path.with_name(f"{path.stem}.ncnn.param")
    if done.returncode or not param.is_file():
        raise SrganEdgeError(f"{path.name}: pnnx does not convert it to ncnn")
    # It knows ncnn's layer of this operator for PyTorch's order of the channels alone; 1=1 is TensorFlow's.
    blocks = _blocks(path)
    text = param.read_text("ascii")
    text = re.sub(r"^DepthToSpace(.*)$", lambda line: f"PixelShuffle{line[1]} 0={next(blocks)} 1=1", text, flags=re.M)
    param.write_text(text, encoding="ascii")
    run = open_ncnn(param, "in0", "out0")
    return lambda tile: as_pixels(run(tile), None, 0)


def _blocks(path: Path) -> Iterator[int]:
    """Of a network's DepthToSpace operators, in their order."""
    import onnx

    for node in onnx.load(path).graph.node:
        if node.op_type == "DepthToSpace":
            yield next(a.i for a in node.attribute if a.name == "blocksize")


def _openvino(path: Path) -> Callable[[Bytes], Bytes]:
    import openvino  # pyright: ignore[reportMissingImports]

    # By itself it computes floats in bfloat16 where the processor can.
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)
    dtype = compiled.input(0).element_type.to_dtype()

    def run(tile: Bytes) -> Bytes:
        return as_pixels(compiled(tile[None].astype(dtype, copy=False))[0][0], None, 0)

    return run


def compare(model: Model, rounds: int) -> list[tuple[str, float, int]]:
    """Each runtime's name, milliseconds of processor time a tile, and worst difference to LiteRT's result."""
    from skimage import data

    found: dict[str, Callable[[Bytes], Bytes]] = {}
    for name in RUNTIMES:
        try:
            found[name] = upscaler_of(model, name)
        except SrganEdgeError as error:
            say(f"{model.name}: {error}")
    with Upscaler(model, delegate="cpu", threads=1) as ours:
        side = ours.tile[0] - 2 * ours.overlap  # what one tile yields
        image = np.ascontiguousarray(data.astronaut()[:side, -side:])
        runs = {"LiteRT": ours, **found}
        results = {name: run(image).astype(int) for name, run in runs.items()}
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, run in runs.items():
                started = time.process_time()
                run(image)
                times[name].append(1000 * (time.process_time() - started))
    return [
        (name, statistics.median(times[name]), int(np.abs(results[name] - results["LiteRT"]).max())) for name in runs
    ]


@click.command(cls=Program, help=__doc__)
@click.argument("models", nargs=-1)
@click.option("--rounds", type=click.IntRange(1), default=9, show_default=True)
def main(models: tuple[str, ...], rounds: int) -> None:
    """Print the table."""
    rows = []
    for name in models or (f"{DEFAULT_MODEL}-int8", f"{DEFAULT_MODEL}-fp16"):
        model = find_model(name)
        rows += [(model.name, *row) for row in compare(model, rounds)]
    print_table(
        ("model", "runtime", "ms a tile", "worst"),
        ((model, runtime, f"{ms:.1f}", worst) for model, runtime, ms, worst in rows),
    )


if __name__ == "__main__":
    main()
