"""Every option of the smaller commands reaches where it acts, and changes nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import photo
from options import Case, changed, uncovered
from PIL import Image

from srgan_edge import Upscaler, evaluation, web
from srgan_edge.cli import (
    benchmark_command,
    doctor_command,
    evaluate_command,
    inspect_command,
    models_command,
    web_command,
)
from srgan_edge.cli.main import cli
from srgan_edge.runtime import benchmark, delegates

CASES = {
    "evaluate": [
        Case("--hr darker", {"psnr", "sets"}),
        Case("--lr low", {"psnr"}),
        Case("-m edge-s-x4", {"opened", "psnr", "models"}),
        Case("--threads 1", {"opened"}, "-m edge-s-x4"),
        Case("--channel rgb", {"psnr", "channel"}),
        Case("--json", {"json"}),
    ],
    "inspect": [
        Case("--tensors", {"text"}),
        Case("--target coral", {"text"}),
        Case("--target mediatek", {"text"}, "--target coral"),
        Case("--json", {"text", "json"}),
    ],
    "models": [
        Case("--json", {"text", "json"}),
        Case("--recipe train", {"text"}, "edge-m-real-x4-int8"),
        Case("--json", {"text", "json"}, "edge-s-x4-int8"),
    ],
    "doctor": [Case("--json", {"text", "json"})],
    "web": [
        Case("-o site", {"site"}),
        Case("-m edge-s-x4-int8", {"models"}, "-o site"),
        Case("--serve", {"served", "opened"}, "-o site"),
        Case("--port 8765", {"served", "opened"}, "-o site --serve"),
        Case("--json", {"json"}, "-o site"),
    ],
    "benchmark": [
        # Where the measurement is given it, and as what.
        Case("-m edge-s-x4", {"asked"}, "", (0, "edge-s-x4")),
        Case("--delegate cpu", {"asked"}, "", (1, "cpu")),
        Case("--threads 3", {"asked"}, "", (2, 3)),
        Case("--size 64x48", {"asked"}, "", (3, (64, 48))),
        Case("--runs 7", {"asked"}, "", (4, 7)),
        Case("--fp16", {"asked"}, "", (5, True)),
        Case("--delegate-option key=value", {"asked"}, "", (6, {"key": "value"})),
        Case("--input-range 0 1", {"asked"}, "", (7, (0.0, 1.0))),
        Case("--output-range -1 1", {"asked"}, "", (8, (-1.0, 1.0))),
        Case("--json", {"json"}),
    ],
}
SHOWN = {"--tensors": "tensor ", "--target coral": "coral's compiler", "--target mediatek": "mediatek's compiler"}
COMMANDS = {
    "evaluate": evaluate_command,
    "inspect": inspect_command,
    "models": models_command,
    "doctor": doctor_command,
    "web": web_command,
    "benchmark": benchmark_command,
}


@pytest.mark.parametrize("name", CASES)
def test_every_option_has_a_case(name: str) -> None:
    assert uncovered(COMMANDS[name].command, CASES[name]) == set()


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], dict[str, Any]]:
    """Run a command in a folder of photos; what it was asked for, and what it says."""
    monkeypatch.chdir(tmp_path)
    for folder, change in (("photos", 0), ("darker", 60), ("low", None)):
        (tmp_path / folder).mkdir()
        pixels = photo(64, 80)
        pixels = photo(16, 20, 3) if change is None else np.clip(pixels.astype(int) - change, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / folder / "a.png")

    def look(name: str, options: str) -> dict[str, Any]:
        seen: dict[str, Any] = {"asked": None, "served": None, "opened": [], "site": None, "models": None}

        def opened(model: str, **given: Any) -> Upscaler:
            seen["opened"].append((model, given))
            return Upscaler(model, delegate="cpu", threads=2)

        def measured(*asked: Any) -> benchmark.Speed:
            seen["asked"] = asked
            numbers = dict.fromkeys(benchmark.Speed._fields, 1.0)
            return benchmark.Speed(**{**numbers, "model": "m", "device": "d"})  # type: ignore[arg-type]

        def written(site: Path, models: Any, say: Any) -> None:
            seen["site"] = site if site == Path("site") else "of a moment"
            seen["models"] = [model.name for model in models]

        @contextmanager
        def serving(site: Path, port: int) -> Any:
            seen["served"] = port
            yield SimpleNamespace(server_port=port, serve_forever=lambda: None)

        monkeypatch.setattr(evaluation, "Upscaler", opened)
        monkeypatch.setattr(benchmark, "benchmark", measured)
        monkeypatch.setattr(delegates, "delegates", lambda: [delegates.Delegate("cpu", True, "x", False, "")])
        monkeypatch.setattr(web, "write_site", written)
        monkeypatch.setattr(web, "serving", serving)
        monkeypatch.setattr(web_command.webbrowser, "open", lambda address: seen["opened"].append(address))
        words = options.split()
        if name == "evaluate" and "--hr" not in words:
            words += ["--hr", "photos"]
        if name == "evaluate" and "-m" not in words:
            words += ["-m", "bicubic"]
        if name == "inspect":
            words.insert(0, "edge-s-x4")
        if name == "web" and not words:
            words = ["--serve"]
        wanted = [*words, *(["--json"] if name == "evaluate" and "--json" not in words else [])]
        done = CliRunner().invoke(cli, [name, *wanted], catch_exceptions=False)
        assert done.exit_code == 0
        seen["json"] = "--json" in words and json.loads(done.stdout) is not None
        seen["text"] = done.stdout if name in ("inspect", "models", "doctor") else None
        if name == "evaluate":
            rows = json.loads(done.stdout)
            for part in ("psnr", "set", "model", "channel"):
                seen[{"set": "sets", "model": "models"}.get(part, part)] = [row[part] for row in rows]
        return seen

    return look


@pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(name, case, id=f"{name} {case.context} {case.option}") for name in CASES for case in CASES[name]],
)
def test_an_option(name: str, case: Case, look: Callable[[str, str], dict[str, Any]]) -> None:
    before, after = look(name, case.context), look(name, f"{case.context} {case.option}")
    changes = changed(before, after)
    if case.option == "-o site":  # without it the site is a folder of a moment, and served
        changes -= {"served", "opened"}
    assert changes == case.changes
    if case.option.startswith(("--tensors", "--target")):
        assert SHOWN[case.option] in after["text"] and SHOWN[case.option] not in before["text"]
    if name == "benchmark" and case.value:
        place, value = case.value
        assert after["asked"] == (*before["asked"][:place], value, *before["asked"][place + 1 :])


def test_a_card_alone(look: Callable[[str, str], dict[str, Any]]) -> None:
    assert look("models", "")["text"].count("edge-s-x4-int8") == 1
    assert look("models", "edge-s-x4-int8")["text"].startswith("name: edge-s-x4-int8")
