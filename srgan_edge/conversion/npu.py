"""Exports compiled ahead of time for Qualcomm's NPUs, and run on the vendor's emulation of them.

LiteRT's compiler plugin comes with ai-edge-litert; Qualcomm's libraries come with onnxruntime-qnn, which also runs a
compiled network: on x86 they compute what the NPU (HTP, Hexagon Tensor Processor) would, on the CPU. No phone is
involved. Qualcomm's licence lets everybody use these libraries for their own applications, and redistribute none.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from srgan_edge.conversion.targets import Made, OnnxRuntime, Target
from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.imaging import Bytes
from srgan_edge.runtime.captured import captured_output
from srgan_edge.runtime.slopes import signed_slopes

# Whose photos' middle tiles are run: the emulation takes a second a tile of a small network, minutes of a large one.
PHOTOS = 4
EMULATION = "Qualcomm's emulation, no phone"


def chips() -> list[str]:
    """The chips that LiteRT's Qualcomm compiler names.

    Raises:
        UsageError: this ai-edge-litert has no such compiler.
    """
    try:
        from ai_edge_litert.aot.vendors.qualcomm.target import SocModel
    except ImportError as error:
        raise UsageError(f"--npu needs ai-edge-litert 2.1 or later, on Linux: {error}") from error
    return [chip.value for chip in SocModel if chip != SocModel.ALL]


def npu_target(chip: str, tile: int) -> Target:
    """A chip.

    Raises:
        UsageError: it is unknown, the libraries are not installed, or the exports have no fixed tile.
    """
    if chip not in chips():
        raise UnknownNameError("chip", chip, chips())
    if importlib.util.find_spec("onnxruntime_qnn") is None:
        raise UsageError("--npu needs Qualcomm's libraries: pip install 'srgan-edge[npu]' (Python 3.11 or later)")
    if tile == 0:
        raise UsageError("--npu needs a fixed tile: an NPU's program is of one size")

    def make(tflite: Path) -> Made:
        return compiled(tflite, chip)

    packages = ("ai-edge-litert", "onnxruntime", "onnxruntime-qnn")
    return Target(chip, f"-{chip}.tflite", ("int8", "fp16"), make, HtpSession, packages, PHOTOS)


def compiled(tflite: Path, chip: str) -> Made:
    """The network with what a chip can compute in a program of the chip's own.

    Raises:
        SrganEdgeError: the compiler fails; the message has what it says.
    """
    from ai_edge_litert.aot.core import apply_plugin, common
    from ai_edge_litert.aot.core.aot_types import Model
    from ai_edge_litert.aot.vendors.qualcomm.qualcomm_backend import COMPILER_PLUGIN_LIB_PATH

    with tempfile.TemporaryDirectory() as folder, _libraries() as libraries:
        source, result = Path(folder) / "source.tflite", Model(path=Path(folder) / "compiled.tflite")
        try:
            source.write_bytes(signed_slopes(tflite.read_bytes()))
            plugin = common.get_resource(COMPILER_PLUGIN_LIB_PATH).parent
            compiler = apply_plugin.ApplyPlugin()
            compiler(Model(path=source), result, "Qualcomm", chip, sdk_libs_path=libraries, libs=str(plugin))
        except (OSError, ValueError) as error:
            raise SrganEdgeError(f"{tflite}: cannot be compiled for {chip}: {_said(error)}") from error
        content = result.path.read_bytes()
    stats = result.partition_stats.subgraph_stats[0] if result.partition_stats else None
    if stats is None:
        raise SrganEdgeError(f"{tflite}: LiteRT's compiler does not say what of it is on the NPU")
    on, total, pieces = stats.num_ops_offloaded, stats.num_total_ops, stats.num_partitions_offloaded
    summary = f"{on} of {total} operators on the NPU, in {pieces} piece{'s' if pieces != 1 else ''}; run on {EMULATION}"
    facts = {"vendor": "Qualcomm", "operators": total, "operators_on_npu": on, "pieces": pieces, "run_on": EMULATION}
    return Made(content, facts, summary)


class HtpSession(OnnxRuntime):
    """A compiled network on the emulation."""

    def __init__(self, path: Path) -> None:
        """Load a file of `compiled`.

        Raises:
            SrganEdgeError: not all of it is on the NPU, or the emulation refuses it.
        """
        import onnxruntime
        import onnxruntime_qnn  # pyright: ignore[reportMissingImports]

        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        shape, model = _as_onnx(path, folder)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        try:
            with captured_output():
                onnxruntime.set_default_logger_severity(3)
                device = _device(onnxruntime, onnxruntime_qnn)
                options.add_provider_for_devices([device], {"backend_path": onnxruntime_qnn.get_qnn_htp_path()})
                session = onnxruntime.InferenceSession(str(model), options)
        except Exception as error:  # its own exceptions have no common base but this
            raise SrganEdgeError(f"{path}: Qualcomm's emulation refuses it: {error}") from error
        super().__init__(session, (shape[1], shape[2]))

    def run(self, tile: Bytes, out: Bytes | None = None, margin: int = 0) -> Bytes:
        """As `Session.run`."""
        with captured_output():
            return super().run(tile, out, margin)

    def close(self) -> None:
        """Free the network and its files."""
        super().close()
        self._folder.cleanup()


def _device(onnxruntime: Any, qnn: Any) -> Any:
    name = "QNNExecutionProvider"
    found = [d for d in onnxruntime.get_ep_devices() if d.ep_name == name]
    if not found:
        onnxruntime.register_execution_provider_library(name, qnn.get_library_path())
        found = [d for d in onnxruntime.get_ep_devices() if d.ep_name == name]
    return found[0]


def _as_onnx(path: Path, folder: Path) -> tuple[list[int], Path]:
    """The chip's program out of a compiled .tflite file, as the ONNX node that runs one; the input's shape too."""
    import onnx
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import flexbuffers
    from onnx import TensorProto, helper

    content = path.read_bytes()
    graph: Any = schema.Model.GetRootAs(content, 0).Subgraphs(0)
    if graph.OperatorsLength() != 1:
        raise SrganEdgeError(f"{path}: only a network that is whole on the NPU can be emulated")
    program: Any = flexbuffers.GetRoot(bytes(graph.Operators(0).CustomOptionsAsNumpy())).Value
    start, size = program["bytecode_offset"], program["bytecode_size"]
    (folder / "program.bin").write_bytes(content[start : start + size])
    kinds = {
        schema.TensorType.FLOAT32: TensorProto.FLOAT,
        schema.TensorType.UINT8: TensorProto.UINT8,
        schema.TensorType.INT8: TensorProto.INT8,
    }
    sides = [graph.Tensors(graph.Inputs(0)), graph.Tensors(graph.Outputs(0))]
    names = [side.Name().decode().replace(":", "_") for side in sides]
    shapes = [[int(n) for n in side.ShapeAsNumpy()] for side in sides]
    values = [
        helper.make_tensor_value_info(name, kinds[side.Type()], shape)
        for name, side, shape in zip(names, sides, shapes, strict=True)
    ]
    node = helper.make_node(
        "EPContext",
        names[:1],
        names[1:],
        domain="com.microsoft",
        name=program["name"],
        main_context=1,
        embed_mode=0,
        ep_cache_context="program.bin",
        source="QNNExecutionProvider",
        partition_name=program["name"],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(
        helper.make_graph([node], "npu", values[:1], values[1:]), opset_imports=opsets, ir_version=10
    )
    onnx.save(model, folder / "model.onnx")
    return shapes[0], folder / "model.onnx"


@contextmanager
def _libraries() -> Iterator[str]:
    """Where the compiler finds Qualcomm's libraries.

    It names libQnnLpai.so as needed, which the package has not, and uses nothing of it: another of them stands in.
    """
    spec = importlib.util.find_spec("onnxruntime_qnn")
    if spec is None or spec.origin is None:
        raise UsageError("onnxruntime-qnn is not installed")
    package = Path(spec.origin).parent
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "libQnnLpai.so").symlink_to(package / "libQnnSystem.so")
        yield f"{package}:{folder}"


def _said(error: Exception) -> str:
    """The last error of the compiler's log, which its exception only names."""
    words = str(error).split()
    log = next((Path(word) for word in words if word.endswith(".error")), None)
    if log is None or not log.is_file():
        return str(error)
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    log.unlink()
    wrong = [line for line in lines if "ERROR" in line] or lines or [str(error)]
    return wrong[-1]
