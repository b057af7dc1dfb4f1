"""Delegates; the GPU's on SwiftShader, a Vulkan driver in software, where Chromium has brought it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge import Upscaler
from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.models import WEIGHTS
from srgan_edge.runtime import delegates
from srgan_edge.runtime import probe as probe_module
from srgan_edge.runtime import session as session_module
from srgan_edge.runtime.delegates import open_sessions
from srgan_edge.runtime.probe import probe
from srgan_edge.runtime.session import Session

DRIVERS = [Path(f"/usr/lib/{name}/vk_swiftshader_icd.json") for name in ("chromium", "chromium-browser")]
# Without a driver, or without its loader.
WITHOUT_VULKAN = ("no Vulkan driver is installed", "libvulkan.so.1 is not installed")
FP16, INT8 = (WEIGHTS / f"edge-m-x4-{name}.tflite" for name in ("fp16", "int8"))


@pytest.fixture
def swiftshader(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = next((path for path in DRIVERS if path.is_file()), None)
    if driver is None:
        pytest.skip("SwiftShader is not installed: apt-get install chromium libvulkan1")
    monkeypatch.setenv("VK_ICD_FILENAMES", str(driver))


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VK_ICD_FILENAMES", "/nowhere")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "srgan_edge", "run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "levels"), [("edge-m-x4-fp16", 1), ("edge-m-x4-int8", 3)])
def test_the_gpu_computes_what_the_cpu_does(swiftshader: None, tmp_path: Path, name: str, levels: int) -> None:
    Image.fromarray(photo(100, 120)).save(tmp_path / "a.png")
    done = run(str(tmp_path / "a.png"), "-m", name, "--delegate", "gpu", "--json", "-o", str(tmp_path / "gpu.png"))
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert line["delegate"] == "gpu"
    assert "SwiftShader" in line["device"]
    assert line["device"].endswith("(software)")
    with Upscaler(name, delegate="cpu") as cpu:
        wanted = cpu(photo(100, 120))
    difference = np.abs(np.asarray(Image.open(tmp_path / "gpu.png")).astype(int) - wanted)
    assert difference.max() <= levels


@pytest.mark.slow
def test_auto_never_takes_a_software_gpu(swiftshader: None) -> None:
    choice = open_sessions(FP16, "auto", 1)
    assert choice.sessions[0].delegate == "cpu"
    assert "SwiftShader Device (Subzero) is a program on the CPU" in choice.reason


def test_auto_says_why(no_driver: None) -> None:
    floats, bytes_ = open_sessions(FP16, "auto", 1), open_sessions(INT8, "auto", 1)
    assert (floats.sessions[0].delegate, floats.reason) in [("cpu", f"GPU: {reason}") for reason in WITHOUT_VULKAN]
    assert (bytes_.sessions[0].delegate, bytes_.reason) == ("cpu", "uint8 models are fastest on the CPU")


def test_a_missing_gpu_is_an_error_with_the_drivers_reason(no_driver: None, tmp_path: Path) -> None:
    Image.fromarray(photo(8, 8)).save(tmp_path / "a.png")
    done = run(str(tmp_path / "a.png"), "--delegate", "gpu", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert any(f"cannot run on gpu: {reason}; it needs a Vulkan driver" in done.stderr for reason in WITHOUT_VULKAN)
    assert len(done.stderr.splitlines()) == 1


def test_openvino(tmp_path: Path) -> None:
    """Its CPU backend stands in for an Intel NPU."""
    pytest.importorskip("openvino")
    image = photo(60, 70)
    with Upscaler(FP16, delegate="npu", options={"graph_backend": "cpu"}) as npu, Upscaler(FP16, delegate="cpu") as cpu:
        assert (npu.delegate, npu.device) == ("npu", "npu, OpenVINO cpu")
        assert np.abs(npu(image).astype(int) - cpu(image)).max() <= 1


def test_a_device_that_hangs_is_given_up() -> None:
    finding = probe(FP16, "gpu", False, {}, limit=0.01)
    assert finding.reason == "gave no result in 0.01 seconds"


def test_a_device_that_hangs_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No driver that could be installed would help."""
    monkeypatch.setattr(probe_module, "TIME_LIMIT", 0.01)
    with pytest.raises(SrganEdgeError, match=r"cannot run on gpu: gave no result in 0\.01 seconds$"):
        open_sessions(FP16, "gpu", 1)
    found = {d.name: d.reason for d in delegates.delegates()}
    assert (found["gpu"], found["npu"]) == ("gave no result in 0.01 seconds",) * 2


def test_a_missing_openvino_is_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    finding = probe_module.find(str(INT8), "npu", False, {}, None, None)
    assert finding == ("", False, "OpenVINO is not installed", True)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown graph_backend 'npx': did you mean 'npu'"):
        open_sessions(FP16, "npu", 1, options={"graph_backend": "npx"})
    with pytest.raises(UsageError, match="the gpu delegate has no options"):
        open_sessions(FP16, "gpu", 1, options={"a": "b"})
    with pytest.raises(UsageError, match="delegate options need"):
        open_sessions(FP16, "cpu", 1, options={"a": "b"})
    with pytest.raises(SrganEdgeError, match=r"none\.so: no such delegate library"):
        open_sessions(FP16, "none.so", 1)
    (tmp_path / "text.so").write_text("words")
    with pytest.raises(SrganEdgeError, match=r"text\.so: not a delegate that ai_edge_litert can load"):
        open_sessions(FP16, str(tmp_path / "text.so"), 1)


def test_threads_are_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each interpreter, and of all sessions together."""
    package, asked = session_module.interpreter_package(), []

    def interpreter(**options: Any) -> Any:
        asked.append(options["num_threads"])
        return package.interpreter(**options)

    monkeypatch.setattr(session_module, "interpreter_package", lambda: package._replace(interpreter=interpreter))
    for threads, sessions in ((1, [1]), (3, [1, 1, 1]), (6, [2, 2, 1, 1])):
        asked.clear()
        choice = open_sessions(INT8, "cpu", threads)
        assert (asked, choice.threads, len(choice.sessions)) == (sessions, threads, len(sessions))
        for session in choice.sessions:
            session.close()


@pytest.mark.parametrize(("levels", "refused"), [(0, False), (8, False), (9, True)])
def test_a_device_is_compared_with_the_cpu(levels: int, refused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Device:
        """A GPU that is some levels off in one pixel."""

        software, device, tile = False, "a GPU", (128, 128)

        def __init__(self, path: Path, *_: Any) -> None:
            self.cpu = Session(path)

        def __enter__(self) -> Device:
            return self

        def __exit__(self, *_: object) -> None:
            self.cpu.close()

        def run(self, tile: Any) -> Any:
            result = self.cpu.run(tile)
            result[5, 6, 1] += levels if result[5, 6, 1] < 128 else -levels
            return result

    monkeypatch.setattr(probe_module, "CompiledSession", Device)
    finding = probe_module.find(str(FP16), "gpu", False, {}, None, None)
    if refused:
        assert finding.reason == "a GPU computes something else than the CPU: up to 9 levels of 255 off"
    else:
        assert finding == ("a GPU", False, "", False)


def test_a_library_is_loaded_from_where_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bare name would be looked for in the system's folders."""
    (tmp_path / "mine.so").write_text("no library")
    monkeypatch.chdir(tmp_path)
    for name in ("mine.so", "./mine.so", str(tmp_path / "mine.so")):
        with pytest.raises(SrganEdgeError, match=rf"mine\.so: not a delegate .*: {tmp_path}/mine\.so: file too short"):
            open_sessions(FP16, name, 1)


def test_a_library_that_fails_while_it_runs() -> None:
    with Session(INT8) as session:
        interpreter = session._interpreter

        class Failing:
            def __getattr__(self, name: str) -> Any:
                return getattr(interpreter, name)

            def invoke(self) -> None:
                raise RuntimeError("the accelerator was unplugged.\nat line 3")

        session._interpreter = Failing()
        with pytest.raises(SrganEdgeError, match=r"-int8\.tflite: CPU, .* failed: the accelerator was unplugged$"):
            session.run(photo(128, 128))
