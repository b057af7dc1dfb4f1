"""How much of a model XNNPACK, TFLite's kernels for CPUs, computes on this machine."""

from __future__ import annotations

from pathlib import Path

from srgan_edge.errors import SrganEdgeError
from srgan_edge.runtime import isolated
from srgan_edge.runtime.captured import captured_output
from srgan_edge.runtime.interpreter import interpreter_package


def partitions_of_file(path: Path) -> int:
    """`partitions` of a file, in a process of its own: a damaged one may bring the runtime down.

    Raises:
        SrganEdgeError: as there, or the runtime crashes.
    """
    try:
        count, refused = isolated.call("srgan_edge.runtime.xnnpack:_count_partitions", str(path.absolute()), limit=60.0)
    except (isolated.ChildError, TimeoutError) as error:
        raise SrganEdgeError(f"{path}: the runtime crashes on this file ({error})") from error
    if refused:
        raise SrganEdgeError(f"{path}: {refused}")
    return count


def _count_partitions(path: str) -> tuple[int, str]:
    try:
        return partitions(Path(path).read_bytes()), ""
    except SrganEdgeError as error:
        return 0, str(error)


def partitions(data: bytes) -> int:
    """The pieces that XNNPACK computes of a model on this machine; 0 = TFLite's own kernels, many times slower, do all.

    One is best: each operator that XNNPACK lacks ends a piece and is left to TFLite.

    Raises:
        SrganEdgeError: no runtime is installed, or it cannot load the model.
    """
    try:
        with captured_output():
            interpreter = interpreter_package().interpreter(model_content=data)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError, SystemError) as error:
        raise SrganEdgeError(f"cannot be loaded: {str(error).strip().splitlines()[0]}") from error
    nodes = interpreter._get_ops_details()
    return sum(node["op_name"] == "DELEGATE" for node in nodes)
