"""Two worker processes on loopback against one process with the joined batch."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from srgan_edge import recipes
from srgan_edge.errors import UsageError
from srgan_edge.training.data.crops import CropSampler
from srgan_edge.training.data.photos import Pair
from srgan_edge.training.distribution import Distribution
from srgan_edge.training.loop import Trainer
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import load_generator

pytestmark = pytest.mark.tensorflow


def settings(photos: Path) -> list[str]:
    """A generator and a discriminator, both with batch normalisation, in both phases."""
    return [
        f"data.source={photos}",
        "data.batch=4",
        "data.crop=16",
        "generator.name=srgan",
        "generator.blocks=1",
        "pretrain.steps=2",
        "pretrain.warmup=0",
        "gan.steps=2",
        "gan.batch=0",
        "gan.crop=0",
        "gan.discriminator=pooled",
        "perceptual.network=efficientnet-lite0",
        "loop.validate_photos=1",
        "loop.log_every=1",
    ]


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def test_two_workers_learn_what_one_learns(photos: Path, tmp_path: Path) -> None:
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    workers = []
    for index in range(2):
        config = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        command = [sys.executable, "-m", "srgan_edge", "train", "--recipe", "sample", "--out", str(tmp_path / "two")]
        command += [f"--set={s}" for s in settings(photos)]
        workers.append(
            subprocess.Popen(
                command,
                env={**os.environ, "TF_CONFIG": json.dumps(config)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    said = [worker.communicate(timeout=300)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    assert "2 CPUs of 2 workers" in said[0]
    recipe = recipes.load(Recipe, "train", "sample", tuple(settings(photos)))
    Trainer(recipe, tmp_path / "one", False, lambda e: None).run()
    weights = [load_generator(tmp_path / name).model.get_weights() for name in ("one", "two")]
    fresh = Trainer(recipe, tmp_path / "fresh", False, lambda e: None)
    start = fresh.average.get_weights()
    moves = [np.concatenate([(a - b).ravel() for a, b in zip(w, start, strict=True)]) for w in weights]
    # Not closer: where a gradient is next to nothing, Adam's first steps make of its rounding a whole step.
    assert np.linalg.norm(moves[0] - moves[1]) < 0.02 * np.linalg.norm(moves[0])
    one, two = ((tmp_path / name / "log.jsonl").read_text().splitlines() for name in ("one", "two"))
    assert [json.loads(line)["event"] for line in one] == [json.loads(line)["event"] for line in two]


def test_a_batch_must_divide(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution = Distribution()
    assert (distribution.replicas, distribution.workers, distribution.chief) == (1, 1, True)
    monkeypatch.setattr(distribution, "replicas", 3)
    low = np.zeros((8, 8, 3), np.uint8)
    sampler = CropSampler([Pair("", low, low)], 1, 4, 4, False, 0)
    with pytest.raises(UsageError, match="batch of 4 cannot be shared by 3 devices"):
        distribution.batches(sampler, 0, 1)


@pytest.mark.parametrize("text", ["no json", '{"cluster": {}}', "[]", '{"cluster": [], "task": {}}'])
def test_a_bad_cluster_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(UsageError, match="TF_CONFIG is not a cluster"):
        Distribution()


def cluster(task: str, index: int, **jobs: int) -> str:
    hosts = {job: [f"host{i}:1" for i in range(count)] for job, count in jobs.items()}
    return json.dumps({"cluster": hosts, "task": {"type": task, "index": index}})


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the others of a cluster that is not there."""
    strategy = tf.distribute.get_strategy()
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", lambda resolver: strategy)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    ("config", "worker", "workers"),
    [
        (cluster("worker", 0, worker=2), 0, 2),
        (cluster("worker", 1, worker=2), 1, 2),
        (cluster("chief", 0, chief=1, worker=2), 0, 3),
        (cluster("worker", 0, chief=1, worker=2), 1, 3),
        (cluster("worker", 1, chief=1, worker=2), 2, 3),
    ],
)
def test_one_of_a_cluster_writes(config: str, worker: int, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first, and the chief where there is one: no two draw the same crops."""
    monkeypatch.setenv("TF_CONFIG", config)
    found = Distribution()
    assert (found.worker, found.workers, found.chief) == (worker, workers, worker == 0)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    ("config", "message"),
    [
        (cluster("worker", 0, worker=2, ps=1), "it has the job ps, too"),
        (cluster("evaluator", 0, worker=2, evaluator=1), "it has the job evaluator, too"),
        (cluster("evaluator", 0, worker=2), "it has no evaluator 0"),
        (cluster("worker", 2, worker=2), "it has no worker 2"),
        (cluster("chief", 0, worker=2), "it has no chief 0"),
        (cluster("chief", 1, chief=2, worker=2), "it has 2 chiefs"),
    ],
)
def test_who_has_no_place_among_the_workers_is_refused(
    config: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(UsageError, match=f"TF_CONFIG is not a cluster .*: {message}"):
        Distribution()
