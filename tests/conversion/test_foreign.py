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

from srgan_edge.conversion.convert import convert_foreign
from srgan_edge.conversion.foreign import is_foreign, load_foreign
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.runtime.session import Session


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
def test_from_anywhere(name: str, saved: Path, photos: Path, tmp_path: Path) -> None:
    assert is_foreign(saved / name)
    settings = Conversion(
        tile=40, calibration=str(photos), calibration_batches=4, max_drop=0.5, formats=["int8", "float32"]
    )
    int8, full = convert_foreign(saved / name, (-1.0, 1.0), settings, tmp_path, lambda text: None)
    card = json.loads(int8.path.with_suffix(".json").read_text())
    side = 48 if name == "fixed.h5" else 40
    # A 9x9 head and two 3x3, then a 3x3 at half and a 3x3 and the 9x9 tail at a quarter of a pixel.
    assert (card["scale"], card["tile"], card["overlap"], card["family"]) == (4, side, 7, "foreign")
    assert int8.float_ops == 0
    image = photo(side, side)
    expected = load_foreign(saved / name, (-1.0, 1.0)).in_bytes(image[None].astype(np.float32))[0].numpy()
    with Session(int8.path) as a, Session(full.path) as b:
        assert (a.io_dtype, b.io_dtype) == ("uint8", "float32")
        assert np.abs(b.run(image) - expected).max() < 1.01
        assert np.abs(a.run(image) - expected).mean() < 3
    assert (tmp_path / "report.html").is_file()


def test_refusals(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="black comes first"):
        load_foreign(saved / "two.h5", (1.0, 0.0))
    (tmp_path / "broken.h5").write_bytes(b"nothing")
    with pytest.raises(SrganEdgeError, match=r"broken\.h5: cannot be loaded"):
        load_foreign(tmp_path / "broken.h5", (0.0, 1.0))
    inputs = keras2.Input((None, None, 3))
    keras2.Model(inputs, keras2.layers.GlobalAveragePooling2D()(inputs)).save(tmp_path / "classifier.h5")
    with pytest.raises(UsageError, match="which is no enlarged image"):
        load_foreign(tmp_path / "classifier.h5", (0.0, 1.0))
    mean = keras2.layers.GlobalAveragePooling2D(keepdims=True)(inputs)
    keras2.Model(inputs, keras2.layers.Add()([inputs, mean])).save(tmp_path / "global.h5")
    with pytest.raises(UsageError, match="depends on the whole image"):
        load_foreign(tmp_path / "global.h5", (0.0, 1.0))
