from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from srgan_edge.errors import UsageError
from srgan_edge.training import losses
from srgan_edge.training.discriminator import discriminator, projected_discriminator, projections
from srgan_edge.training.perceptual.vgg19 import VGG19Loss


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_adversarial_losses_by_hand() -> None:
    real, fake = np.array([[2.0], [-1.0]], np.float32), np.array([[0.5], [3.0]], np.float32)
    expected = np.mean(-np.log(sigmoid(fake)))
    assert float(losses.adversarial_loss(tf.constant(fake))) == pytest.approx(expected, rel=1e-6)
    expected = np.mean(-np.log(sigmoid(real))) + np.mean(-np.log(1 - sigmoid(fake)))
    assert float(losses.discriminator_loss(tf.constant(real), tf.constant(fake))) == pytest.approx(expected, rel=1e-6)


def test_label_smoothing_by_hand() -> None:
    real, fake = np.array([[2.0], [-1.0]], np.float32), np.array([[0.5], [3.0]], np.float32)
    target = 0.9
    cross = -target * np.log(sigmoid(real)) - (1 - target) * np.log(1 - sigmoid(real))
    expected = np.mean(cross) + np.mean(-np.log(1 - sigmoid(fake)))
    assert float(losses.discriminator_loss(real, fake, 0.1)) == pytest.approx(expected, rel=1e-6)


def test_adversarial_losses_do_not_overflow() -> None:
    logits = tf.constant([[-500.0], [500.0]])
    assert float(losses.adversarial_loss(logits)) == pytest.approx(250)
    assert float(losses.discriminator_loss(logits, logits)) == pytest.approx(500)


def test_pixel_losses_by_hand() -> None:
    one, two = np.random.default_rng(0).random((2, 2, 3, 3, 3)).astype(np.float32)
    assert float(losses.l1(one, two)) == pytest.approx(np.abs(one - two).mean())
    assert float(losses.mse(one, two)) == pytest.approx(((one - two) ** 2).mean())
    errors = ((one - two) ** 2).mean(axis=(1, 2, 3))
    assert float(losses.log_mse(one, two)) == pytest.approx(np.log(errors + 1e-4).mean())


def test_log_mse_has_each_image_weigh_by_its_own_error() -> None:
    truth = tf.zeros((2, 4, 4, 3))
    result = tf.stack([tf.fill((4, 4, 3), 0.5), tf.fill((4, 4, 3), 0.05)])
    with tf.GradientTape() as tape:
        tape.watch(result)
        loss = losses.log_mse(truth, result)
    large, small = np.abs(tf.convert_to_tensor(tape.gradient(loss, result))).mean(axis=(1, 2, 3))
    # d log(v^2 + c) / dv = 2 v / (v^2 + c): nearly 2 / v, where mean squared error has 2 v.
    assert small / large == pytest.approx((0.05 / (0.05**2 + 1e-4)) / (0.5 / (0.5**2 + 1e-4)), rel=1e-4)


def test_rounding_loss_is_what_log_mse_grows_by() -> None:
    random = np.random.default_rng(0)
    truth, wrong, noise = random.normal(size=(3, 2, 64, 64, 3)).astype(np.float32)
    wanted = truth + 0.1 * wrong
    result = wanted + 0.002 * noise
    for luma in (0.0, 0.75):
        grown = losses.rounding_loss(truth, wanted, result, luma)
        log_mse = losses.pixel_loss("log_mse", luma)
        # A 50th of the error, with nothing in common with it; what they have by chance comes and goes with its sign.
        opposite = wanted - 0.002 * noise
        mean = (float(log_mse(truth, result)) + float(log_mse(truth, opposite))) / 2
        assert float(grown) == pytest.approx(mean - float(log_mse(truth, wanted)), rel=0.02)
    assert float(losses.rounding_loss(truth, wanted, wanted, 0.75)) == 0


def test_luma_loss_by_hand() -> None:
    one, two = np.random.default_rng(0).random((2, 2, 3, 3, 3)).astype(np.float32)
    luma = (one - two) @ np.array([0.299, 0.587, 0.114])
    expected = 0.25 * ((one - two) ** 2).mean() + 0.75 * (luma**2).mean()
    assert float(losses.pixel_loss("mse", 0.75)(one, two)) == pytest.approx(expected)
    assert float(losses.pixel_loss("l1", 1.0)(one, two)) == pytest.approx(np.abs(luma).mean())
    assert losses.pixel_loss("l1") is losses.l1


def test_discriminator_is_the_papers() -> None:
    # Ledig et al. 2017, figure 4, on 96x96: 6x6x512 = 18432 values enter the first dense layer.
    filters = [64, 64, 128, 128, 256, 256, 512, 512]
    chain = [3, *filters]
    convolutions = sum(9 * a * b for a, b in pairwise(chain)) + 64
    batch_norms = 4 * sum(filters[1:])
    dense = 18432 * 1024 + 1024 + 1024 + 1
    model = discriminator(96)
    assert model.count_params() == convolutions + batch_norms + dense
    assert model(np.zeros((2, 96, 96, 3), np.float32)).shape == (2, 1)


def test_pooled_head_takes_any_size() -> None:
    model = discriminator(None, "pooled")
    for side in (32, 80):
        assert model(np.zeros((2, side, side, 3), np.float32)).shape == (2, 1)
    dense = 512 * 1024 + 1024 + 1024 + 1
    assert sum(layer.count_params() for layer in model.layers if "conv" not in layer.name) == dense


def test_the_discriminators_width_is_that_of_its_first_convolution() -> None:
    model = discriminator(None, "pooled", 32)
    assert [model.get_layer(name).output.shape[-1] for name in ("conv1", "conv8")] == [32, 256]


def test_a_projected_discriminator_judges_every_place_of_detail_and_features() -> None:
    model = projected_discriminator((16, 24), 8)
    image = np.random.default_rng(0).uniform(-1, 1, (2, 32, 48, 3)).astype(np.float32)
    maps = [np.ones((2, 16, 24, 16), np.float32), np.ones((2, 8, 12, 24), np.float32)]
    assert [tuple(x.shape) for x in model(projections(image, maps))] == [(2, 8, 12, 1), (2, 16, 24, 1), (2, 8, 12, 1)]
    moved = image.copy()
    moved[:, :4, :4] += 0.5
    same = np.asarray(model(projections(image, maps))[0] == model(projections(moved, maps))[0])
    # 28 pixels and the blur's 9: nothing that is further away.
    assert not same[:, 0, 0].any()
    assert same[:, 6:, 6:].all()


def test_projections_by_hand() -> None:
    image = np.random.default_rng(0).uniform(-1, 1, (1, 17, 17, 3)).astype(np.float32)
    features = np.random.default_rng(1).normal(0, 20, (1, 4, 4, 16)).astype(np.float32)
    detail, unit = (np.asarray(x) for x in projections(image, [features]))
    assert detail[0, 8, 8] == pytest.approx(4 * (image[0, 8, 8] - image[0, 4:13, 4:13].mean(axis=(0, 1))), abs=1e-5)
    assert np.asarray(projections(image + 0.2, [])[0]) == pytest.approx(detail, abs=1e-5)
    assert unit == pytest.approx(features / np.sqrt((features**2).mean(axis=-1, keepdims=True)), rel=1e-4)


def test_content_loss_by_hand(tmp_path) -> None:
    """VGG19 with random weights: its preprocessing, its layer and the scale are checked by hand in NumPy."""
    import tf_keras as keras

    keras.utils.set_random_seed(0)
    vgg = keras.applications.VGG19(include_top=False, weights=None)
    path = tmp_path / "vgg19.h5"
    vgg.save_weights(path)
    content_loss = VGG19Loss(str(path))
    truth, result = np.random.default_rng(0).uniform(-1, 1, (2, 1, 32, 32, 3)).astype(np.float32)

    def features(image: np.ndarray) -> np.ndarray:
        x = keras.applications.vgg19.preprocess_input((image + 1) * 127.5)
        last = vgg.get_layer("block5_conv4")
        assert last.activation is keras.activations.relu
        for layer in vgg.layers[1 : vgg.layers.index(last) + 1]:
            x = layer(x)
        return np.asarray(x) / 12.75

    expected = np.mean((features(truth) - features(result)) ** 2)
    assert expected > 0
    ours = content_loss.features(truth), content_loss.features(result)
    assert float(content_loss.distance(*ours)) == pytest.approx(expected, rel=1e-4)
    assert float(content_loss.distance(ours[0], ours[0])) == 0


def test_content_loss_needs_its_weights(tmp_path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        VGG19Loss(str(tmp_path / "none.h5"))
    (tmp_path / "text.h5").write_text("no weights")
    with pytest.raises(UsageError, match="not weights of VGG19"):
        VGG19Loss(str(tmp_path / "text.h5"))
