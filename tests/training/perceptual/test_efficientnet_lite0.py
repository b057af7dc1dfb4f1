from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from PIL import Image

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.training.perceptual.efficientnet_lite0 import (
    FEATURE_LAYERS,
    LITE0,
    LITE1,
    EfficientNetLite0Loss,
    efficientnet_lite0,
    load_imagenet_weights,
    normalise,
    packaged_weights,
)

pytestmark = pytest.mark.tensorflow

# ImageNet's classes by number: https://www.image-net.org, in the order of the challenge of 2012.
EGYPTIAN_CAT, ESPRESSO, MISSILE = 285, 967, 657


@pytest.fixture(scope="module")
def loss() -> EfficientNetLite0Loss:
    return EfficientNetLite0Loss()


def sample(name: str, side: int = 224) -> np.ndarray:
    """The middle of a sample photo as `(1, side, side, 3)` in [-1, 1]."""
    import skimage

    image = Image.open(Path(skimage.__file__).parent / "data" / name).convert("RGB")
    width, height = image.size
    short = min(image.size)
    left, top = (width - short) // 2, (height - short) // 2
    image = image.resize((side, side), Image.Resampling.BICUBIC, (left, top, left + short, top + short))
    return np.asarray(image, np.float32)[None] / 127.5 - 1


@pytest.mark.parametrize(
    ("name", "label"), [("coffee.png", ESPRESSO), ("chelsea.png", EGYPTIAN_CAT), ("rocket.jpg", MISSILE)]
)
def test_the_class_is_the_obvious_one(loss: EfficientNetLite0Loss, name: str, label: int) -> None:
    assert int(np.argmax(loss.classifier(normalise(sample(name))))) == label


def test_parameters_are_the_papers(loss: EfficientNetLite0Loss) -> None:
    # 4.65M is what the network's authors print; moving statistics are not counted there.
    assert sum(int(np.prod(v.shape)) for v in loss.classifier.trainable_variables) == 4_652_008


def test_features_are_of_the_last_block_of_each_resolution(loss: EfficientNetLite0Loss) -> None:
    # Tan and Le 2019, table 1, stages 2, 3, 4 and 6: 1, 2, 2 and 3 + 3 blocks.
    assert FEATURE_LAYERS == ("block0", "block2", "block4", "block10")
    shapes = [tuple(map_.shape[1:]) for map_ in loss.features(sample("coffee.png", 64))]
    assert shapes == [(32, 32, 16), (16, 16, 24), (8, 8, 40), (4, 4, 112)]


def between(loss: EfficientNetLite0Loss, truth: Any, result: Any) -> Any:
    return loss.distance(loss.features(truth), loss.features(result))


def test_loss_by_hand(loss: EfficientNetLite0Loss) -> None:
    truth, result = sample("coffee.png", 64), sample("chelsea.png", 64)
    expected = []
    for name in FEATURE_LAYERS:
        features = keras.Model(loss.classifier.input, loss.classifier.get_layer(name).output)
        one, two = (np.asarray(features((x * 127.5 + 127.5 - 127) / 128)) for x in (truth, result))
        expected.append(((one - two) ** 2).mean() / (one**2).mean())
    assert float(between(loss, truth, result)) == pytest.approx(np.mean(expected), rel=1e-4)
    assert float(between(loss, truth, truth)) == 0


def test_the_loss_grows_with_blur_and_its_gradient_reaches_the_image(loss: EfficientNetLite0Loss) -> None:
    truth = tf.constant(sample("coffee.png", 96))
    blurred = [tf.nn.avg_pool2d(truth, size, 1, "SAME") for size in (1, 2, 4, 8)]
    losses = [float(between(loss, truth, image)) for image in blurred]
    assert losses == sorted(losses)
    with tf.GradientTape() as tape:
        tape.watch(blurred[2])
        value = between(loss, truth, blurred[2])
    assert float(tf.norm(tape.gradient(value, blurred[2]))) > 0


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        EfficientNetLite0Loss(str(tmp_path / "none.pth"))
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(SrganEdgeError, match=r"text\.pth: not weights"):
        EfficientNetLite0Loss(str(tmp_path / "text.pth"))
    cut = tmp_path / "cut.pth"
    cut.write_bytes(packaged_weights(LITE0).read_bytes()[:1_000_000])
    with pytest.raises(SrganEdgeError, match=r"cut\.pth: not weights"):
        EfficientNetLite0Loss(str(cut))


@pytest.mark.parametrize(("package", "depth"), [(LITE0, 1.0), (LITE1, 1.1)])
def test_a_damaged_file_of_a_package_is_refused(package: str, depth: float, tmp_path: Path) -> None:
    """Weights with a flipped bit are numbers all the same."""
    whole = packaged_weights(package)
    damaged = bytearray(whole.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / whole.name).write_bytes(damaged)
    with pytest.raises(SrganEdgeError, match="is damaged"):
        load_imagenet_weights(efficientnet_lite0(depth), tmp_path / whole.name)


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(SrganEdgeError, match="not the weights of efficientnet-lite1"):
        load_imagenet_weights(efficientnet_lite0(1.1), packaged_weights(LITE0))


def test_levels_weigh_the_layers(loss: EfficientNetLite0Loss) -> None:
    truth, result = (loss.features(sample(name, 64)) for name in ("coffee.png", "chelsea.png"))
    first, third = (float(tf.reduce_mean((truth[i] - result[i]) ** 2) / tf.reduce_mean(truth[i] ** 2)) for i in (0, 2))
    weighed = EfficientNetLite0Loss(levels=(1, 0, 2, 0)).distance(truth, result)
    assert float(weighed) == pytest.approx((first + 2 * third) / 3, rel=1e-5)


@pytest.mark.parametrize("levels", [(1, 1, 1), (0, 0, 0, 0), (1, 1, -1, 1)])
def test_levels_that_weigh_nothing_are_refused(levels: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match=r"perceptual\.lite0_levels: 4 weights"):
        EfficientNetLite0Loss(levels=levels)
