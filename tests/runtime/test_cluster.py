"""A Ray cluster of two nodes on this machine."""

from __future__ import annotations

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
    parcel = cluster.Parcel(model.name, model.path.read_bytes(), model.card, "run")
    assert not cluster.exists(jobs[0].output)
    error, facts = cluster._upscale(parcel, jobs[0], Settings(), 1)
    assert (error, facts["width"]) == (None, 320)
    assert cluster.exists(jobs[0].output)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["00_x4.jpg"]
    (tmp_path / "out" / "lost.jpg.run-1.part").write_text("")
    cluster._sweep(jobs, "run")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["00_x4.jpg"]
    (many / "text.png").write_text("words")
    bad = RemoteJob(f"file://{many}/text.png", f"file://{tmp_path}/out/text.png")
    assert cluster._upscale(parcel, bad, Settings(), 1)[0] == f"{bad.input}: not an image that Pillow can read"
    (many / "text.png").unlink()


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
