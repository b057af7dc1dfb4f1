"""Our models in runtimes other than TFLite's, by way of their ONNX file: how much faster is a user with ours?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from srgan_edge.conversion.onnx import OnnxSession, to_onnx
from srgan_edge.conversion.targets import as_pixels
from srgan_edge.errors import SrganEdgeError
from srgan_edge.imaging import Bytes
from srgan_edge.models import Model
from srgan_edge.runtime import tiling


def upscaler_of(model: Model, runtime: str) -> Callable[[Bytes], Bytes]:
    """A model in a runtime, on one thread, in the tiles that ours has.

    Raises:
        SrganEdgeError: the model has no card or no fixed tile, or the runtime is not installed.
    """
    card = model.card
    if card is None or not card.tile:
        raise SrganEdgeError(f"{model.path}: needs a card and a fixed tile")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(to_onnx(model.path).content)
        try:
            run = OnnxSession(path, 1).run if runtime == "onnxruntime" else tiling.copying(_openvino(path))
        except ImportError as error:
            raise SrganEdgeError(f"{runtime}: pip install {error.name} to run models in it") from error

    def upscale(low: Bytes) -> Bytes:
        tiles = tiling.plan(low.shape[0], low.shape[1], card.tile, card.overlap)
        return np.concatenate(list(tiling.strips(low, tiles, card.scale, run)))

    return upscale


def _openvino(path: Path) -> Callable[[Bytes], Bytes]:
    import openvino  # pyright: ignore[reportMissingImports]

    # By itself it computes floats in bfloat16 where the processor can.
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)
    dtype = compiled.input(0).element_type.to_dtype()

    def run(tile: Bytes) -> Bytes:
        return as_pixels(compiled(tile[None].astype(dtype, copy=False))[0][0], None, 0)

    return run
