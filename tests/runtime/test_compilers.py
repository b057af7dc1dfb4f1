from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from srgan_edge.cli.inspect_command import command
from srgan_edge.errors import UnknownNameError
from srgan_edge.models import find_model
from srgan_edge.runtime.compilers import COMPILERS, lacking
from srgan_edge.runtime.flatbuffer import graph_of


@pytest.mark.parametrize("target", sorted(COMPILERS))
def test_what_a_compiler_lacks_of_a_bundled_model(target: str) -> None:
    verdict = lacking(graph_of(find_model("edge-m-x4-int8")), target)
    assert {entry["op"] for entry in verdict["lacking"]} == (set() if target == "intel" else {"DEPTH_TO_SPACE"})
    assert verdict["ok"] is (target == "intel")


def test_coral_takes_integers_alone() -> None:
    graph = graph_of(find_model("edge-m-x4-fp16"))
    reasons = {entry["op"]: entry["reason"] for entry in lacking(graph, "coral")["lacking"]}
    assert reasons["CONV_2D"] == "the compiler takes integers alone"
    assert {entry["op"] for entry in lacking(graph, "mediatek")["lacking"]} == {"DEPTH_TO_SPACE"}


def test_the_command() -> None:
    done = CliRunner().invoke(command, ["edge-m-x4", "--target", "mediatek", "--target", "intel"])
    assert (
        "mediatek's compiler, by its list: lacks\n  1 DEPTH_TO_SPACE: the compiler has no such operator; "
        "convert --transpose-conv writes it as one that it has" in done.stdout
    )
    assert "intel's compiler, by its list: takes every operator" in done.stdout
    done = CliRunner().invoke(command, ["edge-m-x4", "--target", "coral", "--json"])
    assert json.loads(done.stdout)["targets"]["coral"]["lacking"][0]["count"] == 1
    with pytest.raises(UnknownNameError, match="unknown target 'mediatec': did you mean 'mediatek'"):
        CliRunner().invoke(command, ["edge-m-x4", "--target", "mediatec"], catch_exceptions=False)
