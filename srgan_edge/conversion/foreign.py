"""Somebody else's network: what it enlarges by and how far it looks, wrapped to bytes in, bytes out."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from srgan_edge.conversion.foreign_files import load
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.models import NAME
from srgan_edge.runtime import tiling
from srgan_edge.runtime.captured import captured_output
from srgan_edge.runtime.flatbuffer import packed, unpacked
from srgan_edge.runtime.ranges import BYTES, UNSAID, Range, Ranges, checked

# A network is probed on a square of this side, unless it takes only another.
_PROBE = 96
# Fractions of its largest response below which a network does not really look at a pixel.
_SILENCE = 1e-4


@dataclass(frozen=True)
class ForeignNetwork:
    """A super-resolution network of unknown make."""

    name: str
    function: Callable[[Any], Any]
    """`[1, H, W, 3]` float32 in its input's range -> `[1, sH, sW, 3]` float32 in its output's."""
    input_range: Range
    output_range: Range
    scale: int
    side: int
    """Of the only input it takes, in pixels; 0 = any."""
    overlap: int
    """Input pixels around a position that its output was seen to depend on."""
    dtype: Any
    """Of its own input."""
    note: str
    """What the user should know of it; empty if nothing."""
    keep: Any
    """Holds its variables."""

    def in_bytes(self, image: Any) -> Any:
        """The network from [0, 255] to [0, 255]."""
        (low, high), (black, white) = self.input_range, self.output_range
        result = self.function(image * ((high - low) / 255) + low)
        return tf.clip_by_value((result - black) * (255 / (white - black)), 0.0, 255.0)

    def reference(self, tile: int) -> Callable[[Bytes], Bytes]:
        """The float network as the runtime would run it: in tiles, bytes in, bytes out."""
        run = tf.function(lambda x: tf.cast(tf.round(self.in_bytes(tf.cast(x, tf.float32))), tf.uint8))

        def upscale(low: Bytes) -> Bytes:
            tiles = tiling.plan(low.shape[0], low.shape[1], tile, self.overlap)
            return np.concatenate(
                list(tiling.strips(low, tiles, self.scale, tiling.copying(lambda t: run(t[None]).numpy()[0])))
            )

        return upscale


def load_foreign(path: Path, ranges: Ranges = UNSAID, trusted: bool = False) -> ForeignNetwork:
    """Load a network and find its scale and how far it looks.

    Args:
        path: a Keras file or the folder of a SavedModel.
        ranges: what black and white are to it; only a network of bytes needs none.
        trusted: what it holds may do more than compute.

    Raises:
        UsageError: it does not turn images into larger ones, or its range is needed.
        SrganEdgeError: it cannot be loaded.
    """
    given = Ranges(*(r and checked(r, f"--{side}-range") for side, r in zip(("input", "output"), ranges, strict=True)))
    loaded = load(path, trusted)
    shape, dtype = loaded.shape, loaded.dtype
    if len(shape) != 4 or shape[3] != 3 or shape[1] != shape[2]:
        raise UsageError(f"{path}: its input has shape {shape}, not that of square RGB images, [N, H, W, 3]")
    if not (dtype.is_floating or dtype == tf.uint8):
        raise UsageError(f"{path}: its input is {dtype.name}; pictures are given as floating-point numbers or uint8")
    input_range = given.input or (BYTES if dtype == tf.uint8 else None)
    if input_range is None:
        raise UsageError(
            f"{path}: give the values of black and white in its input, as in --input-range -1 1 or --input-range 0 1"
        )
    side = int(shape[1] or 0)
    probe = side or _PROBE
    low, high = input_range
    image = np.random.default_rng(0).uniform(low, high, (1, probe, probe, 3)).astype(np.float32)
    chosen, note = _picture_of(path, loaded.function(_as(image, dtype)), probe)

    def function(x: Any) -> Any:
        return tf.cast(tf.nest.flatten(loaded.function(_as(x, dtype)))[chosen], tf.float32)

    made = tf.nest.flatten(loaded.function(_as(image, dtype)))[chosen]
    output_range = given.output or (BYTES if made.dtype == tf.uint8 else input_range)
    first = np.asarray(function(image))
    scale = first.shape[1] // probe
    changed = image.copy()
    middle = probe // 2
    changed[0, middle, middle] = low + high - changed[0, middle, middle]
    response = np.abs(np.asarray(function(changed)) - first)[0].max(axis=2)
    rows, columns = np.nonzero(response > response.max() * _SILENCE)
    inside = [middle - rows.min() // scale, rows.max() // scale - middle] if rows.size else [0]
    inside += [middle - columns.min() // scale, columns.max() // scale - middle] if rows.size else [0]
    reach = int(max(inside))
    if reach >= probe // 2 - 1:
        raise UsageError(f"{path}: its receptive field is the whole image, so tiles would show seams")
    network = ForeignNetwork(
        path.stem, function, input_range, output_range, scale, side, reach, dtype, note, loaded.keep
    )
    if network.name.startswith(".") or not NAME.fullmatch(network.name):
        raise UsageError(
            f"{path}: give it a name of letters, digits, blanks and _ . + - ( ) alone, as its exports have"
        )
    return network


def _as(image: Any, dtype: Any) -> Any:
    return tf.cast(tf.clip_by_value(tf.round(image), 0, 255) if dtype == tf.uint8 else image, dtype)


def _picture_of(path: Path, result: Any, probe: int) -> tuple[int, str]:
    """Which of a network's outputs is the picture enlarged, and a note if there are more.

    Raises:
        UsageError: none is, or several are.
    """
    outputs = [np.asarray(output) for output in tf.nest.flatten(result)]

    def scale(output: Any) -> int:
        if output.ndim != 4 or output.shape[3] != 3 or output.shape[1] != output.shape[2]:
            return 0
        factor, rest = divmod(output.shape[1], probe)
        return 0 if rest else factor

    scales = [scale(output) for output in outputs]
    pictures = [index for index, factor in enumerate(scales) if factor]
    if not pictures:
        shapes = " and ".join(str(list(output.shape)) for output in outputs)
        raise UsageError(
            f"{path}: turns an input of {[1, probe, probe, 3]} into {shapes}, which is not an upscaled image"
        )
    if len(pictures) > 1:
        factors = ", ".join(f"x{scales[index]}" for index in pictures)
        raise UsageError(
            f"{path}: has {len(pictures)} outputs that are pictures ({factors}): save a model of one, as in "
            "keras.Model(model.inputs, model.outputs[0])"
        )
    note = f"of its {len(outputs)} outputs the picture is taken" if len(outputs) > 1 else ""
    return pictures[0], note


def export_foreign(network: ForeignNetwork, tile: int, kind: str, io: str, crops: Iterable[Bytes]) -> bytes:
    """The bytes of a .tflite file; INT8 by the converter's own calibration on LR `crops` of the tile's size.

    Raises:
        UsageError: INT8 with other input and output than uint8.
        SrganEdgeError: the converter fails.
    """
    if kind == "int8" and io != "uint8":
        raise UsageError(f"{network.name}: INT8 exports of a third-party network support only --io uint8")
    low, high = network.input_range
    side = tile or None

    spec = tf.TensorSpec((1, side, side, 3), tf.float32, name="image")
    function = network.function if kind == "int8" else network.in_bytes
    try:
        concrete = tf.function(function, input_signature=[spec], autograph=False).get_concrete_function()
    except Exception as error:  # a network may ask for sides that its steps divide, in whatever way it does
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1].strip()[:300]
        raise SrganEdgeError(f"{network.name}: does not take tiles of {side}x{side}: {reason}") from error
    # The converter does not find Keras 3's variables.
    frozen = in_float32(convert_variables_to_constants_v2(concrete))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
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
        # What calibration warns of and prints says nothing that its result does not.
        with captured_output(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = converter.convert()
    except Exception as error:  # the converter raises whatever its passes run into
        raise SrganEdgeError(f"{network.name}: cannot be converted to {kind}: {_reason(error)}") from error
    return _pixels_at_both_ends(network, content) if kind == "int8" else content


def in_float32(frozen: Any) -> Any:
    """A frozen function that computes in 32 bits what it computed in 16, or in bytes: TFLite has no kernels for them.

    What was cut off to whole bytes inside it no longer is.
    """
    graph = frozen.graph.as_graph_def()
    narrow = {t.as_datatype_enum for t in (tf.float16, tf.bfloat16, tf.uint8)}
    changed = False
    for node in graph.node:
        for attribute in node.attr.values():
            if attribute.type in narrow:
                attribute.type, changed = tf.float32.as_datatype_enum, True
            if attribute.HasField("tensor") and attribute.tensor.dtype in narrow:
                values = tf.make_ndarray(attribute.tensor).astype(np.float32)
                attribute.tensor.CopyFrom(tf.make_tensor_proto(values))
                changed = True
    if not changed:
        return frozen
    wrapped = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
    ends = [
        [wrapped.graph.get_tensor_by_name(tensor.name) for tensor in side] for side in (frozen.inputs, frozen.outputs)
    ]
    return wrapped.prune(*ends)


def _reason(error: Exception) -> str:
    """The sentence of a converter's dump that names what it lacks."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"tf\.[A-Z]\w+|is neither a custom op|not supported", line)]
    return (telling or lines or [type(error).__name__])[0][:300]


def _pixels_at_both_ends(network: ForeignNetwork, content: bytes) -> bytes:
    """Make a byte of the model's input and output the pixel itself, whatever range calibration saw.

    Beside each end stands a QUANTIZE between uint8 and int8, which takes any two scales. Scaling in the graph
    instead would be quantized, and coarsely: some operators must share their range with those before. With
    (-1, 1) the zero point is rounded by half a level, one way at the input and the other at the output.
    """
    schema, model = unpacked(content)
    (graph,) = model.subgraphs
    quantize = [i for i, code in enumerate(model.operatorCodes) if code.builtinCode == schema.BuiltinOperator.QUANTIZE]
    beside = {int(t) for op in graph.operators if op.opcodeIndex in quantize for t in (*op.inputs, *op.outputs)}
    ends = ((graph.inputs[0], network.input_range), (graph.outputs[0], network.output_range))
    for end, (low, high) in ends:
        step = (high - low) / 255
        zero = min(255, max(0, round(-low / step)))
        if int(end) not in beside:
            raise SrganEdgeError(
                f"{network.name}: cannot be converted to int8: the converter left no QUANTIZE at its ends"
            )
        quantization = graph.tensors[end].quantization
        quantization.scale, quantization.zeroPoint = np.array([step], np.float32), np.array([zero])
    return packed(model)
