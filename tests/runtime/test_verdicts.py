"""What `auto` remembers of the GPU; the GPU itself is played here, its real probe is in test_delegates.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from srgan_edge.errors import SrganEdgeError
from srgan_edge.files.user_cache import user_cache
from srgan_edge.models import WEIGHTS
from srgan_edge.runtime import delegates, verdicts
from srgan_edge.runtime.probe import Finding

FP16 = WEIGHTS / "edge-s-x4-fp16.tflite"
REAL, SOFTWARE = Finding("Some GPU", False, ""), Finding("SwiftShader", True, "")


class Gpu:
    """Stands for a session on a GPU."""

    delegate, software = "gpu", False

    def __init__(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Finding]:
    """What the next probes find; each takes one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    findings: list[Finding] = []
    monkeypatch.setattr(delegates, "probe", lambda *a: findings.pop(0))
    monkeypatch.setattr(delegates, "CompiledSession", Gpu)
    return findings


def auto() -> delegates.Choice:
    return delegates.open_sessions(FP16, "auto", 1)


@pytest.mark.parametrize("finding", [REAL, SOFTWARE])
def test_a_verdict_is_found_once(probes: list[Finding], finding: Finding) -> None:
    probes.append(finding)
    choices = [auto() for _ in range(3)]  # a second probe would find the list empty
    assert {c.sessions[0].delegate for c in choices} == {"cpu" if finding.software else "gpu"}
    assert len({c.reason for c in choices}) == 1
    assert finding.device in choices[0].reason


def test_a_user_without_a_home(probes: list[Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    """As of containers that run as a number: nothing is remembered, and everything runs."""
    pwd = pytest.importorskip("pwd")
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    probes += [SOFTWARE, REAL]
    assert [auto().sessions[0].delegate for _ in range(2)] == ["cpu", "gpu"]
    with pytest.raises(SrganEdgeError, match="no home folder to keep a cache in: set HOME"):
        user_cache()


@pytest.mark.usefixtures("no_rights")
def test_drivers_of_another_user(probes: list[Finding], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """HOME is root's where a container's process has given its rights away."""
    home = tmp_path / "home"
    (home / ".local" / "share" / "vulkan" / "icd.d").mkdir(parents=True)
    home.chmod(0)
    monkeypatch.setenv("HOME", str(home))
    probes.append(SOFTWARE)
    assert auto().sessions[0].delegate == "cpu"
    home.chmod(0o700)


def test_a_failure_is_tried_again(probes: list[Finding]) -> None:
    probes += [Finding("", False, "no Vulkan driver is installed"), REAL]
    assert [auto().sessions[0].delegate for _ in range(2)] == ["cpu", "gpu"]


def test_another_driver_is_tried(probes: list[Finding], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    manifest = tmp_path / "icd.json"
    manifest.write_text("{}")
    monkeypatch.setenv("VK_DRIVER_FILES", str(manifest))
    probes += [REAL, SOFTWARE, REAL]
    first = auto().reason
    manifest.write_text("{} ")
    second = auto().reason
    monkeypatch.setenv("VK_DRIVER_FILES", "")
    assert ("Some GPU" in first, "SwiftShader" in second, "Some GPU" in auto().reason) == (True, True, True)
    assert probes == []


def test_a_verdict_is_of_one_model_and_one_precision(tmp_path: Path, probes: list[Finding]) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(FP16.read_bytes() + b"\0")
    verdicts.keep(FP16, False, REAL)
    assert verdicts.take(other, False) is None
    assert verdicts.take(FP16, True) is None
    assert verdicts.take(FP16, False) == REAL


def test_a_gpu_that_fails_after_all_is_tried_anew(probes: list[Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    probes += [REAL, REAL]
    auto()

    def fails(*arguments: Any) -> None:
        raise SrganEdgeError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(delegates, "CompiledSession", fails)
        choice = auto()
    assert (choice.sessions[0].delegate, choice.reason) == ("cpu", "GPU: no memory")
    assert auto().sessions[0].delegate == "gpu"
    assert probes == []


def test_a_process_that_dies_on_the_gpu_leaves_no_verdict(probes: list[Finding]) -> None:
    verdicts.keep(FP16, False, REAL)
    assert verdicts.take(FP16, False) == REAL  # and it crashed here
    assert verdicts.take(FP16, False) is None


@pytest.mark.parametrize("text", ["", "{", "[1]", "[1, 2]", '["a", "b"]', "{}"])
def test_a_damaged_verdict_is_none(text: str, probes: list[Finding]) -> None:
    verdicts.keep(FP16, False, REAL)
    (file,) = (user_cache() / "gpu").iterdir()
    file.write_text(text)
    assert verdicts.take(FP16, False) is None


def test_a_home_that_cannot_be_written_to(probes: list[Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    probes += [REAL, REAL]
    assert [auto().sessions[0].delegate for _ in range(2)] == ["gpu", "gpu"]
