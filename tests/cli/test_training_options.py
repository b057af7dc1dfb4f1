"""Every option of `train`, `convert` and `demo` reaches where it acts, and changes nothing else.

What the keys of recipes do, tests/training/test_recipe_keys.py and tests/conversion/test_conversion_keys.py show.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from options import Case, changed, uncovered

from srgan_edge import demo as demo_module
from srgan_edge.cli import convert_command, demo_command, train_command
from srgan_edge.cli.main import cli
from srgan_edge.conversion import convert as convert_module
from srgan_edge.conversion.publish import Export
from srgan_edge.imaging.metrics import Score
from srgan_edge.training import claim, loop

pytestmark = pytest.mark.tensorflow

FOREIGN = "other.keras"

CASES = {
    "train": [
        Case("--recipe edge-s", {"recipe", "out"}),
        Case("--data photos", {"recipe"}, "", ("data.source", "photos")),
        Case("--out elsewhere", {"out"}, "", ("out", "elsewhere")),
        Case("--set pretrain.steps=7", {"recipe"}, "", ("pretrain.steps", 7)),
        Case("--resume", {"resume"}, "--out begun"),
        Case("--dry-run", {"trained"}),
        Case("--json", {"json"}),
    ],
    "convert": [
        *(Case(f"--{name}", {"formats"}, "--recipe both.toml") for name in ("int8", "fp16", "float32", "dynamic")),
        Case("--io int8", {"io"}, "", ("io", "int8")),
        Case("--input-range 0 1", {"ranges"}, FOREIGN, ("ranges", ((0.0, 1.0), None))),
        Case("--output-range -1 1", {"ranges"}, FOREIGN, ("ranges", (None, (-1.0, 1.0)))),
        Case("--trust", {"trusted"}, FOREIGN, ("trusted", True)),
        Case("--recipe mine.toml", {"batch", "note"}, "", ("batch", 3)),
        Case("--set batch=5", {"batch"}, "", ("batch", 5)),
        Case("--qat-steps 7", {"qat_steps"}, "", ("qat_steps", 7)),
        Case("--calibration photos", {"calibration"}, "", ("calibration", "photos")),
        Case("--calibration photos", {"calibration"}, FOREIGN, ("calibration", "photos")),
        Case("--tile 96", {"tile"}, "", ("tile", 96)),
        Case("--verify photos", {"verify"}, "", ("verify", "photos")),
        Case("--max-drop 0.3", {"max_drop"}, "", ("max_drop", 0.3)),
        Case("--npu SM8650", {"npu"}, "", ("npu", ["SM8650"])),
        Case("--onnx", {"onnx"}, "", ("onnx", True)),
        Case("--transpose-conv", {"transpose_conv"}, "", ("transpose_conv", True)),
        Case("--blend runs/b=0.25", {"blend"}, "", ("blend", {"runs/b": 0.25})),
        Case("-o elsewhere", {"out"}, "", ("out", "elsewhere")),
        Case("-o elsewhere", {"out"}, FOREIGN, ("out", "elsewhere")),
        Case("--json", {"json"}),
    ],
    "demo": [
        Case("-o elsewhere", {"out"}, "", ("out", "elsewhere")),
        Case("--steps 7", {"steps"}, "", ("steps", 7)),
        Case("--json", {"json"}),
    ],
}
COMMANDS = {"train": train_command, "convert": convert_command, "demo": demo_command}


@pytest.mark.parametrize("name", CASES)
def test_every_option_has_a_case(name: str) -> None:
    assert uncovered(COMMANDS[name].command, CASES[name]) == set()


Look = Callable[[str, str], dict[str, Any]]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Run a command whose work is not done; what it was asked for."""
    monkeypatch.chdir(tmp_path)
    for folder in ("run", "begun", "photos"):
        (tmp_path / folder).mkdir()
    (tmp_path / FOREIGN).write_bytes(b"")
    (tmp_path / "mine.toml").write_text("batch = 3\n")
    (tmp_path / "both.toml").write_text('formats = ["int8", "fp16", "float32", "dynamic"]\n')
    export = Export(Path("x-int8.tflite"), "int8", 1, 30.0, 30.0, 0.0, 0, True)

    def look(name: str, options: str) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        def trainer(recipe: Any, out: Path, resume: bool, report: Any) -> Any:
            seen.update(recipe=recipe.model_dump(exclude={"name"}), out=str(out), resume=resume, trained=True)
            score = Score(30.0, 0.9)
            return SimpleNamespace(run=lambda: loop.Outcome(1, True, score, score, None))

        def dry(recipe: Any, out: Path, *rest: Any) -> None:
            seen.update(recipe=recipe.model_dump(exclude={"name"}), out=str(out), resume=False, trained=False)

        def converted(run: Path, settings: Any, out: Path, *rest: Any) -> list[Export]:
            seen.update(settings.model_dump(), run=str(run), out=str(out))
            return [export]

        def foreign(run: Path, ranges: Any, settings: Any, out: Path, say: Any, trusted: bool) -> list[Export]:
            seen.update(settings.model_dump(), run=str(run), out=str(out), ranges=tuple(ranges), trusted=trusted)
            return [export]

        def demo(out: Path, steps: int | None, *rest: Any) -> demo_module.Demo:
            seen.update(out=str(out), steps=steps)
            return demo_module.Demo(out / "page.html", [export], [{"model": "m", "images": []}])

        monkeypatch.setattr(loop, "Trainer", trainer)
        monkeypatch.setattr(claim, "check_request", lambda recipe, out, resume: None)
        monkeypatch.setattr(train_command, "_dry_run", dry)
        monkeypatch.setattr(convert_module, "convert", converted)
        monkeypatch.setattr(convert_module, "convert_foreign", foreign)
        monkeypatch.setattr(convert_module, "targets_of", lambda settings: [])
        monkeypatch.setattr(demo_module, "demo", demo)
        words = options.split()
        if name == "convert" and FOREIGN not in words:
            words.insert(0, "run")
        if name == "train" and "begun" in words and "--resume" not in words:
            words += ["--recipe", "begun/recipe.toml"]
        if name == "train":
            from srgan_edge import recipes
            from srgan_edge.training.recipe import Recipe

            recipes.save(recipes.load(Recipe, "train", "edge-m", ()), tmp_path / "begun" / "recipe.toml")
        done = CliRunner().invoke(cli, [name, *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        seen["json"] = "--json" in words and json.loads(done.stdout) is not None
        return seen

    return look


@pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(name, case, id=f"{name} {case.context} {case.option}") for name in CASES for case in CASES[name]],
)
def test_an_option(name: str, case: Case, look: Look) -> None:
    before, after = look(name, case.context), look(name, f"{case.context} {case.option}")
    assert changed(before, after) == case.changes
    if case.value:
        key, value = case.value
        found: Any = {**after, **after.get("recipe", {})}
        for part in key.split("."):
            found = found[part]
        assert found == value
    if case.changes == {"formats"}:
        assert after["formats"] == [case.name.removeprefix("--")]


def test_formats_are_in_the_order_given(look: Look) -> None:
    assert look("convert", "--fp16 --dynamic")["formats"] == ["fp16", "dynamic"]


def test_the_folder_of_the_exports(look: Look) -> None:
    assert look("convert", "")["out"] == "run/exports"
    assert look("convert", FOREIGN)["out"] == "other-exports"
    assert (look("train", "")["out"], look("train", "--recipe edge-s")["out"]) == ("runs/sample", "runs/edge-s-x4")
