"""Tiles laid as a graph says give, to the byte, what the network makes of the whole image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from conftest import photo

from srgan_edge import Upscaler
from srgan_edge.errors import SrganEdgeError, SrganEdgeWarning
from srgan_edge.runtime import tiling
from srgan_edge.runtime.flatbuffer import read_graph
from srgan_edge.runtime.session import Session

pytestmark = pytest.mark.tensorflow

TILE, WHOLE = 48, 192


def kernel(side: int, inputs: int, outputs: int) -> Any:
    random = np.random.default_rng(side * inputs + outputs)
    return tf.constant(random.normal(0, 1 / np.sqrt(side * side * inputs), (side, side, inputs, outputs)), tf.float32)


def conv(x: Any, side: int, channels: int, stride: int = 1, dilation: int = 1) -> Any:
    weights = kernel(side, x.shape[3], channels)
    return tf.nn.relu(tf.nn.conv2d(x, weights, stride, "SAME", dilations=dilation))


def doubled(x: Any, added: Any) -> Any:
    return tf.raw_ops.ResizeNearestNeighbor(images=x, size=[2 * x.shape[1], 2 * x.shape[2]]) + 0.3 * added


def strided(x: Any) -> Any:
    return doubled(x, tf.nn.depth_to_space(conv(conv(conv(x, 3, 8, 2), 3, 16, 2), 3, 192), 8))


def unshuffled(x: Any) -> Any:
    return doubled(x, tf.nn.depth_to_space(conv(conv(tf.nn.space_to_depth(x, 4), 3, 32), 3, 192), 8))


def even(x: Any) -> Any:
    y = x
    for _ in range(6):
        y = tf.nn.conv2d(y, kernel(2, 3, 3), 1, "SAME")
    return doubled(x, tf.nn.depth_to_space(conv(y, 1, 12), 2))


def even_and_dilated(x: Any) -> Any:
    return doubled(x, tf.nn.depth_to_space(conv(conv(x, 2, 8, dilation=2), 4, 12), 2))


def coarse_between(x: Any) -> Any:
    """What is seen at the end reaches into one coarse pixel more, which fine convolutions before it widen."""
    y = x
    for _ in range(5):
        y = conv(y, 3, 8)
    y = conv(y, 4, 64, 4)
    y = tf.nn.depth_to_space(conv(y, 3, 192), 8)
    return doubled(x, conv(y, 3, 3))


def transposed(x: Any, side: int = 3) -> Any:
    size: Any = [1, 2 * x.shape[1], 2 * x.shape[2], 3]
    made = tf.nn.conv2d_transpose(conv(x, 3, 8), tf.transpose(kernel(side, 8, 3), (0, 1, 3, 2)), size, 2)
    return doubled(x, made)


def transposed_wide(x: Any) -> Any:
    return transposed(x, 7)


def bilinear(x: Any) -> Any:
    size = [2 * x.shape[1], 2 * x.shape[2]]
    return doubled(x, tf.image.resize(conv(x, 3, 3), size))


def written(network: Callable[[Any], Any], side: int | None, path: Path) -> Path:
    function: Any = tf.function(network, input_signature=[tf.TensorSpec((1, side, side, 3), tf.float32)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    path.write_bytes(converter.convert())
    return path


@pytest.mark.parametrize(
    ("network", "overlap", "stride"),
    [
        (strided, 7, 4),
        (unshuffled, 8, 4),
        (even, 6, 1),
        (even_and_dilated, 4, 1),
        (coarse_between, 15, 4),
        (transposed, 2, 1),
        (transposed_wide, 3, 1),
        (bilinear, 2, 1),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_tiles_are_the_whole_image(network: Callable[[Any], Any], overlap: int, stride: int, tmp_path: Path) -> None:
    tile, whole = (written(network, side, tmp_path / f"{side}.tflite") for side in (TILE, WHOLE))
    graph = read_graph(tile.read_bytes(), "x")
    assert (graph.receptive_field(), graph.stride) == (overlap, stride)
    image = photo(WHOLE, WHOLE)
    plan = tiling.plan(WHOLE, WHOLE, TILE, tiling.multiple(overlap, stride))
    with Session(tile) as small, Session(whole) as large:
        made = np.concatenate(list(tiling.strips(image, plan, 2, small.run)))
        wanted = large.run(image)
    inside = slice(2 * 24, -2 * 24)  # its own edges are no reflection
    assert np.abs(made.astype(int) - wanted)[inside, inside].max() <= 1
    assert len(np.unique(wanted)) > 100


def test_a_strided_model_is_run_without_seams(tmp_path: Path) -> None:
    tile, whole = (written(strided, side, tmp_path / f"{side}.tflite") for side in (TILE, WHOLE))
    image = photo(WHOLE, WHOLE)
    with Upscaler(tile, delegate="cpu", threads=1, input_range=(0, 255)) as upscaler, Session(whole) as large:
        assert (upscaler.overlap, upscaler.notes) == (8, ())
        difference = np.abs(upscaler(image).astype(int) - large.run(image))
    assert difference[48:-48, 48:-48].max() <= 1


def test_a_resize_between_corners_is_another_in_each_size(tmp_path: Path) -> None:
    def network(x: Any) -> Any:
        return tf.compat.v1.image.resize_bilinear(x, [2 * x.shape[1], 2 * x.shape[2]], align_corners=True)

    graph = read_graph(written(network, TILE, tmp_path / "x.tflite").read_bytes(), "x")
    assert (graph.receptive_field(), graph.stride) == (None, 1)


def test_tiles_that_cannot_begin_on_the_stride_are_said(tmp_path: Path) -> None:
    path = written(unshuffled, 20, tmp_path / "x.tflite")
    with Upscaler(path, delegate="cpu", threads=1, input_range=(0, 255)) as upscaler:
        assert (upscaler.overlap, upscaler.notes) == (8, ())
    path = written(unshuffled, 16, tmp_path / "x.tflite")
    with pytest.raises(
        SrganEdgeError, match="its receptive field reaches 8 pixels, and its tiles of 16x16 are too small"
    ):
        Upscaler(path, delegate="cpu", threads=1, input_range=(0, 255))
    path = written(strided, 16, tmp_path / "x.tflite")
    with (
        pytest.warns(SrganEdgeWarning, match="x: it computes in steps of 4 pixels") as said,
        Upscaler(path, delegate="cpu", threads=1, input_range=(0, 255)) as upscaler,
    ):
        assert upscaler.overlap == 7
        (note,) = upscaler.notes
    assert said[0].filename == __file__
    assert note.startswith("it computes in steps of 4 pixels, and tiles of 16x16 cannot begin on multiples of it: ")
