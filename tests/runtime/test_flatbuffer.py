"""What is read from a file is what LiteRT reads from it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from srgan_edge.errors import SrganEdgeError
from srgan_edge.models import WEIGHTS
from srgan_edge.runtime.flatbuffer import read_graph
from srgan_edge.runtime.interpreter import interpreter_package


@pytest.mark.parametrize("name", ["edge-s-x4-int8", "edge-m-real-x4-int8", "edge-m-x2-fp16"])
def test_tensors(name: str) -> None:
    """Names, shapes, types, scales and zero points."""
    path = WEIGHTS / f"{name}.tflite"
    graph = read_graph(path.read_bytes(), name)
    details = {d["name"]: d for d in interpreter_package().interpreter(model_path=str(path)).get_tensor_details()}
    tensors = {t.name: t for op in graph.operators for t in (*op.inputs, *op.outputs)}
    assert len(tensors) > 10
    for tensor in tensors.values():
        known = details[tensor.name]
        assert tensor.shape == known["shape_signature"].tolist()
        assert np.dtype(tensor.dtype) == known["dtype"]
        assert tensor.scale == known["quantization_parameters"]["scales"].tolist()
        assert tensor.zero_point == known["quantization_parameters"]["zero_points"].tolist()
    assert any(tensor.scale for tensor in tensors.values()) == name.endswith("int8")


class Writer:
    """A file whose parts are shared as no writer of models shares them."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder()

    def add(self, table: str, **fields: Any) -> Any:
        """A table of a kind, its fields numbers, offsets, or lists of either."""
        part = schema.__dict__
        values = {
            name: self.vector(part[f"{table}Start{name}Vector"], value) if isinstance(value, list) else value
            for name, value in fields.items()
        }
        part[f"{table}Start"](self.builder)
        for name, value in values.items():
            part[f"{table}Add{name}"](self.builder, value)
        return part[f"{table}End"](self.builder)

    def vector(self, start: Any, values: Sequence[Any]) -> Any:
        start(self.builder, len(values))
        for value in reversed(values):
            kind = type(value)
            if kind is Offset:
                self.builder.PrependUOffsetTRelative(int(value))
            elif kind is float:
                self.builder.PrependFloat32(value)
            else:
                self.builder.PrependInt32(value)
        return self.builder.EndVector()

    def model(self, tensors: list[Any], operators: list[Any], graphs: int = 1, custom: str = "") -> bytes:
        kind = {"CustomCode": self.builder.CreateString(custom), "BuiltinCode": 32} if custom else {}
        code = Offset(self.add("OperatorCode", **kind))
        graph = self.add("SubGraph", Tensors=tensors, Inputs=[0], Outputs=[0], Operators=operators)
        root = self.add("Model", Version=3, OperatorCodes=[code], Subgraphs=[Offset(graph)] * graphs)
        self.builder.Finish(root, b"TFL3")
        return bytes(self.builder.Output())


class Offset(int):
    """Of a table in the file."""


def repeated(what: str, count: int) -> bytes:
    """A file in which one part is used `count` times, and what is in it as often."""
    writer = Writer()
    long = "x" * 4 * count
    name = writer.builder.CreateString(long if what == "names" else "x")
    scales = writer.add("QuantizationParameters", Scale=[1.0] * (count if "scales" in what else 1))
    tensor = Offset(writer.add("Tensor", Name=name, Shape=[1, 8, 8, 3], Quantization=scales))
    options: dict[str, Any] = {}
    if what == "options":
        container = writer.builder.CreateString(long)
        options["BuiltinOptions"] = writer.add("VarHandleOptions", Container=container)
        options["BuiltinOptionsType"] = schema.BuiltinOptions.VarHandleOptions
    results = count if what == "results with scales" else 1
    operator = Offset(writer.add("Operator", Inputs=[0], Outputs=[0] * results, **options))
    return writer.model(
        [tensor] * (count if what in ("graphs", "names", "scales") else 1),
        [operator] * (count if what in ("options", "custom") else 1),
        count if what == "graphs" else 1,
        long if what == "custom" else "",
    )


@pytest.mark.parametrize("what", ["graphs", "names", "scales", "options", "custom", "results with scales"])
def test_parts_used_many_times_are_not_unpacked_many_times(what: str) -> None:
    """Of 8 KB, a million objects were made, or strings of megabytes."""
    assert read_graph(repeated(what, 1), "x").operators
    started = time.perf_counter()
    with pytest.raises(SrganEdgeError, match=r"^x: a damaged TFLite model: unpacked there is more in it than"):
        read_graph(repeated(what, 1000), "x")
    assert time.perf_counter() - started < 3


def test_several_graphs_are_read() -> None:
    """The first is the main one; loops and branches have others."""
    writer = Writer()
    tensor = Offset(writer.add("Tensor", Name=writer.builder.CreateString("x"), Shape=[1, 8, 8, 3]))
    assert read_graph(writer.model([tensor], [], graphs=2), "x").inputs[0].shape == [1, 8, 8, 3]


def test_a_tensor_of_many_dimensions() -> None:
    writer = Writer()
    tensor = Offset(writer.add("Tensor", Name=writer.builder.CreateString("x"), Shape=[2**30] * 1000))
    with pytest.raises(SrganEdgeError, match=r"^x: a damaged TFLite model \(ValueError\)$"):
        read_graph(writer.model([tensor], []), "x")
