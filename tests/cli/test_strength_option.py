from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner
from conftest import photo
from PIL import Image

from srgan_edge import Upscaler
from srgan_edge.cli.main import cli
from srgan_edge.errors import UsageError


def test_a_strength_reaches_the_pixels_and_is_told(tmp_path: Path) -> None:
    Image.fromarray(photo(30, 40)).save(tmp_path / "a.png")
    command = ["run", str(tmp_path / "a.png"), "-m", "edge-m-real-gan-x4", "--strength", "0.25"]
    done = CliRunner().invoke(cli, [*command, "-o", str(tmp_path / "quarter.png")])
    assert done.exit_code == 0, done.output
    assert "edge-m-real-gan-x4-int8 at strength 0.25" in done.output
    with Upscaler("edge-m-real-gan-x4", delegate="cpu", strength=0.25) as upscaler:
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "quarter.png")), upscaler(photo(30, 40)))


def test_what_a_strength_does_not_go_with(tmp_path: Path) -> None:
    Image.fromarray(photo(30, 40)).save(tmp_path / "a.png")
    for options, sentence in (
        (["-m", "edge-s-x4", "--strength", "0.5"], "has no edge-s-gan-x4-int8 beside it"),
        (["-m", "edge-m-real-x4", "--strength", "2"], "a strength is from 0 to 1, not 2"),
        (["--ray", "-m", "edge-m-real-x4", "--strength", "0.5"], "--ray: a --strength mixes two models"),
    ):
        done = CliRunner().invoke(cli, ["run", *options, str(tmp_path / "a.png"), "-o", str(tmp_path / "out")])
        assert isinstance(done.exception, UsageError)
        assert sentence in str(done.exception)
    assert not (tmp_path / "out").exists()
