"""Somebody else's network: loaded from a Keras file or a SavedModel, wrapped to bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.runtime import tiling

Bytes = NDArray[np.uint8]

# A network is probed on a square of this side, unless it takes only another.
_PROBE = 96
# Fractions of its largest response below which a network does not really look at a pixel.
_SILENCE = 1e-4


@dataclass(frozen=True)
class ForeignNetwork:
    """A super-resolution network of unknown make."""

    name: str
    function: Callable[[Any], Any]
    """`[1, H, W, 3]` in its own range -> `[1, sH, sW, 3]` in the same."""
    value_range: tuple[float, float]
    scale: int
    side: int
    """Of the only input it takes, in pixels; 0 = any."""
    overlap: int
    """Input pixels around a position that its output was seen to depend on."""
    keep: Any
    """Holds its variables."""

    def in_bytes(self, image: Any) -> Any:
        """The network from [0, 255] to [0, 255]."""
        low, high = self.value_range
        result = self.function(image * ((high - low) / 255) + low)
        return tf.clip_by_value((result - low) * (255 / (high - low)), 0.0, 255.0)

    def reference(self, tile: int) -> Callable[[Bytes], Bytes]:
        """The float network as the runtime would run it: in tiles, bytes in, bytes out."""
        run = tf.function(lambda x: tf.cast(tf.round(self.in_bytes(tf.cast(x, tf.float32))), tf.uint8))

        def upscale(low: Bytes) -> Bytes:
            tiles = tiling.plan(low.shape[0], low.shape[1], tile, self.overlap)
            return np.concatenate(
                list(tiling.strips(low, tiles, self.scale, tiling.writing(lambda t: run(t[None]).numpy()[0])))
            )

        return upscale


def is_foreign(path: Path) -> bool:
    """Whether a path is a Keras file or a SavedModel, and not a run folder."""
    return path.suffix in (".keras", ".h5", ".hdf5") or (path / "saved_model.pb").is_file()


def load_foreign(path: Path, value_range: tuple[float, float]) -> ForeignNetwork:
    """Load a network and find its scale and how far it looks.

    Raises:
        UsageError: it does not turn images into larger ones.
        SrganEdgeError: it cannot be loaded.
    """
    if value_range[0] >= value_range[1]:
        raise UsageError(f"--input-range {value_range[0]} {value_range[1]}: black comes first, then white")
    function, shape, keep = _load(path)
    if len(shape) != 4 or shape[3] != 3 or shape[1] != shape[2]:
        raise UsageError(f"{path}: its input has shape {shape}, not that of square RGB images, [N, H, W, 3]")
    side = int(shape[1] or 0)
    probe = side or _PROBE
    low, high = value_range
    image = np.random.default_rng(0).uniform(low, high, (1, probe, probe, 3)).astype(np.float32)
    first = np.asarray(function(tf.constant(image)))
    scale, rest = divmod(first.shape[1], probe) if first.ndim == 4 and first.shape[3] == 3 else (0, 1)
    if rest or scale < 1 or first.shape[1] != first.shape[2]:
        raise UsageError(f"{path}: makes {list(first.shape)} of {list(image.shape)}, which is no enlarged image")
    changed = image.copy()
    middle = probe // 2
    changed[0, middle, middle] = low + high - changed[0, middle, middle]
    response = np.abs(np.asarray(function(tf.constant(changed))) - first)[0].max(axis=2)
    rows, columns = np.nonzero(response > response.max() * _SILENCE)
    inside = [middle - rows.min() // scale, rows.max() // scale - middle]
    inside += [middle - columns.min() // scale, columns.max() // scale - middle]
    reach = int(max(inside))
    if reach >= probe // 2 - 1:
        raise UsageError(f"{path}: each pixel depends on the whole image, so that tiles of it would show seams")
    return ForeignNetwork(path.stem, function, value_range, scale, side, reach, keep)


def export_foreign(network: ForeignNetwork, tile: int, kind: str, io: str, crops: Iterable[Bytes]) -> bytes:
    """The bytes of a .tflite file; INT8 by the converter's own calibration on LR `crops` of the tile's size.

    Raises:
        UsageError: INT8 with other input and output than uint8.
        SrganEdgeError: the converter fails.
    """
    if kind == "int8" and io != "uint8":
        raise UsageError(f"{network.name}: INT8 exports of another's network have --io uint8 alone")
    low, high = network.value_range
    side = tile or None

    spec = tf.TensorSpec((1, side, side, 3), tf.float32, name="image")
    concrete = tf.function(
        network.function if kind == "int8" else network.in_bytes, input_signature=[spec], autograph=False
    ).get_concrete_function()
    # Keras 3's variables are none that the converter finds.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([convert_variables_to_constants_v2(concrete)])
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        converter.representative_dataset = lambda: (
            [crop[None] * np.float32((high - low) / 255) + np.float32(low)] for crop in crops
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    try:
        content = converter.convert()
    except Exception as error:  # the converter raises whatever its passes run into
        raise SrganEdgeError(f"{network.name}: cannot be converted to {kind}: {str(error).splitlines()[0]}") from error
    return _pixels_at_both_ends(content, network.value_range) if kind == "int8" else content


def _pixels_at_both_ends(content: bytes, value_range: tuple[float, float]) -> bytes:
    """Make a byte of the model's input and output the pixel itself, whatever range calibration saw.

    Beside each end stands a QUANTIZE between uint8 and int8, which takes any two scales. Scaling in the graph
    instead would be quantized, and coarsely: some operators must share their range with those before. With
    (-1, 1) the zero point is rounded by half a level, one way at the input and the other at the output.
    """
    step = (value_range[1] - value_range[0]) / 255
    zero = round(-value_range[0] / step)
    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    (graph,) = model.subgraphs
    quantize = [i for i, code in enumerate(model.operatorCodes) if code.builtinCode == schema.BuiltinOperator.QUANTIZE]
    beside = {int(t) for op in graph.operators if op.opcodeIndex in quantize for t in (*op.inputs, *op.outputs)}
    for end in (*graph.inputs, *graph.outputs):
        if int(end) not in beside:
            raise SrganEdgeError("the converter left no QUANTIZE at the model's end")
        quantization = graph.tensors[end].quantization
        quantization.scale, quantization.zeroPoint = np.array([step], np.float32), np.array([zero])
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _load(path: Path) -> tuple[Callable[[Any], Any], list[int | None], Any]:
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    try:
        if path.is_dir():
            return _load_saved_model(path)
        model: Any = _load_keras(path)
    except (OSError, ValueError, TypeError, KeyError, ImportError, AttributeError) as error:
        raise SrganEdgeError(f"{path}: cannot be loaded: {(str(error).splitlines() or [repr(error)])[0]}") from error
    return lambda image: model(image, training=False), list(model.input_shape), model


def _load_saved_model(path: Path) -> tuple[Callable[[Any], Any], list[int | None], Any]:
    loaded: Any = tf.saved_model.load(str(path))
    if "serving_default" not in loaded.signatures:
        raise ValueError("it has no signature serving_default")
    signature = loaded.signatures["serving_default"]
    ((name, spec),) = signature.structured_input_signature[1].items()
    return lambda image: next(iter(signature(**{name: image}).values())), spec.shape.as_list(), loaded


def _load_keras(path: Path) -> Any:
    """A Keras 2 file by tf_keras, a Keras 3 file by Keras 3; .keras files of both look alike but for a version."""
    if _keras_version(path) < 3:
        import tf_keras

        return tf_keras.models.load_model(path, compile=False)
    from keras import saving  # Keras 3, which TensorFlow brings

    return saving.load_model(path, compile=False)


def _keras_version(path: Path) -> int:
    import json
    import zipfile

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            version = json.loads(file.read("metadata.json"))["keras_version"]
    else:
        import h5py

        with h5py.File(path) as file:
            version = file.attrs.get("keras_version", "2")
    return int(str(version).split(".")[0])
