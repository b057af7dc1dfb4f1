"""A Ray cluster of two nodes on this machine."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest
from conftest import photo
from PIL import Image

from srgan_edge import Upscaler
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import images
from srgan_edge.models import find_model
from srgan_edge.runtime import cluster
from srgan_edge.runtime.batch import RemoteJob
from srgan_edge.runtime.pipeline import Settings

COUNT = 24


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for index in range(COUNT):
        Image.fromarray(photo(60, 80, index)).save(folder / f"{index:02}.png")
    return folder


@pytest.mark.slow
def test_a_lost_node_loses_no_photo(exports: Path, many: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    model = find_model(str(exports / "tiny-int8.tflite"))
    jobs = cluster.plan((str(many),), f"{tmp_path}/out", 4, False, None)
    nodes = Cluster(initialize_head=True, connect=True, head_node_args={"num_cpus": 1})
    try:
        second = nodes.add_node(num_cpus=1)
        outcomes = []
        for outcome in cluster.upscale_on_ray(model, jobs, Settings(), None, 1):
            outcomes.append(outcome)
            if len(outcomes) == COUNT // 3:
                nodes.remove_node(second, allow_graceful=False)
    finally:
        import ray

        ray.shutdown()
        nodes.shutdown()
    assert {o.error for o in outcomes} == {None}
    assert sorted(o.job.input for o in outcomes) == [job.input for job in jobs]
    with Upscaler(model) as upscaler:
        for index in range(COUNT):
            result = images.read(tmp_path / "out" / f"{index:02}_x4.png").rgb
            np.testing.assert_array_equal(result, upscaler(photo(60, 80, index)))
    assert len(list((tmp_path / "out").iterdir())) == COUNT


def test_urls(many: Path, tmp_path: Path, exports: Path) -> None:
    pytest.importorskip("fsspec")
    jobs = cluster.plan((f"file://{many}",), f"file://{tmp_path}/out/", 4, False, ".jpg")
    assert jobs[0] == RemoteJob(f"file://{many}/00.png", f"file://{tmp_path}/out/00_x4.jpg")
    assert len(jobs) == COUNT
    model = find_model(str(exports / "tiny-int8.tflite"))
    sent = cluster.ModelFile(model.name, model.path.read_bytes(), model.card, "run")
    assert not cluster.exists(jobs[0].output)
    error, facts = cluster._upscale(sent, jobs[0], Settings(), 1)
    assert (error, facts["width"]) == (None, 320)
    assert cluster.exists(jobs[0].output)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["00_x4.jpg"]
    (tmp_path / "out" / "lost.jpg.run-1.part").write_text("")
    cluster._sweep(jobs, "run")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["00_x4.jpg"]
    (many / "text.png").write_text("words")
    bad = RemoteJob(f"file://{many}/text.png", f"file://{tmp_path}/out/text.png")
    assert (
        cluster._upscale(sent, bad, Settings(), 1)[0]
        == f"{bad.input}: not a photo of a format that is read: JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC, PPM"
    )
    (many / "text.png").unlink()


def bundled(name: str, run: str = "run") -> cluster.ModelFile:
    model = find_model(name)
    return cluster.ModelFile("same name", model.path.read_bytes(), model.card, run)


def test_a_node_keeps_a_model_by_its_file() -> None:
    first = cluster._upscaler(bundled("edge-s-x4"), 1)
    assert cluster._upscaler(bundled("edge-s-x4", "another run"), 1) is first
    other = cluster._upscaler(bundled("edge-m-x2"), 1)
    assert (first.scale, other.scale) == (4, 2)
    with pytest.raises(UsageError, match="is closed"):
        first(photo(9, 9))
    assert cluster._upscaler(bundled("edge-m-x2"), 2) is not other


def test_videos_are_left_out_and_said(tmp_path: Path) -> None:
    said: list[tuple[str, bool]] = []
    for name in ("b.mp4", "a.mkv", "c.png"):
        (tmp_path / name).touch()
    jobs = cluster.plan((str(tmp_path),), None, 4, False, None, lambda *told: said.append(told))
    assert jobs == [RemoteJob(f"{tmp_path}/c.png", f"{tmp_path}/c_x4.png")]
    assert said == [(f"{tmp_path}/a.mkv and 1 more: left out, --ray computes photos alone", False)]
    (tmp_path / "c.png").unlink()
    with pytest.raises(UsageError, match=r"a\.mkv and 1 more: --ray computes photos alone, and there are none"):
        cluster.plan((str(tmp_path),), None, 4, False, None)


def test_videos_of_a_store_are_left_out_and_said() -> None:
    fsspec = pytest.importorskip("fsspec")
    store, said = fsspec.filesystem("memory"), list[str]()
    for name in ("a.png", "b.mp4", "words.txt"):
        store.pipe(f"/mixed/{name}", b"x")
    jobs = cluster.plan(("memory://mixed",), "memory://out", 4, False, None, lambda *told: said.append(told[0]))
    assert [job.input for job in jobs] == ["memory:///mixed/a.png"]
    assert said == ["/mixed/b.mp4: left out, --ray computes photos alone"]
    store.rm("/mixed", recursive=True)


def test_names_of_objects(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    for name in ("a.png", "a.jpg", "b.png"):
        store.pipe(f"/photos/{name}", b"x")
    jobs = cluster.plan(("memory://photos",), "memory://out", 4, False, ".webp")
    outputs = ["out/a.jpg_x4.webp", "out/a.png_x4.webp", "out/b_x4.webp"]
    assert sorted(job.output for job in jobs) == [f"memory://{name}" for name in outputs]
    store.pipe("/photos/../evil.png", b"x")
    if any(".." in name for name in store.find("/photos")):
        with pytest.raises(UsageError, match=r"evil\.png: its name leads out of the folder"):
            cluster.plan(("memory://photos",), "memory://out", 4, True, None)
    store.rm("/photos", recursive=True)


def test_a_result_has_its_name_once_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = pytest.importorskip("fsspec.implementations.local").LocalFileSystem
    (tmp_path / "made.png").write_bytes(b"complete")

    def torn(self: object, source: str, target: str, **_: object) -> None:
        Path(target).write_bytes(b"half")
        raise OSError("the connection was lost")

    with monkeypatch.context() as patch:
        patch.setattr(local, "put_file", torn)
        with pytest.raises(OSError, match="connection was lost"):
            cluster._deliver(tmp_path / "made.png", f"file://{tmp_path}/out/x.png", "run-1")
    assert not (tmp_path / "out" / "x.png").exists()
    cluster._deliver(tmp_path / "made.png", f"file://{tmp_path}/out/x.png", "run-1")
    assert (tmp_path / "out" / "x.png").read_bytes() == b"complete"


def played(monkeypatch: pytest.MonkeyPatch, **parts: object) -> dict[str, int]:
    """A Ray that only says what it was asked for."""
    asked: dict[str, int] = {}
    task = types.SimpleNamespace(remote=lambda *arguments: "reference")
    ray = types.ModuleType("ray")
    exceptions = types.ModuleType("ray.exceptions")
    made: dict[str, object] = {
        "is_initialized": lambda: True,
        "put": lambda value: value,
        "cluster_resources": lambda: {"CPU": 4},
        "wait": lambda references, timeout: (references, []),
        "get": lambda reference: (None, {}),
        "remote": lambda **options: asked.update(options) or (lambda function: task),
    }
    vars(ray).update(made | parts)
    vars(exceptions)["RayError"] = Exception
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.exceptions", exceptions)
    return asked


def test_a_lost_task_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = played(monkeypatch)
    jobs = [RemoteJob("a.png", "/out/a_x4.png")]
    outcomes = list(cluster.upscale_on_ray(find_model("edge-s-x4"), jobs, Settings(), None, 3))
    assert [outcome.job for outcome in outcomes] == jobs
    assert asked["num_cpus"] == 3
    assert asked["max_retries"] >= 3


@pytest.mark.parametrize("mine", [True, False])
def test_an_interrupted_run_leaves_nothing_half_delivered(
    mine: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a Ray of the caller's own its tasks go on, and deliver what they had begun."""
    half: list[Path] = []

    def interrupted(*_: object, **__: object) -> None:
        half.append(tmp_path / f"a_x4.png.{run}-1.part")
        half[0].touch()
        raise KeyboardInterrupt

    run = "0" * 32
    monkeypatch.setattr(cluster.uuid, "uuid4", lambda: types.SimpleNamespace(hex=run))
    nothing = dict.fromkeys(("init", "shutdown"), lambda *_, **__: None)
    played(monkeypatch, is_initialized=lambda: not mine, wait=interrupted, **nothing)
    jobs = [RemoteJob("a.png", f"{tmp_path}/a_x4.png")]
    with pytest.raises(KeyboardInterrupt):
        list(cluster.upscale_on_ray(find_model("edge-s-x4"), jobs, Settings(), None, 1))
    assert half[0].exists() is not mine


def test_refusals(tmp_path: Path) -> None:
    model = find_model("edge-m-x4")
    pytest.importorskip("ray")
    with pytest.raises(SrganEdgeError, match=r"no Ray cluster at 127\.0\.0\.1:1"):
        list(cluster.upscale_on_ray(model, [], Settings(), "127.0.0.1:1", 1))
    with pytest.raises(UsageError, match="results need one too"):
        cluster.plan(("file:///nowhere",), None, 4, False, None)
    assert cluster.is_address("ray://head:10001")
    assert cluster.is_address("auto")
    assert not cluster.is_address("photos/")
