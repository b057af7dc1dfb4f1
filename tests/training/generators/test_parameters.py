"""Parameter counts against the papers' arithmetic, written out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import tf_keras as keras

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import resample
from srgan_edge.training.generators import ARCHITECTURES, build_generator
from srgan_edge.training.generators.receptive_field import overlap

pytestmark = pytest.mark.tensorflow


def conv(size: int, inputs: int, outputs: int, bias: bool = True) -> int:
    return size * size * inputs * outputs + (outputs if bias else 0)


def test_srgan() -> None:
    # Ledig et al. 2017, figure 4: k9n64, 16 x (k3n64, BN, PReLU, k3n64, BN), k3n64 BN,
    # 2 x (k3n256, shuffle, PReLU), k9n3; a PReLU has one slope.
    batch_norm, prelu = 4 * 64, 1
    block = 2 * conv(3, 64, 64, bias=False) + 2 * batch_norm + prelu
    trunk = conv(3, 64, 64, bias=False) + batch_norm
    up = conv(3, 64, 256) + prelu
    expected = conv(9, 3, 64) + prelu + 16 * block + trunk + 2 * up + conv(9, 64, 3)
    model = build_generator("srgan", 4)
    assert model.count_params() == expected == 1_551_574
    assert len([layer for layer in model.layers if layer.name.endswith("_add")]) == 17


def test_srgan_with_resize_convolutions() -> None:
    # 64 and not 256 filters in each upsampling, for there is nothing to rearrange.
    fewer = 2 * (conv(3, 64, 256) - conv(3, 64, 64))
    assert build_generator("srgan", 4, upsampler="resize").count_params() == 1_551_574 - fewer


def test_srcnn() -> None:
    # Dong et al. 2014, section 3.2: f1 = 9, f2 = 1, f3 = 5, n1 = 64, n2 = 32, on 3 channels as in section 4.5.
    learnt = conv(9, 3, 64) + conv(1, 64, 32) + conv(5, 32, 3)
    model = build_generator("srcnn", 4)
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == learnt == 20_099


def test_vdsr() -> None:
    # Kim et al. 2016, section 3.1: 20 layers of 64 filters 3x3x64, but the first, which sees the image,
    # and the last, which has a filter a channel.
    learnt = conv(3, 3, 64) + 18 * conv(3, 64, 64) + conv(3, 64, 3)
    model = build_generator("vdsr", 4)
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == learnt == 668_227


@pytest.mark.parametrize(
    ("size", "widths", "budget"),
    [("s", [16] * 6, 1.2e9), ("m", [32] * 5 + [48], 4.2e9)],
)
def test_chain(size: str, widths: list[int], budget: float) -> None:
    chain = [3, *widths, 48]
    expected = sum(conv(3, a, b) for a, b in pairwise(chain))
    assert build_generator(f"chain-{size}", 4, collapsible=False).count_params() == expected
    macs = sum(conv(3, a, b, bias=False) for a, b in pairwise(chain)) * 320 * 180
    assert 0.85 * budget < macs <= budget


@pytest.mark.parametrize(
    ("size", "channels", "blocks", "macs"),
    [("s", 12, 5, 1.06), ("m", 24, 6, 4.22), ("l", 32, 6, 7.22), ("xl", 48, 7, 17.99)],
)
def test_edge(size: str, channels: int, blocks: int, macs: float) -> None:
    """A convolution, blocks of two, and one to the 48 values of an output block; MACs in G at 1280x720."""
    model = build_generator(f"edge-{size}", 4)
    assert model.count_params() == conv(3, 3, channels) + 2 * blocks * conv(3, channels, channels) + conv(
        3, channels, 48
    )
    weights = sum(int(np.prod(layer.kernel.shape)) for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    assert weights * 320 * 180 / 1e9 == pytest.approx(macs, abs=0.01)


def test_edge_starts_as_nearest_neighbour_enlargement_and_adds_its_blocks() -> None:
    model = build_generator("edge-s", 4)
    picture = np.random.default_rng(0).random((1, 9, 11, 3)).astype(np.float32)
    np.testing.assert_allclose(model(picture), picture.repeat(4, 1).repeat(4, 2), atol=0.05)
    parts = keras.Model(model.input, [model.get_layer(n).output for n in ("head", "block1_conv2", "block1_add")])
    head, branch, total = parts(picture)
    np.testing.assert_allclose(total, head + branch, atol=1e-6)
    # Every block draws its own start.
    starts = [model.get_layer(f"block{i}_conv2").get_weights()[0] for i in (1, 2)]
    assert not np.array_equal(*starts)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_scale(name: str) -> None:
    for scale in (2, 3, 4):
        if scale not in ARCHITECTURES[name].scales:
            with pytest.raises(UsageError, match=f"{name} has no x{scale}"):
                build_generator(name, scale)
            continue
        model = build_generator(name, scale, blocks=2)
        assert model(np.zeros((2, 5, 7, 3), np.float32)).shape == (2, 5 * scale, 7 * scale, 3)


def test_srgan_starts_as_its_head_and_upsampling() -> None:
    """Each residual block is the identity at first, so that the trunk does not grow from block to block."""
    model = build_generator("srgan", 4, blocks=3)
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 9, 9, 3)).astype(np.float32)
    outputs = [model.get_layer(name).output for name in ("head_prelu", "block3_add")]
    head, last = keras.Model(model.input, outputs)(picture)
    np.testing.assert_array_equal(head, last)


def test_unknown() -> None:
    with pytest.raises(UsageError, match="unknown generator 'edge-x'"):
        build_generator("edge-x", 4)


@pytest.mark.parametrize(
    ("name", "upsampler"), [*((name, "subpixel") for name in sorted(ARCHITECTURES)), ("srgan", "resize")]
)
def test_overlap_is_the_receptive_field(name: str, upsampler: str) -> None:
    """A pixel changes outputs up to `overlap` pixels away, and none farther."""
    model = build_generator(name, 4, blocks=2, collapsible=False, upsampler=upsampler)
    random = np.random.default_rng(0)
    for layer in model.layers:
        # Positive kernels of gain 1 without biases: nothing cancels, saturates or dies. No block is the identity.
        for weight in layer.weights:
            if weight.shape.rank == 4:
                weight.assign(random.uniform(0.5, 1, weight.shape) / np.prod(weight.shape[:3]))
            elif "gamma" in weight.name:
                weight.assign(np.ones(weight.shape))
    reach = overlap(model)
    middle = reach + 2
    black = np.zeros((1, 2 * middle + 1, 2 * middle + 1, 3), np.float32)
    dot = black.copy()
    dot[0, middle, middle] = 1
    changed = np.argwhere(np.abs(model(dot).numpy() - model(black).numpy()).max(axis=(0, 3)) > 0) // 4
    assert np.abs(changed - middle).max() == reach


@pytest.mark.parametrize(
    ("layer", "reach"),
    [
        (keras.layers.Conv2D(3, 2, padding="same"), 1),
        (keras.layers.Conv2D(3, (1, 4), padding="same"), 2),
        (keras.layers.Conv2D(3, 3, strides=2, padding="same"), None),
        (keras.layers.Conv2DTranspose(3, 3, strides=2, padding="same"), None),
        (keras.layers.UpSampling2D(2, interpolation="bilinear"), None),
    ],
)
def test_overlap_of_layers_that_ours_do_not_have(layer: Any, reach: int | None) -> None:
    """An even kernel looks farther to one side; what moves between resolutions in other ways is refused."""
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layer(inputs))
    if reach is None:
        with pytest.raises(SrganEdgeError, match=f"the receptive field of layer {layer.name} .* is not known"):
            overlap(model)
    else:
        assert overlap(model) == reach


def test_bicubic_enlargement_is_bicubic() -> None:
    model = build_generator("vdsr", 4)
    model.get_layer("tail").set_weights([np.zeros((3, 3, 64, 3), np.float32), np.zeros(3, np.float32)])
    image = np.random.default_rng(0).integers(60, 190, (20, 24, 3)).astype(np.uint8)
    ours = model(image[None].astype(np.float32) / 255).numpy()[0] * 255
    reference = resample.upscale(image, 4)
    inner = (slice(12, -12), slice(12, -12))
    # The reference rounds to bytes between its passes.
    assert np.abs(ours[inner] - reference[inner]).max() <= 1.2
