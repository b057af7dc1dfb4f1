"""LeakyReLUs of negative slopes, which LiteRT's GPU code computes wrongly, are PReLUs where a GPU gets them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import photo

from srgan_edge.errors import SrganEdgeError
from srgan_edge.models import WEIGHTS
from srgan_edge.runtime.compiled import CompiledSession
from srgan_edge.runtime.flatbuffer import operator_code, packed, unpacked
from srgan_edge.runtime.interpreter import interpreter_package
from srgan_edge.runtime.slopes import signed_slopes

SRGAN = WEIGHTS / "srgan-x4-fp16.tflite"
NEGATIVE = 16  # of its 19


def operators(content: bytes, kind: str) -> list[Any]:
    schema, model = unpacked(content)
    wanted = getattr(schema.BuiltinOperator, kind)
    return [op for op in model.subgraphs[0].operators if operator_code(model, op) == wanted]


def beginning(content: bytes, count: int, share: float = 1.0) -> bytes:
    """The model's first operators alone, the last one's slope times `share`."""
    _, model = unpacked(content)
    (graph,) = model.subgraphs
    graph.operators = graph.operators[:count]
    graph.operators[-1].builtinOptions.alpha *= share
    graph.outputs = np.array([graph.operators[-1].outputs[0]], np.int32)
    return packed(model)


def result(content: bytes) -> np.ndarray:
    interpreter = interpreter_package().interpreter(model_content=content)
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], (1, 24, 24, 3))
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], photo(24, 24)[None].astype(np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(made["index"])


def test_the_same_function() -> None:
    content = SRGAN.read_bytes()
    schema, model = unpacked(content)
    ops = model.subgraphs[0].operators
    leaky = [i for i, op in enumerate(ops) if operator_code(model, op) == schema.BuiltinOperator.LEAKY_RELU]
    count = next(i for i in leaky if ops[i].builtinOptions.alpha < 0) + 1
    short = beginning(content, count)
    signed = signed_slopes(short)
    assert len(operators(signed, "PRELU")) == 1
    wanted = result(short)
    np.testing.assert_allclose(result(signed), wanted, rtol=1e-5, atol=1e-5)
    assert not np.allclose(result(beginning(content, count, 0.5)), wanted, rtol=1e-2)  # the slope is made use of


def test_what_has_none_is_left_as_it_is() -> None:
    for name in ("edge-s-x4-int8", "edge-s-x4-fp16"):
        content = (WEIGHTS / f"{name}.tflite").read_bytes()
        assert signed_slopes(content) is content
    with pytest.raises(ValueError, match="not a TFLite model"):
        signed_slopes(b"words")


@pytest.mark.parametrize("export", ["fp16", "int8"])
def test_a_gpu_gets_prelus(export: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_model = pytest.importorskip("ai_edge_litert.compiled_model")
    given: list[bytes] = []

    def from_buffer(content: bytes, options: Any) -> Any:
        given.append(content)
        raise RuntimeError("no GPU is needed")

    monkeypatch.setattr(compiled_model.CompiledModel, "from_buffer", from_buffer)
    path = Path(SRGAN.with_name(f"srgan-x4-{export}.tflite"))
    with pytest.raises(SrganEdgeError, match="no GPU is needed"):
        CompiledSession(path, "gpu", False, {})
    assert len(operators(given[0], "PRELU")) == NEGATIVE
    assert all(op.builtinOptions.alpha >= 0 for op in operators(given[0], "LEAKY_RELU"))
