"""What is read from a file is what LiteRT reads from it."""

from __future__ import annotations

import numpy as np
import pytest

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
