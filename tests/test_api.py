"""The public functions: what they promise, and that the commands say no more than they do."""

from __future__ import annotations

import inspect
import io
import subprocess
import sys
from pathlib import Path
from typing import Any, cast, get_type_hints

import numpy as np
import pytest
from conftest import photo
from PIL import Image

import srgan_edge
from srgan_edge import Upscaler
from srgan_edge.errors import UnknownNameError, UnreadableImageError, UsageError
from srgan_edge.imaging.images import Picture

PUBLIC = [name for name in srgan_edge.__all__ if name != "__version__"]
CALLED = [*PUBLIC, "Upscaler.__call__", "Upscaler.upscale", "Upscaler.strips"]


def called(name: str) -> Any:
    found: Any = srgan_edge
    for part in name.split("."):
        found = getattr(found, part)
    return found


def parameters(name: str) -> list[inspect.Parameter]:
    function = called(name)
    found = inspect.signature(function.__init__ if inspect.isclass(function) else function).parameters.values()
    return [p for p in found if p.name != "self"]


@pytest.mark.parametrize("name", PUBLIC)
def test_all_but_the_first_argument_are_named_and_every_one_has_a_type(name: str) -> None:
    first, *others = parameters(name)
    assert first.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert {p.kind for p in others} == {inspect.Parameter.KEYWORD_ONLY}
    assert all(p.annotation is not inspect.Parameter.empty for p in (first, *others))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_argument_is_documented_and_there_is_an_example(name: str) -> None:
    function = called(name)
    documented = [inspect.getdoc(function) or ""]
    if inspect.isclass(function):
        documented.append(inspect.getdoc(function.__init__) or "")
    text = "\n".join(documented)
    missing = [p.name for p in parameters(name) if f"    {p.name}: " not in text]
    assert missing == []
    assert "Raises:" in text
    # An indented line of code before the arguments.
    assert f"    {'with ' if name == 'Upscaler' else ''}" in text
    assert f"{name}(" in text


@pytest.mark.parametrize("name", CALLED)
def test_types_can_be_resolved(name: str) -> None:
    function = called(name)
    assert inspect.signature(function.__init__ if inspect.isclass(function) else function)
    if name in ("inspect", "evaluate", "Upscaler"):  # the others name classes of TensorFlow's extras
        assert get_type_hints(function.__init__ if inspect.isclass(function) else function)


def test_importing_the_names_needs_no_tensorflow() -> None:
    code = f"""
import sys
from srgan_edge import {", ".join(PUBLIC)}
assert not [m for m in sys.modules if m.split(".")[0] in ("tensorflow", "tf_keras", "pydantic", "rich", "click")]
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'upscale'"):
        srgan_edge.upscale  # noqa: B018


def test_a_photo_by_path_bytes_or_file(tmp_path: Path) -> None:
    Image.fromarray(photo(20, 30)).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    with Upscaler("edge-s-x4", threads=1) as upscaler:
        wanted = upscaler(photo(20, 30))
        for source in (tmp_path / "a.png", str(tmp_path / "a.png"), content, io.BytesIO(content)):
            made = upscaler(source)
            assert isinstance(made, Image.Image)
            np.testing.assert_array_equal(np.asarray(made), wanted)
        with pytest.raises(UnreadableImageError, match="bytes: not a photo"):
            upscaler(b"no photo")
        with pytest.raises(UnreadableImageError, match="no such file"):
            upscaler("none.png")
        with pytest.raises(UsageError, match="an image is uint8 of shape"):
            upscaler(cast("Any", np.zeros((4, 4, 3), np.float32)))
        with pytest.raises(UsageError, match="a Picture's pixels are uint8, not float32"):
            upscaler.upscale(Picture(cast("Any", np.zeros((4, 4, 3), np.float32))))


def test_changes_are_values_or_lines() -> None:
    pytest.importorskip("pydantic")
    from srgan_edge.api import training_recipe

    by_value = training_recipe("edge-m", changes={"pretrain.steps": 7, "data.source": Path("photos")})
    by_line = training_recipe("edge-m", changes=["pretrain.steps=7"], data="photos")
    assert by_value == by_line
    assert (by_line.pretrain.steps, by_line.data.source) == (7, "photos")
    assert training_recipe().name == training_recipe("sample").name
    with pytest.raises(UsageError, match=r"--set pretrain\.steps=many: pretrain\.steps = 'many'"):
        training_recipe(changes={"pretrain.steps": "many"})
    with pytest.raises(UnknownNameError, match=r"pretrain\.stepz.*did you mean 'pretrain\.steps'"):
        training_recipe(changes={"pretrain.stepz": 1})
    with pytest.raises(UsageError, match="a Recipe takes no data and changes"):
        training_recipe(by_line, data="photos")
    with pytest.raises(UsageError, match="--resume takes the run folder"):
        training_recipe("edge-m", resume=True)


def test_what_is_inside_a_model() -> None:
    found = srgan_edge.inspect("edge-s-x4", targets=["coral"])
    assert found["float_ops"] == 0
    assert found["card"]["name"] == "edge-s-x4-int8"
    assert set(found["targets"]) == {"coral"}
