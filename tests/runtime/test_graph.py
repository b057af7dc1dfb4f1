from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
import tf_keras as keras

from srgan_edge.conversion import export, fold
from srgan_edge.models import bundled
from srgan_edge.runtime import xnnpack
from srgan_edge.runtime.flatbuffer import read_graph
from srgan_edge.runtime.gpu_delegate import gpu_verdict
from srgan_edge.training.generators import ARCHITECTURES, build_generator
from srgan_edge.training.generators.receptive_field import overlap

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_float_exports(name: str) -> None:
    """Receptive field, against the network's own, and GPU verdict of a file."""
    model = build_generator(name, 4, blocks=2, collapsible=False)
    network = fold.byte_range(fold.leaky_relu(fold.folded(model, ARCHITECTURES[name].value_range)))
    content = export.export_float(network, 24, "float32")
    graph = read_graph(content, name)
    assert graph.receptive_field() == overlap(model)
    assert graph.float_islands() == []
    assert gpu_verdict(graph)["ok"]


@pytest.mark.parametrize("model", bundled(), ids=lambda m: m.name)
def test_bundled_models(model) -> None:
    content = model.path.read_bytes()
    graph = read_graph(content, model.name)
    assert (graph.receptive_field(), graph.stride) == (model.card.overlap, 1)
    assert gpu_verdict(graph)["ok"]
    assert graph.runtime
    assert xnnpack.partitions(content) == 1


def test_strides_and_dilations_widen_the_receptive_field() -> None:
    inputs = keras.Input((24, 24, 3))
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same")(inputs)
    x = keras.layers.Conv2D(8, 3, dilation_rate=2, padding="same")(x)
    content = export.export_float(keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same")(x)), 24, "float32")
    graph = read_graph(content, "x")
    assert (graph.receptive_field(), graph.stride) == (1 + 2 * 2 + 2, 2)


def test_blocks_put_side_by_side_are_looked_at_whole() -> None:
    """A 3x3 kernel on places of 2x2 pixels: one place more than those of a tile, which begins where one does."""
    inputs = keras.Input((24, 24, 3))
    x = keras.layers.Lambda(lambda y: tf.nn.space_to_depth(y, 2))(inputs)
    x = keras.layers.Conv2D(12, 3, padding="same")(x)
    outputs = keras.layers.Lambda(lambda y: tf.nn.depth_to_space(y, 2))(x)
    content = export.export_float(keras.Model(inputs, outputs), 24, "float32")
    graph = read_graph(content, "x")
    assert (graph.receptive_field(), graph.stride) == (2, 2)


def test_a_float_island(exports: Path) -> None:
    assert read_graph((exports / "tiny-int8.tflite").read_bytes(), "x").float_islands() == []
    inputs = keras.Input((24, 24, 3))
    fake = tf.quantization.fake_quant_with_min_max_args
    x = keras.layers.Lambda(lambda y: fake(tf.sin(fake(y, 0, 1)), -1, 1))(fake(inputs, 0, 1))
    content = export.export_int8(keras.Model(inputs, fake(keras.layers.ReLU()(x), 0, 1)), 24)
    assert read_graph(content, "x").float_islands() == [["SIN"]]
