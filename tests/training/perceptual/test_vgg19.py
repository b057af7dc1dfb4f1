from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from srgan_edge.errors import UnknownNameError, UsageError
from srgan_edge.training.perceptual.vgg19 import CHANNELS, VGG19Loss

pytestmark = pytest.mark.tensorflow

Images = np.ndarray


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    """VGG19 with random weights and biases, and a file of them."""
    keras.utils.set_random_seed(0)
    model = keras.applications.VGG19(include_top=False, weights=None)
    random = np.random.default_rng(1)
    for layer in model.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, random.normal(0, 1, bias.shape)])
    path = tmp_path_factory.mktemp("vgg") / "vgg19.h5"
    model.save_weights(path)
    return model, str(path)


@pytest.fixture(scope="module")
def images() -> list[Images]:
    return list(np.random.default_rng(0).uniform(-1, 1, (2, 1, 32, 32, 3)).astype(np.float32))


def maps(vgg: Any, image: Images) -> dict[str, np.ndarray]:
    """Every convolution before ("conv") and after ("relu") its activation, layer by layer."""
    x, found = keras.applications.vgg19.preprocess_input((image + 1) * 127.5), {}
    for layer in vgg.layers[1:]:
        if isinstance(layer, keras.layers.Conv2D):
            name = layer.name[5] + "_" + layer.name[-1]
            before = np.asarray(tf.nn.conv2d(x, layer.kernel, 1, "SAME")) + np.asarray(layer.bias)
            x = np.maximum(before, 0)
            found["conv" + name], found["relu" + name] = before, x
        else:
            x = np.asarray(layer(x))
    return found


def test_the_papers_loss_by_hand(vgg: tuple[Any, str], images: list[Images]) -> None:
    model, path = vgg
    loss = VGG19Loss(path)
    truth, result = (maps(model, image)["relu5_4"] / 12.75 for image in images)
    expected = np.mean((truth - result) ** 2)
    assert expected > 0
    ours = [loss.features(image) for image in images]
    assert [x.shape[-1] for x in ours[0]] == list(CHANNELS["paper"])
    assert float(loss.distance(*ours)) == pytest.approx(expected, rel=1e-4)
    assert float(loss.distance(ours[0], ours[0])) == 0


def test_real_esrgans_loss_by_hand(vgg: tuple[Any, str], images: list[Images]) -> None:
    model, path = vgg
    loss = VGG19Loss(path, "real-esrgan")
    weights = {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1, "conv4_4": 1, "conv5_4": 1}
    truth, result = (maps(model, image) for image in images)
    assert min(truth["conv1_2"].min(), truth["conv5_4"].min()) < 0  # before the activation
    expected = sum(weight * np.abs(truth[name] - result[name]).mean() / 58 for name, weight in weights.items())
    ours = [loss.features(image) for image in images]
    assert [x.shape[-1] for x in ours[0]] == list(CHANNELS["real-esrgan"])
    assert float(loss.distance(*ours)) == pytest.approx(expected, rel=1e-4)
    assert float(loss.distance(ours[0], ours[0])) == 0


def test_its_gradient_reaches_the_image(vgg: tuple[Any, str], images: list[Images]) -> None:
    loss = VGG19Loss(vgg[1], "real-esrgan")
    truth, result = (tf.constant(image) for image in images)
    with tf.GradientTape() as tape:
        tape.watch(result)
        distance = loss.distance(loss.features(truth), loss.features(result))
    gradient = np.asarray(tape.gradient(distance, result))
    assert np.isfinite(gradient).all()
    assert gradient.any()


def test_it_needs_its_weights_and_a_known_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        VGG19Loss(str(tmp_path / "none.h5"))
    (tmp_path / "text.h5").write_text("no weights")
    with pytest.raises(UsageError, match="not weights of VGG19"):
        VGG19Loss(str(tmp_path / "text.h5"))
    with pytest.raises(UnknownNameError, match="did you mean 'real-esrgan'"):
        VGG19Loss(layers="real-esgran")
