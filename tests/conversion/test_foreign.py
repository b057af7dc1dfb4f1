"""Networks as others save them: Keras 2 and 3, .h5, .keras and SavedModel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras as keras3
import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras2
from conftest import photo

from srgan_edge import Upscaler
from srgan_edge.conversion.convert import convert_foreign
from srgan_edge.conversion.foreign import export_foreign, load_foreign
from srgan_edge.conversion.origin import find_foreign
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import GateFailedError, SrganEdgeError, UsageError
from srgan_edge.runtime import captured
from srgan_edge.runtime.ranges import Ranges
from srgan_edge.runtime.session import Session
from srgan_edge.training.data import loading

pytestmark = pytest.mark.tensorflow

TANH = Ranges((-1.0, 1.0))
UNIT = Ranges((0.0, 1.0))


def generator(keras: Any, side: int | None = None) -> Any:
    """A small SRGAN as it is mostly re-implemented: UpSampling2D, tanh, [-1, 1]; it blurs, with some noise."""
    layers = keras.layers
    inputs = keras.Input((side, side, 3))
    x = layers.Conv2D(16, 9, padding="same")(inputs)
    x = head = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same")(x))
    x = layers.Add()([x, head])
    for _ in range(2):
        x = layers.LeakyReLU()(layers.Conv2D(16, 3, padding="same")(layers.UpSampling2D(2)(x)))
    return keras.Model(inputs, layers.Conv2D(3, 9, padding="same", activation="tanh")(x))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    two, three = generator(keras2), generator(keras3)
    two.save(folder / "two.h5")
    two.save(folder / "two.keras")
    three.save(folder / "three.keras")
    three.save(folder / "three.h5")
    tf.saved_model.save(two, str(folder / "saved"))
    generator(keras2, 48).save(folder / "fixed.h5")
    return folder


@pytest.mark.parametrize("name", ["two.h5", "two.keras", "three.keras", "three.h5", "saved", "fixed.h5"])
def test_from_anywhere(
    name: str,
    saved: Path,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
) -> None:
    monkeypatch.setattr(captured, "_ours", True)  # as in the command
    assert find_foreign(saved / name) == saved / name
    settings = Conversion(
        tile=40, calibration=str(photos), calibration_batches=4, max_drop=0.5, min_gain=-99, formats=["int8", "float32"]
    )
    int8, full = convert_foreign(saved / name, TANH, settings, tmp_path, lambda text: None)
    assert "fully_quantize" not in capfd.readouterr().err
    assert not [warning for warning in recwarn if "quantized inputs" in str(warning.message)]
    card = json.loads(int8.path.with_suffix(".json").read_text())
    side = 48 if name == "fixed.h5" else 40
    # A 9x9 head and two 3x3, then a 3x3 at half and a 3x3 and the 9x9 tail at a quarter of a pixel.
    assert (card["scale"], card["tile"], card["overlap"], card["family"]) == (4, side, 7, "foreign")
    assert int8.float_ops == 0
    image = photo(side, side)
    expected = load_foreign(saved / name, TANH).in_bytes(image[None].astype(np.float32))[0].numpy()
    with Session(int8.path) as a, Session(full.path) as b:
        assert (a.io_dtype, b.io_dtype) == ("uint8", "float32")
        assert np.abs(b.run(image) - expected).max() < 1.01
        assert np.abs(a.run(image) - expected).mean() < 3
    assert (tmp_path / "report.html").is_file()


def test_refusals(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="black comes first"):
        load_foreign(saved / "two.h5", Ranges((1.0, 0.0)))
    (tmp_path / "broken.h5").write_bytes(b"nothing")
    with pytest.raises(SrganEdgeError, match=r"broken\.h5: cannot be loaded"):
        load_foreign(tmp_path / "broken.h5", UNIT)
    inputs = keras2.Input((None, None, 3))
    keras2.Model(inputs, keras2.layers.GlobalAveragePooling2D()(inputs)).save(tmp_path / "classifier.h5")
    with pytest.raises(UsageError, match="which is not an upscaled image"):
        load_foreign(tmp_path / "classifier.h5", UNIT)
    mean = keras2.layers.GlobalAveragePooling2D(keepdims=True)(inputs)
    keras2.Model(inputs, keras2.layers.Add()([inputs, mean])).save(tmp_path / "global.h5")
    with pytest.raises(UsageError, match="its receptive field is the whole image"):
        load_foreign(tmp_path / "global.h5", UNIT)


def repeated(keras: Any, factor: int = 2, policy: str = "float32") -> Any:
    """A network in [0, 1] that repeats pixels, through a convolution that changes nothing."""
    inputs = keras.Input((None, None, 3))
    layer = keras.layers.Conv2D(3, 1, dtype=policy, kernel_initializer=lambda *_, **__: np.eye(3)[None, None])
    made = layer(inputs)
    layer.kernel_initializer = "zeros"
    return keras.Model(inputs, keras.layers.UpSampling2D(factor, dtype=policy)(made))


def test_a_name_that_its_exports_can_have(tmp_path: Path) -> None:
    """As a browser names a second download; said before anything is calibrated."""
    repeated(keras2).save(tmp_path / "net (1).h5")
    (tmp_path / "net,1.h5").write_bytes((tmp_path / "net (1).h5").read_bytes())
    assert load_foreign(tmp_path / "net (1).h5", UNIT).name == "net (1)"
    with pytest.raises(UsageError, match=r"net,1\.h5: give it a name of letters, digits"):
        load_foreign(tmp_path / "net,1.h5", UNIT)


def test_calibration_photos_need_not_fit_into_memory(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "memory_allowed", lambda: 0)
    monkeypatch.setattr(loading, "_free", lambda folder: 0)
    monkeypatch.setattr(loading, "user_cache", lambda: tmp_path / "user-cache")
    repeated(keras2).save(tmp_path / "net.h5")
    settings = Conversion(tile=32, calibration=str(photos), calibration_batches=2, formats=["int8"], min_gain=-99)
    said: list[str] = []
    convert_foreign(tmp_path / "net.h5", UNIT, settings, tmp_path, said.append)
    assert [line for line in said if "each is decoded for every crop" in line]


def test_the_card_says_how_far_run_finds_that_it_looks(photos: Path, tmp_path: Path) -> None:
    """Also where what is far has next to no weight, as behind most of a network's layers."""
    inputs = x = keras2.Input((None, None, 3))
    identity = np.zeros((5, 5, 3, 3), np.float32)
    identity[2, 2] = np.eye(3)
    identity[0, 0] = 1e-3 * np.eye(3)
    layers = [keras2.layers.Conv2D(3, 5, padding="same", use_bias=False) for _ in range(3)]
    for layer in layers:
        x = layer(x)
    model = keras2.Model(inputs, keras2.layers.UpSampling2D(2)(x))
    for layer in layers:
        layer.set_weights([identity])
    model.save(tmp_path / "deep.keras")
    settings = Conversion(tile=32, calibration=str(photos), min_gain=-99, formats=["fp16"])
    (made,) = convert_foreign(tmp_path / "deep.keras", UNIT, settings, tmp_path / "out", lambda text: None)
    assert json.loads(made.path.with_suffix(".json").read_text())["overlap"] == 6
    with Upscaler(made.path) as upscaler:
        assert upscaler.overlap == 6


@pytest.mark.parametrize("name", ["mixed.keras", "UPPER.H5"])
def test_halves_and_capitals(name: str, tmp_path: Path) -> None:
    keras, policy = (keras3, "mixed_float16") if name == "mixed.keras" else (keras2, "mixed_float16")
    path = tmp_path / name
    model = repeated(keras, 2, policy)
    model.save(path, **({"save_format": "h5"} if keras is keras2 else {}))
    network = load_foreign(path, UNIT)
    assert (network.scale, network.overlap, network.dtype) == (2, 0, tf.float32)
    (tmp_path / "x.tflite").write_bytes(export_foreign(network, 32, "fp16", "uint8", []))
    image = photo(32, 32)
    with Session(tmp_path / "x.tflite") as session:
        assert np.abs(session.run(image).astype(int) - image.repeat(2, 0).repeat(2, 1)).max() <= 1


@pytest.mark.parametrize("dtype", [tf.uint8, tf.float16], ids=lambda t: t.name)
def test_saved_models_of_bytes_and_halves(dtype: Any, tmp_path: Path) -> None:
    kernel: Any = tf.Variable(tf.eye(3, dtype=tf.float16)[None, None])

    def network(image: Any) -> Any:
        x = tf.cast(image, tf.float16)
        x = tf.nn.conv2d(x, kernel, 1, "SAME")
        return {"large": tf.cast(tf.repeat(tf.repeat(x, 2, 1), 2, 2), dtype), "mean": tf.reduce_mean(x)}

    module: Any = tf.Module()
    module.kernel, module.f = kernel, tf.function(network, input_signature=[tf.TensorSpec((1, None, None, 3), dtype)])
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures={"serving_default": module.f})
    folder = find_foreign(tmp_path / "saved" / "saved_model.pb")
    assert folder is not None
    assert folder == tmp_path / "saved"
    if dtype == tf.float16:
        with pytest.raises(UsageError, match="give the values of black and white"):
            load_foreign(folder)
    loaded = load_foreign(folder, UNIT if dtype == tf.float16 else Ranges())
    assert loaded.input_range == loaded.output_range == ((0, 1) if dtype == tf.float16 else (0, 255))
    assert loaded.note == "of its 2 outputs the picture is taken"
    (tmp_path / "x.tflite").write_bytes(export_foreign(loaded, 32, "float32", "uint8", []))
    image = photo(32, 32)
    with Session(tmp_path / "x.tflite") as session:
        assert np.abs(session.run(image).astype(int) - image.repeat(2, 0).repeat(2, 1)).max() <= 1


def test_an_output_in_another_range(tmp_path: Path, photos: Path) -> None:
    """As in the SRGAN paper: LR in [0, 1], HR in [-1, 1]; INT8 is calibrated in the input's own range."""
    inputs = keras2.Input((None, None, 3))
    keras2.Model(inputs, keras2.layers.Rescaling(2.0, -1.0)(keras2.layers.UpSampling2D(2)(inputs))).save(
        tmp_path / "paper.h5"
    )
    ranges = Ranges((0.0, 1.0), (-1.0, 1.0))
    settings = Conversion(tile=32, calibration=str(photos), calibration_batches=2, formats=["int8", "float32"])
    settings = settings.model_copy(update={"min_gain": -9.0, "max_drop": 0.5})
    exports = convert_foreign(tmp_path / "paper.h5", ranges, settings, tmp_path / "out", lambda text: None)
    image = photo(32, 32)
    for export in exports:
        with Session(export.path) as session:
            assert np.abs(session.run(image).astype(int) - image.repeat(2, 0).repeat(2, 1)).max() <= 2
    with pytest.raises(GateFailedError, match=r"dB to bicubic enlargement's .* Of another's network check the ranges"):
        convert_foreign(tmp_path / "paper.h5", UNIT, settings, tmp_path / "wrong", lambda text: None)
    assert not list((tmp_path / "wrong").glob("*.tflite"))


@pytest.mark.parametrize(("side", "overlap"), [(None, 4), (32, 4), (34, 1)])
def test_tiles_begin_where_a_network_that_shrinks_steps(
    side: int | None, overlap: int, tmp_path: Path, photos: Path
) -> None:
    """Phones and the browser lay tiles by the card alone."""
    module: Any = tf.Module()
    module.kernel = tf.Variable(tf.random.normal((3, 3, 3, 3), stddev=0.1))

    def network(image: Any) -> Any:
        deep = tf.nn.conv2d(image, module.kernel, 4, "SAME")
        deep = tf.raw_ops.ResizeNearestNeighbor(images=deep, size=tf.shape(image)[1:3])
        return tf.nn.depth_to_space(tf.concat([image + 0.05 * tf.tanh(deep)] * 4, 3), 2)

    module.f = tf.function(network, input_signature=[tf.TensorSpec((1, side, side, 3), tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "coarse"), signatures={"serving_default": module.f})
    settings = Conversion(tile=32, calibration=str(photos), calibration_batches=2, formats=["float32"], min_gain=-9.0)
    said: list[str] = []
    (export,) = convert_foreign(tmp_path / "coarse", UNIT, settings, tmp_path / "out", said.append)
    card = json.loads(export.path.with_suffix(".json").read_text())
    assert (card["tile"], card["overlap"]) == (side or 32, overlap)
    with Upscaler(export.path, delegate="cpu", threads=1) as upscaler:
        assert (upscaler.overlap, bool(upscaler.notes)) == (overlap, side == 34)
    assert any("34 are no multiple: where tiles meet there may be seams" in line for line in said) == (side == 34)
    if side is None:
        settings = settings.model_copy(update={"tile": 30})
        with pytest.raises(
            UsageError, match="coarse: computes in steps of 16 pixels: use a multiple of it, as --tile 32"
        ):
            convert_foreign(tmp_path / "coarse", UNIT, settings, tmp_path / "out", lambda text: None)


def test_a_tile_that_a_network_does_not_take(tmp_path: Path) -> None:
    module: Any = tf.Module()
    signature = [tf.TensorSpec((1, None, None, 3), tf.float32)]
    module.f = tf.function(
        lambda x: tf.nn.depth_to_space(tf.concat([tf.nn.space_to_depth(x, 4)] * 4, 3), 8), input_signature=signature
    )
    tf.saved_model.save(module, str(tmp_path / "blocks"), signatures={"serving_default": module.f})
    network = load_foreign(tmp_path / "blocks", UNIT)
    with pytest.raises(SrganEdgeError, match=r"blocks: does not take tiles of 30x30: .*divisible by 4 but is 30"):
        export_foreign(network, 30, "float32", "uint8", [])


def test_calibration_spans_the_networks_own_range(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    class Converter:
        def __init__(self, *_: Any) -> None:
            self.target_spec = tf.lite.TargetSpec()

        def convert(self) -> bytes:
            given.extend(sample[0] for sample in self.representative_dataset())  # pyright: ignore
            raise ValueError("enough")

    network = load_foreign(saved / "fixed.h5", TANH)
    monkeypatch.setattr(tf.lite.TFLiteConverter, "from_concrete_functions", lambda *_: Converter())
    crops: list[Any] = [np.array([[[0.0, 255.0, 51.0]]], np.float32).repeat(48, 0).repeat(48, 1)]
    with pytest.raises(SrganEdgeError, match="cannot be converted to int8: enough"):
        export_foreign(network, 48, "int8", "uint8", crops)
    assert given[0][0, 0, 0].tolist() == pytest.approx([-1, 1, -0.6])


def test_what_to_do_is_said(tmp_path: Path) -> None:
    inputs = keras2.Input((None, None, 3))
    two = [keras2.layers.UpSampling2D(factor)(inputs) for factor in (2, 4)]
    keras2.Model(inputs, two).save(tmp_path / "two_outputs.h5")
    other = keras2.Input((1,))
    joined = keras2.layers.UpSampling2D(2)(keras2.layers.Multiply()([inputs, other]))
    keras2.Model([inputs, other], joined).save(tmp_path / "two_inputs.h5")
    repeated(keras2).save_weights(tmp_path / "weights.h5")
    for name, message in (
        ("two_outputs.h5", r"has 2 outputs that are pictures \(x2, x4\): save a model of one"),
        ("two_inputs.h5", r"takes 2 inputs \(input_\d+, input_\d+\), and a picture is one"),
        ("weights.h5", "holds weights alone, not the network"),
    ):
        with pytest.raises(SrganEdgeError, match=rf"{name}: {message}"):
            load_foreign(tmp_path / name, UNIT)
    with pytest.raises(UsageError, match="--input-range 0 nan: black comes first"):
        load_foreign(tmp_path / "two_outputs.h5", Ranges((0.0, float("nan"))))
