"""An ONNX file of a .tflite export, and ONNX Runtime to hold it to the TFLite result."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.conversion.onnx_sums import round_alike
from srgan_edge.conversion.targets import Made, OnnxRuntime, Target
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.runtime.captured import captured_output
from srgan_edge.runtime.session import available_cpus

# The oldest with scales by channel, which every ONNX Runtime since 1.7 has.
OPSET = 13


def onnx_target() -> Target:
    """ONNX files.

    Raises:
        UsageError: the packages that make and run them are not installed.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise UsageError(f"--onnx needs the package {error.name}: pip install 'srgan-edge[onnx]'") from error
    packages = ("tf2onnx", "onnx", "onnxruntime")
    return Target("onnx", ".onnx", ("int8", "fp16", "float32"), to_onnx, OnnxSession, packages)


def to_onnx(tflite: Path) -> Made:
    """The same network as ONNX: input `image`, output `enlarged`, both [1, height, width, 3].

    Those of an INT8 export with byte input and output are pixels as uint8, of others pixels as floats.

    Raises:
        SrganEdgeError: tf2onnx cannot convert it.
    """
    import onnx
    import tf2onnx

    with _quiet():
        try:
            model, _ = tf2onnx.convert.from_tflite(str(tflite), opset=OPSET)
        except Exception as error:  # whatever an operator that it does not know runs into
            raise SrganEdgeError(f"{tflite}: tf2onnx cannot convert it: {error}") from error
    _unsigned(model.graph)
    round_alike(model.graph)
    _drop_idle(model.graph)
    _rename(model.graph, {model.graph.input[0].name: "image", model.graph.output[0].name: "enlarged"})
    model.producer_name = "srgan-edge"
    onnx.checker.check_model(model, full_check=True)
    return Made(model.SerializeToString(), {})


class OnnxSession(OnnxRuntime):
    """An ONNX file on the CPU."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Load a file of `to_onnx`; `threads` 0 = as many as this process may use.

        Raises:
            SrganEdgeError: ONNX Runtime cannot load it.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or available_cpus()
        try:
            with captured_output():
                session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its own exceptions have no common base but this
            raise SrganEdgeError(f"{path}: ONNX Runtime cannot load it: {error}") from error
        height, width = session.get_inputs()[0].shape[1:3]
        super().__init__(session, (height, width) if isinstance(height, int) and isinstance(width, int) else None)


def _unsigned(graph: Any) -> None:
    """Shift int8 activations and their zero points by 128 to uint8; kernels stay int8.

    The numbers are the same, and now every convolution is one that ONNX Runtime computes in integers: of int8
    activations it leaves the first to floating point, whose sums round some values otherwise than TFLite does.
    """
    from onnx import TensorProto, numpy_helper

    constants = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
    moved = set()
    for node in graph.node:
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear") or node.input[0] in constants:
            continue
        zero = constants[node.input[2]]
        if zero.dtype == np.int8:
            node.input[2] += "_unsigned"
            moved.add((node.input[2], (zero.astype(np.int16) + 128).astype(np.uint8).tobytes(), zero.shape))
    for name, content, shape in sorted(moved):
        constants[name] = np.frombuffer(content, np.uint8).reshape(shape)
        graph.initializer.append(numpy_helper.from_array(constants[name], name))
    for side in (*graph.input, *graph.output):
        if side.type.tensor_type.elem_type == TensorProto.INT8:
            side.type.tensor_type.elem_type = TensorProto.UINT8
    del graph.value_info[:]  # of the types before


def _drop_idle(graph: Any) -> None:
    """Take out what makes numbers of bytes only to make the same bytes of them again, and what nothing reads."""
    from onnx import numpy_helper

    constants = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
    ends = {output.name for output in graph.output}
    makers = {name: node for node in graph.node for name in node.output}
    same: dict[str, str] = {}
    for node in list(graph.node):
        before = makers.get(node.input[0])
        if node.op_type != "QuantizeLinear" or before is None or before.op_type != "DequantizeLinear":
            continue
        if not ends & set(node.output) and all(
            np.array_equal(constants[a], constants[b]) for a, b in zip(node.input[1:], before.input[1:], strict=True)
        ):
            same[node.output[0]] = before.input[0]
            graph.node.remove(node)
    for node in graph.node:
        node.input[:] = [same.get(name, name) for name in node.input]
    for node in reversed(list(graph.node)):  # in the order of computation: its readers have been looked at
        if not set(node.output) & (ends | _read(graph)):
            graph.node.remove(node)
    read = _read(graph)
    for constant in [c for c in graph.initializer if c.name not in read]:
        graph.initializer.remove(constant)


def _read(graph: Any) -> set[str]:
    """Names of what the nodes read."""
    return {name for node in graph.node for name in node.input}


def _rename(graph: Any, names: dict[str, str]) -> None:
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for side in (*graph.input, *graph.output):
        side.name = names.get(side.name, side.name)


@contextmanager
def _quiet() -> Iterator[None]:
    """What tf2onnx and TensorFlow's interpreter have to say is not for the user."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with captured_output(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
