"""On which devices a training runs: this CPU or GPU, all GPUs of this machine, or many machines."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from srgan_edge.errors import UsageError
from srgan_edge.training.data.crops import CropSampler, batches, dataset, drawn

LossValues = dict[str, Any]
DistributedStep = Callable[[Any, Any, bool], tuple[LossValues, bool]]
"""`(low, high, stop)`: this worker's share of a batch and whether it was asked to stop; yields the mean losses and
whether any worker was."""


class Distribution:
    """A tf.distribute strategy: mirrored weights, a batch cut into equal shares, gradients summed.

    The cluster of TF_CONFIG if it is set; else all GPUs of this machine, else what TensorFlow takes.
    """

    def __init__(self) -> None:
        """Choose; with TF_CONFIG, wait for the other workers. Must come before any other use of TensorFlow.

        Raises:
            UsageError: TF_CONFIG is not a cluster with this worker in it.
        """
        self.worker, self.workers = 0, 1
        gpus = len(tf.config.list_physical_devices("GPU"))
        if os.environ.get("TF_CONFIG"):
            self.worker, self.workers = _place_in_cluster(os.environ["TF_CONFIG"])
            cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver()
            self.strategy: Any = tf.distribute.MultiWorkerMirroredStrategy(cluster)
        elif gpus > 1:
            self.strategy = tf.distribute.MirroredStrategy()
        else:
            self.strategy = tf.distribute.get_strategy()
            if not gpus:
                _compute_in_one_order()
        self.replicas = int(self.strategy.num_replicas_in_sync)
        self.chief = self.worker == 0
        """Whether this process writes the run folder."""

    @property
    def description(self) -> str:
        """For the log."""
        device = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
        if self.workers > 1:
            return f"{self.replicas} {device}s of {self.workers} workers, this is worker {self.worker}"
        return f"{self.replicas} {device}{'s' if self.replicas > 1 else ''}"

    def batches(self, sampler: CropSampler, first: int, last: int) -> Iterator[Any]:
        """The batches of steps `first` to `last - 1`, each spread over the devices.

        Raises:
            UsageError: the batch cannot be cut into equal shares.
            SrganEdgeError: one cannot be drawn.
        """
        if sampler.batch % self.replicas:
            raise UsageError(f"a batch of {sampler.batch} cannot be shared by {self.replicas} devices: set data.batch")
        devices, part = self.replicas // self.workers, (self.worker, self.workers)
        if self.replicas == 1:
            return batches(sampler, first, last)
        shares = self.strategy.distribute_datasets_from_function(lambda _: dataset(sampler, first, last, part, devices))
        return drawn(sampler, shares)

    def step(self, replica_step: Callable[[Any, Any], LossValues], after: Callable[[], None]) -> DistributedStep:
        """A training step on every device at once, followed by `after` once."""

        @tf.function(autograph=False)
        def step(low: Any, high: Any, stop: Any) -> tuple[LossValues, Any]:
            losses = self.strategy.run(replica_step, (low, high))
            after()
            if self.workers > 1:
                stop = self.strategy.reduce("SUM", self.strategy.run(lambda: tf.cast(stop, tf.float32)), None) > 0
            return {name: self.strategy.reduce("MEAN", value, None) for name, value in losses.items()}, stop

        def call(low: Any, high: Any, stop: bool) -> tuple[LossValues, bool]:
            losses, any_stops = step(low, high, tf.constant(stop))
            # All leave after the same step: one that went on alone would wait for the others for ever. With one
            # worker nothing is asked of the device, which may still be computing.
            return losses, bool(any_stops) if self.workers > 1 else stop

        return call


def _place_in_cluster(config: str) -> tuple[int, int]:
    """Which of how many processes that train this one is, by TF_CONFIG: a chief, if the cluster has one, is the first.

    Raises:
        UsageError: it is no cluster, has other jobs than these, or this process is not in it.
    """
    try:
        found = json.loads(config)
        jobs = {str(job): len(hosts) for job, hosts in found["cluster"].items()}
        task = found["task"]["type"], int(found["task"]["index"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"TF_CONFIG is not a cluster of workers with a task in it: {error!r}") from error
    if others := sorted(jobs.keys() - {"chief", "worker"}):
        raise UsageError(f"TF_CONFIG is not a cluster of workers alone: it has the job {others[0]}, too")
    if jobs.get("chief", 0) > 1:
        raise UsageError(f"TF_CONFIG is not a cluster of workers: it has {jobs['chief']} chiefs")
    places = [(job, index) for job in ("chief", "worker") for index in range(jobs.get(job, 0))]
    if task not in places:
        raise UsageError(f"TF_CONFIG is not a cluster with this worker in it: it has no {task[0]} {task[1]}")
    return places.index(task), len(places)


def _compute_in_one_order() -> None:
    """Run one operator at a time, each on all cores: two at once round differently from run to run on a CPU.

    Where TensorFlow is in use already it is too late, and a resumed run may differ from a straight one by rounding.
    """
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_inter_op_parallelism_threads(1)
