"""Another's files run nothing of theirs: each payload would make a file."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import keras as keras3
import pytest
import tensorflow as tf
import tf_keras as keras2

from srgan_edge.conversion.foreign_files import load
from srgan_edge.conversion.trust import check_saved_model, checked_config
from srgan_edge.errors import SrganEdgeError

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "ran"


def lambda_model(keras: Any, mark: Path) -> Any:
    inputs = keras.Input((8, 8, 3))
    code = compile(f"lambda x: (open({str(mark)!r}, 'w'), x)[1]", "<x>", "eval")
    outputs = keras.layers.Lambda(eval(code), output_shape=(8, 8, 3))(inputs)
    model = keras.Model(inputs, outputs)
    mark.unlink(missing_ok=True)
    return model


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("keras", [keras2, keras3], ids=["keras2", "keras3"])
def test_a_lambda_is_refused_and_trusted_on_request(keras: Any, suffix: str, mark: Path, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    lambda_model(keras, mark).save(path)
    mark.unlink(missing_ok=True)
    with pytest.raises(SrganEdgeError, match=r"its layer lambda\w* holds Python code of its own: export a SavedModel"):
        load(path, False)
    assert not mark.exists()
    loaded = load(path, True)
    loaded.function(tf.zeros((1, 8, 8, 3)))
    assert mark.exists()


@pytest.mark.parametrize(
    "function", ["io.write_file", "io.read_file", "py_function", "numpy_function", "raw_ops.WriteFile"]
)
def test_a_function_that_does_more_than_compute(function: str, mark: Path, tmp_path: Path) -> None:
    """.keras files may name any of TensorFlow's, which runs while the file is loaded, safe_mode or not."""
    path = tmp_path / "x.keras"
    inputs = keras2.Input((8, 8, 3))
    keras2.Model(inputs, keras2.layers.ReLU()(tf.nn.relu(inputs))).save(path)
    load(path, False)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    config = json.loads(parts["config.json"])
    (layer,) = (found for found in config["config"]["layers"] if found["class_name"] == "TFOpLambda")
    layer["config"]["function"] = function
    layer["inbound_nodes"] = [["_CONSTANT_VALUE", -1, str(mark), {"contents": "what the file wants"}]]
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    with pytest.raises(SrganEdgeError, match=rf"calls tf\.{function}, which may do more than compute"):
        load(path, False)
    assert not mark.exists()


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Evil", "config": {}},
        {"class_name": "Conv2D", "module": "os", "config": {}},
        {"class_name": "Conv2D", "module": "kerasx.layers", "config": {}},
        {"class_name": "Conv2D", "registered_name": "Evil>Conv2D", "config": {}},
        {"class_name": "function", "module": "os", "config": "relu"},
        {"class_name": "function", "module": "builtins", "config": "exec"},
        {"class_name": "Conv2D", "config": {"activation": "serialize"}},
        {"class_name": "Conv2D", "config": {"activation": {"class_name": "function", "config": "system"}}},
        {"class_name": "TFSMLayer", "module": "keras.layers", "config": {"filepath": "x"}},
        {"class_name": "run", "module": "keras.src.ops.numpy", "config": {}},
        {"class_name": "Add", "module": "keras.src.ops.numpy.os", "registered_name": "x", "config": {}},
        {"class_name": "SlicingOpLambda", "config": {"function": "io.write_file"}},
        {"class_name": "Functional", "config": {"layers": [{"class_name": "StringLookup", "config": {}}]}},
    ],
    ids=range(13),
)
def test_what_a_configuration_may_not_name(config: dict[str, Any]) -> None:
    with pytest.raises(SrganEdgeError, match=r"^x\.h5: "):
        checked_config(config, Path("x.h5"), False)
    checked_config(config, Path("x.h5"), True)


def test_a_configuration_in_float32_and_without_training() -> None:
    config = {"class_name": "Conv2D", "compile_config": {"optimizer": "x"}, "config": {"dtype": "mixed_float16"}}
    config["config"]["activation"] = {"class_name": "function", "module": "builtins", "config": "relu"}
    found = checked_config(config, Path("x.h5"), False)
    assert found["config"]["dtype"] == "float32"
    assert "compile_config" not in found


def saved(folder: Path, network: Any, **more: Any) -> Path:
    module: Any = tf.Module()
    module.f = tf.function(network, input_signature=[tf.TensorSpec((1, None, None, 3), tf.float32)])
    for name, value in more.items():
        setattr(module, name, value)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.f})
    return folder


def test_a_saved_model_that_writes_files(mark: Path, tmp_path: Path) -> None:
    def network(image: Any) -> Any:
        def write() -> Any:
            with tf.control_dependencies([tf.io.write_file(str(mark), "x")]):
                return tf.identity(image)

        # Inside a branch of a function that the signature calls.
        return {"y": tf.cond(tf.reduce_max(image) > -1, write, lambda: image)}

    folder = saved(tmp_path / "saved", network)
    mark.unlink(missing_ok=True)
    with pytest.raises(SrganEdgeError, match="its operator WriteFile is not one of those that a network computes with"):
        load(folder, False)
    assert not mark.exists()
    load(folder, True).function(tf.zeros((1, 8, 8, 3)))
    assert mark.exists()


def test_a_saved_model_that_reads_a_table(tmp_path: Path) -> None:
    initializer = tf.lookup.KeyValueTensorInitializer([0], [1.0], tf.int64, tf.float32)
    table = tf.lookup.StaticHashTable(initializer, 0.0)
    folder = saved(tmp_path / "saved", lambda x: {"y": x + table.lookup(tf.constant([0], tf.int64))}, table=table)
    with pytest.raises(SrganEdgeError, match="holds a resource, which is made by code while it is loaded"):
        load(folder, False)


def test_a_saved_model_of_tensorflow_1(tmp_path: Path, mark: Path) -> None:
    """Its graph is run as it is: the signature's part of it, and what initialises it."""
    v1 = tf.compat.v1
    for name in ("good", "bad"):
        with v1.Graph().as_default(), v1.Session() as session:
            image = v1.placeholder(tf.float32, (1, None, None, 3))
            kernel = v1.get_variable("kernel", initializer=tf.eye(3)[None, None])
            large = tf.nn.conv2d(image, kernel, 1, "SAME")
            session.run(v1.global_variables_initializer())
            write = tf.io.write_file(str(mark), "x")
            v1.saved_model.simple_save(
                session,
                str(tmp_path / name),
                {"image": image},
                {"large": large},
                legacy_init_op=write if name == "bad" else None,
            )
    check_saved_model(tmp_path / "good")
    assert load(tmp_path / "good", False).function(tf.zeros((1, 8, 8, 3)))
    with pytest.raises(SrganEdgeError, match="its operator WriteFile"):
        load(tmp_path / "bad", False)
    assert not mark.exists()


def test_no_saved_model(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"words")
    with pytest.raises(SrganEdgeError, match=r"saved_model\.pb cannot be read"):
        check_saved_model(tmp_path)
