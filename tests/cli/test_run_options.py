"""Every option of `run` reaches where it acts, and changes nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import photo
from options import Case, changed, uncovered
from PIL import Image

from srgan_edge import Upscaler
from srgan_edge.cli.main import cli
from srgan_edge.cli.run_command import command
from srgan_edge.runtime import camera, cluster, upscaler
from srgan_edge.runtime.pipeline import FileOutcome

MODEL = "-m edge-s-x4-int8"

RESULTS = {"names", "formats", "sizes", "bytes"}
RAY = "--ray --skip-existing"

CASES = [
    Case("-o out", {"names", "there", "exit"}),
    Case("-m edge-m-x4-int8", {"opened", "bytes"}),
    Case("--delegate gpu", {"opened"}),
    Case("--threads 3", {"opened"}),
    Case("--fp16", {"opened"}),
    Case("--delegate-option key=value", {"opened"}),
    Case("--input-range 0 1", {"opened"}),
    Case("--output-range -1 1", {"opened"}),
    Case("--strength 0.5", {"opened"}),
    Case("--scale 2", {"names", "sizes", "bytes", "there", "exit"}),
    Case("--format webp", {"names", "formats", "bytes", "there", "exit"}),
    Case("--quality 20", {"bytes"}),
    Case("--max-megapixels 1", {*RESULTS, "exit"}, "large.png"),
    Case("--recursive", RESULTS),
    Case("--skip-existing", {"exit"}),
    Case("--overwrite", {"there", "exit"}),
    Case("--camera 0", {"camera", "there", *RESULTS}, "--overwrite", ("view", "0", 95)),
    Case("--headless -o frames", {"camera"}, "--camera 0", ("record", "frames", 95)),
    Case("--quality 20", {"camera"}, "--camera 0 --headless -o frames", ("record", "frames", 20)),
    Case("--ray", {"ray", "opened", *RESULTS}, "--skip-existing"),
    Case("--json", {"stdout"}),
    *(Case(option, {"ray"}, RAY) for option in ("-o out", "--threads 3", "--scale 2", "--format webp", "--quality 20")),
    *(Case(option, {"ray"}, RAY) for option in ("--max-megapixels 1", "--recursive", "--ray head:6379")),
    Case("--skip-existing", {"exit"}, "--ray"),
    Case("--overwrite", {"ray", "exit"}, "--ray"),
    Case("-m edge-m-x4-int8", {"ray", "opened"}, RAY),
]


def test_every_option_has_a_case() -> None:
    assert uncovered(command, CASES) == set()


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """Run the command in a folder of its own; what it was asked for, and what it wrote."""

    def look(options: str) -> dict[str, Any]:
        seen: dict[str, Any] = {"opened": [], "camera": None, "ray": None}
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        (folder / "in" / "below").mkdir(parents=True)
        Image.fromarray(photo(24, 30)).save(folder / "in" / "a.jpg")
        Image.fromarray(photo(20, 20)).save(folder / "in" / "there.png")
        Image.fromarray(photo(1, 1)).save(folder / "in" / "there_x4.png")
        Image.fromarray(photo(16, 16)).save(folder / "in" / "below" / "b.png")
        Image.fromarray(np.zeros((1001, 1000), np.uint8)).save(folder / "large.png")

        def opened(model: Any, **given: Any) -> Upscaler:
            seen["opened"].append((getattr(model, "name", model), given))
            return Upscaler(model, delegate="cpu", threads=2)

        def viewed(upscaler: Upscaler, name: str) -> int:
            seen["camera"] = "view", name, 95
            return 3

        def recorded(upscaler: Upscaler, name: str, out: Path, progress: Any, quality: int, overwrite: bool) -> int:
            seen["camera"] = "record", str(out), quality
            return 3

        def spread(model: Any, jobs: Any, settings: Any, address: Any, threads: int) -> Any:
            names = [Path(job.output).relative_to(folder) for job in jobs]
            seen["ray"] = model.name, names, asdict(settings), address, threads
            facts = {"width": 1, "height": 1, "scale": 4, "seconds": 1.0, "tiles": 1, "notes": []}
            return (FileOutcome(job, None, facts) for job in jobs)

        monkeypatch.chdir(folder)
        monkeypatch.setattr(upscaler, "Upscaler", opened)
        monkeypatch.setattr(camera, "view", viewed)
        monkeypatch.setattr(camera, "record", recorded)
        monkeypatch.setattr(cluster, "upscale_on_ray", spread)
        before = set(folder.rglob("*")) - {folder / "in" / "there_x4.png"}
        words = options.split()
        inputs = [] if "--camera" in words else ["in"]
        if "large.png" in words:
            words.remove("large.png")
            inputs = ["large.png"]
        if words[0:1] == ["--ray"] and "head:6379" not in words:  # it would take a word that follows for an address
            words = [*words[1:], "--ray"]
        done = CliRunner().invoke(cli, ["run", *inputs, *MODEL.split(), *words])
        seen["exit"] = done.exit_code, type(done.exception)
        seen["stdout"] = bool(done.stdout) and all(_is_json(line) for line in done.stdout.splitlines())
        made = {path.relative_to(folder): path for path in sorted(set(folder.rglob("*")) - before) if path.is_file()}
        own = {path: file for path, file in made.items() if not path.name.startswith("there")}
        images = {path.name.split("_x")[0]: Image.open(file) for path, file in own.items()}
        seen["names"] = sorted(own)
        seen["formats"] = {name: image.format for name, image in images.items()}
        seen["sizes"] = {name: image.size for name, image in images.items()}
        seen["bytes"] = {path.name.split("_x")[0]: _digest(file) for path, file in own.items()}
        seen["there"] = {path.name: Image.open(file).size for path, file in made.items() if path not in own}
        return seen

    return look


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.context} {case.option}".strip())
def test_an_option(case: Case, look: Callable[[str], dict[str, Any]]) -> None:
    before, after = look(case.context), look(f"{case.context} {case.option}")
    assert changed(before, after) == case.changes
    if case.value is not None:
        assert after["camera"] == case.value


def test_a_result_that_exists_is_named_on_ray_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def spread(model: Any, jobs: Any, *_: Any) -> Any:
        given.extend(job.input for job in jobs)
        facts = {"width": 1, "height": 1, "scale": 4, "seconds": 1.0, "tiles": 1, "notes": []}
        return (FileOutcome(job, None, facts) for job in jobs)

    monkeypatch.setattr(cluster, "upscale_on_ray", spread)
    for name in ("a.png", "b.png", "b_x4.png", "film.mp4"):
        (tmp_path / name).touch()
    done = CliRunner().invoke(cli, ["run", str(tmp_path), "--json", *MODEL.split(), "--ray"])
    assert (done.exit_code, given) == (1, [f"{tmp_path}/a.png"])
    errors = {Path(row["input"]).name: row["error"] for row in map(json.loads, done.stdout.splitlines())}
    assert errors == {"a.png": None, "b.png": f"{tmp_path}/b_x4.png: exists; use --overwrite or --skip-existing"}
    for sentence in ("film.mp4: left out, --ray computes photos alone", "b_x4.png: left out, the result of an earlier"):
        assert sentence in done.stderr
    assert "1 upscaled, 0 skipped, 1 failed" in done.stderr
    empty = tmp_path / "none"
    empty.mkdir()
    done = CliRunner().invoke(cli, ["run", str(tmp_path), str(empty), *MODEL.split(), "--overwrite", "--ray"])
    assert (done.exit_code, given[1:]) == (1, [f"{tmp_path}/a.png", f"{tmp_path}/b.png"])
    assert "none: no image or video in this folder" in done.stderr


@pytest.mark.parametrize(("option", "code"), [("--skip-existing", 0), ("--json", 1)])
def test_a_result_that_another_process_writes_meanwhile(
    option: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commands on one folder, as on a shared disk: the later of two results is skipped as one that was there."""
    for name in ("a.png", "b.png"):
        Image.fromarray(photo(16, 16)).save(tmp_path / name)
    strips = Upscaler.strips

    def overtaken(upscaler: Upscaler, *given: Any, **named: Any) -> Any:
        (tmp_path / "b_x4.png").write_text("another's")
        return strips(upscaler, *given, **named)

    monkeypatch.setattr(Upscaler, "strips", overtaken)
    done = CliRunner().invoke(cli, ["run", str(tmp_path), *MODEL.split(), "--delegate", "cpu", option])
    assert (done.exit_code, "exists; use" in done.stderr) == (code, code == 1)
    assert f"1 upscaled, {1 - code} skipped, {code} failed" in done.stderr
    assert (tmp_path / "b_x4.png").read_text() == "another's"
