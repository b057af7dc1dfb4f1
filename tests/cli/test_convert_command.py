"""What is said on the command line reaches the conversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from srgan_edge import convert
from srgan_edge.cli.convert_command import command
from srgan_edge.conversion import convert as convert_module
from srgan_edge.conversion.publish import Export
from srgan_edge.errors import SrganEdgeError, UsageError

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The arguments of the conversion, which is not done."""
    found: list[Any] = []

    def spy(*arguments: Any) -> list[Export]:
        found.extend(arguments)
        return [Export(Path("x-int8.tflite"), "int8", 1, 30.0, 30.0, 0.0, 0, True)]

    monkeypatch.setattr(convert_module, "convert", spy)
    monkeypatch.setattr(convert_module, "convert_foreign", spy)
    return found


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        (("--calibration", "photos"), "calibration", "photos"),
        (("--verify", "photos"), "verify", "photos"),
        (("--qat-steps", "7"), "qat_steps", 7),
        (("--tile", "96"), "tile", 96),
        (("--max-drop", "0.3"), "max_drop", 0.3),
        (("--io", "int8"), "io", "int8"),
        (("--fp16", "--dynamic"), "formats", ["fp16", "dynamic"]),
        (("--set", "min_gain=-2.5"), "min_gain", -2.5),
    ],
)
def test_of_a_run(options: tuple[str, ...], key: str, value: Any, asked: list[Any], tmp_path: Path) -> None:
    (tmp_path / "generator").mkdir()
    (tmp_path / "generator" / "generator.json").write_text("")
    done = CliRunner().invoke(command, [str(tmp_path), *options], catch_exceptions=False)
    assert done.exit_code == 0
    assert asked[0] == tmp_path
    assert getattr(asked[1], key) == value
    assert asked[2] == tmp_path / "exports"


@pytest.mark.parametrize(
    "options", [("--qat-steps", "7"), ("--set", "qat_steps=7"), ("--set", "batch=7"), ("--blend", "runs/a=0.5")]
)
def test_anothers_network_is_not_fine_tuned(options: tuple[str, ...], asked: list[Any], tmp_path: Path) -> None:
    (tmp_path / "other.keras").write_bytes(b"")
    done = CliRunner().invoke(command, [str(tmp_path / "other.keras"), *options])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).endswith(": a third-party network is only calibrated, not fine-tuned or mixed")
    assert not asked
    CliRunner().invoke(command, [str(tmp_path / "other.keras"), "--qat-steps", "0"], catch_exceptions=False)
    assert asked


@pytest.mark.parametrize(
    "changes", [{"qat_steps": 7}, ["qat_steps=7"], iter(["tile=48", "qat_steps=7"]), {"blend": {"runs/a": 0.5}}]
)
def test_nor_from_python(changes: Any, asked: list[Any], tmp_path: Path) -> None:
    (tmp_path / "other.keras").write_bytes(b"")
    with pytest.raises(UsageError, match="a third-party network is only calibrated, not fine-tuned or mixed"):
        convert(tmp_path / "other.keras", changes=changes)
    assert not asked
    convert(tmp_path / "other.keras", changes={"qat_steps": 0, "tile": 48})
    assert asked


def test_of_anothers_network(asked: list[Any], tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"")
    options = ["--input-range", "0", "1", "--output-range", "-1", "1", "--trust", "-o", str(tmp_path / "out")]
    CliRunner().invoke(command, [str(tmp_path / "saved_model.pb"), *options], catch_exceptions=False)
    path, ranges, _, out, _, trusted = asked
    assert (path, ranges, out, trusted) == (tmp_path, ((0.0, 1.0), (-1.0, 1.0)), tmp_path / "out", True)


@pytest.mark.parametrize("option", [("--trust",), ("--input-range", "0", "1"), ("--output-range", "0", "1")])
def test_of_a_run_that_is_ours(option: tuple[str, ...], tmp_path: Path, asked: list[Any]) -> None:
    with pytest.raises(SrganEdgeError, match="is for third-party networks, and"):
        CliRunner().invoke(command, [str(tmp_path), *option], catch_exceptions=False)
    assert not asked
