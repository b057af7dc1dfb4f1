from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge.conversion.origin import find_foreign
from srgan_edge.errors import UsageError


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.onnx", "is an ONNX model: .* onnx2tf -i"),
        ("model.tflite", "is a .tflite model already: srgan-edge run -m"),
        ("model.pth", "holds PyTorch's weights, no network"),
        ("photo.png", "is neither a run folder nor a network"),
    ],
)
def test_what_cannot_be_converted_leads_to_what_can(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UsageError, match=rf"{name}: {message}"):
        find_foreign(tmp_path / name)


def test_another_folder_may_be_a_run(tmp_path: Path) -> None:
    assert find_foreign(tmp_path) is None
