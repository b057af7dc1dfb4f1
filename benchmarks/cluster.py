"""200 photos on a Ray cluster of two nodes on this machine, one killed half-way, against a single process.

python benchmarks/cluster.py [--count 200] [--size 320] [--no-kill]
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click
import numpy as np
import ray
from PIL import Image
from program import Program
from ray.cluster_utils import Cluster

from srgan_edge import Upscaler
from srgan_edge.imaging import images
from srgan_edge.models import find_model
from srgan_edge.runtime import cluster
from srgan_edge.runtime.batch import Job
from srgan_edge.runtime.pipeline import Settings, upscale_files


@click.command(cls=Program, help=__doc__)
@click.option("--count", default=200, show_default=True)
@click.option("--size", default=320, show_default=True, help="Width of the photos that are made.")
@click.option("--kill/--no-kill", default=True, show_default=True, help="Kill the second node half-way.")
def main(count: int, size: int, kill: bool) -> None:
    """Print photos a second of both, and whether all results are there and right."""
    with tempfile.TemporaryDirectory() as scratch:
        given, alone, together = (Path(scratch) / name for name in ("given", "alone", "together"))
        given.mkdir()
        random = np.random.default_rng(0)
        for index in range(count):
            small = random.integers(0, 256, (size * 3 // 32, size // 8, 3), np.uint8)
            Image.fromarray(small).resize((size, size * 3 // 4), Image.Resampling.BICUBIC).save(
                given / f"{index:03}.png"
            )
        model = find_model("edge-m-x4")
        jobs = cluster.plan((str(given),), str(together), 4, False, None)
        started = time.perf_counter()
        with Upscaler(model, delegate="cpu") as upscaler:
            plain = [Job(Path(job.input), alone / Path(job.output).name) for job in jobs]
            assert not any(outcome.error for outcome in upscale_files(upscaler, plain, Settings()))
        single = count / (time.perf_counter() - started)

        nodes = Cluster(initialize_head=True, connect=True, head_node_args={"num_cpus": 1})
        second = nodes.add_node(num_cpus=1)
        done, errors, started = 0, [], time.perf_counter()
        for outcome in cluster.upscale_on_ray(model, jobs, Settings(overwrite=True), None, 1):
            done += 1
            errors += [outcome.error] if outcome.error else []
            if kill and done == count // 2:
                nodes.remove_node(second, allow_graceful=False)
        speed = count / (time.perf_counter() - started)
        ray.shutdown()
        nodes.shutdown()
        files = sorted(p.name for p in together.iterdir())
        right = sum(
            np.array_equal(images.read(together / name).rgb, images.read(alone / name).rgb)
            for name in files
            if (alone / name).is_file()
        )
    print(
        f"{count} photos of width {size}: {done} outcomes, {len(errors)} errors, {len(files)} files, {right} right; "
        f"cluster {speed:.2f} photos/s, single process {single:.2f}; ratio {speed / single:.2f}"
    )


if __name__ == "__main__":
    main()
