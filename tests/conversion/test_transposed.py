"""DEPTH_TO_SPACE written as TRANSPOSE_CONV: the same bits, and what NPU compilers then take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import photo

from srgan_edge.cli.convert_command import command
from srgan_edge.conversion import transposed as module
from srgan_edge.conversion.transposed import one_hot, transposed
from srgan_edge.models import WEIGHTS, Model, find_model
from srgan_edge.runtime.compilers import COMPILERS, lacking
from srgan_edge.runtime.flatbuffer import graph_of
from srgan_edge.runtime.session import Session
from srgan_edge.runtime.xnnpack import partitions_of_file

NAMES = ("edge-l-real-x4-int8", "edge-s-x4-fp16", "edge-m-x2-int8", "edge-m-x2-fp16")


def written(name: str, folder: Path) -> Path:
    path = folder / f"{name}.tflite"
    path.write_bytes(transposed((WEIGHTS / path.name).read_bytes()))
    return path


@pytest.mark.parametrize("name", NAMES)
def test_results_are_the_same_to_the_bit(name: str, tmp_path: Path) -> None:
    path = written(name, tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    with Session(WEIGHTS / path.name) as one, Session(path) as two:
        for tile in (photo(128, 128), noise):
            np.testing.assert_array_equal(one.run(tile), two.run(tile))


@pytest.mark.parametrize("name", NAMES)
def test_compilers_take_it(name: str, tmp_path: Path) -> None:
    path, before = written(name, tmp_path), graph_of(find_model(name))
    graph = graph_of(Model(name, path, None))
    assert [op.op for op in graph.operators].count("TRANSPOSE_CONV") == 1
    assert graph.float_ops == before.float_ops
    assert graph.receptive_field() == before.receptive_field()
    assert partitions_of_file(path) == partitions_of_file(WEIGHTS / path.name)
    for target, compiler in COMPILERS.items():
        assert lacking(graph, target)["ok"] or compiler.integers
    if name.endswith("int8"):
        assert lacking(graph, "coral")["ok"]


@pytest.mark.tensorflow
def test_a_kernel_puts_channels_where_depth_to_space_does() -> None:
    import tensorflow as tf

    channels = np.arange(2 * 3 * 12, dtype=np.float32).reshape(1, 2, 3, 12)
    kernel = one_hot(3, 2).transpose(1, 2, 0, 3)  # TensorFlow's order: height, width, out, in
    found = tf.nn.conv2d_transpose(channels, kernel, np.array([1, 4, 6, 3]), 2, "VALID")
    np.testing.assert_array_equal(found, tf.nn.depth_to_space(channels, 2))


def test_the_command(run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = "--transpose-conv --int8 --fp16 --tile 48 --qat-steps 0 --max-drop 1 --set calibration_batches=2"
    arguments = [str(run_folder), *options.split(), "--set", "crop=24", "-o", str(tmp_path)]
    CliRunner().invoke(command, arguments, catch_exceptions=False)
    for name in ("tiny-int8", "tiny-fp16"):
        model = find_model(str(tmp_path / f"{name}.tflite"))
        kinds = [op.op for op in graph_of(model).operators]
        assert ("TRANSPOSE_CONV" in kinds, "DEPTH_TO_SPACE" in kinds) == (True, False)
        assert model.card is not None
        assert model.card.conversion["transpose_conv"] is True
    # The gate holds such an export to the float network too: one that puts values elsewhere is refused.
    wrong = one_hot(3, 4)[:, ::-1]
    monkeypatch.setattr(module, "one_hot", lambda channels, block: np.ascontiguousarray(wrong))
    done = CliRunner().invoke(command, arguments)
    assert getattr(done.exception, "exit_code", None) == 3
    assert "not written: it loses" in str(done.exception)
    done = CliRunner().invoke(command, [str(run_folder), "--transpose-conv", "--tile", "0"])
    assert str(done.exception) == "--transpose-conv needs a fixed tile: the operator is told its result's size"
    assert getattr(done.exception, "exit_code", None) == 2
