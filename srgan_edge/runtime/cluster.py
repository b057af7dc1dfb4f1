"""Many photos on a Ray cluster: one task each, retried elsewhere when its node is lost."""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import re
import socket
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, NamedTuple

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import images
from srgan_edge.models import Model, ModelCard
from srgan_edge.runtime import batch
from srgan_edge.runtime.batch import Job, RemoteJob
from srgan_edge.runtime.pipeline import FileOutcome, Settings, upscale_files
from srgan_edge.runtime.upscaler import Upscaler

# Tasks handed to Ray beyond those that can run, so that no node waits for the next.
_AHEAD = 2
_RETRIES = 10


class ModelFile(NamedTuple):
    """A model as it travels to the nodes, which need not see its file."""

    name: str
    content: bytes
    card: ModelCard | None
    run: str
    """Marks what this run leaves where a node is lost."""


def is_address(text: str) -> bool:
    """Whether a word is a Ray cluster's address, and not a folder."""
    return text == "auto" or re.fullmatch(r"(ray://)?[\w.\-]+:\d+", text) is not None


def plan(
    inputs: tuple[str, ...],
    out: str | None,
    scale: float,
    recursive: bool,
    suffix: str | None,
    tell: batch.Tell = batch.refuse,
) -> list[RemoteJob]:
    """The jobs of local files and folders, or of one folder that fsspec reads (s3://, gs://, memory://, ...).

    Videos are left out, and told of.

    Args:
        inputs: files and folders, or one URL of a folder.
        out: as of `batch.jobs`; of a URL the URL of the results' folder.
        scale: goes into the results' names.
        recursive: folders are looked into with theirs.
        suffix: the results' format instead of their photos' own.
        tell: as of `batch.jobs`.

    Raises:
        UsageError: as `batch.jobs`; no photo is left; or a URL among several inputs or without a folder for its
            results.
    """
    if not any("://" in text for text in (*inputs, out or "")):
        local = batch.jobs(tuple(map(Path, inputs)), Path(out) if out else None, scale, recursive, suffix, tell)
        _without_videos([job.input for job in local], tell)
        # Nodes have working folders of their own.
        photos = [job for job in local if not batch.is_video(job.input)]
        return [RemoteJob(str(job.input.absolute()), str(job.output.absolute())) for job in photos]
    if len(inputs) != 1 or out is None:
        raise UsageError("of URLs one folder at a time is upscaled, and its results need one too: -o URL")
    fs, root = _filesystem(inputs[0])
    found = fs.find(root) if recursive else [p for p in fs.ls(root, detail=False) if fs.isfile(p)]
    photos = sorted(p for p in found if PurePosixPath(p).suffix.lower() in images.READABLE)
    _without_videos([PurePosixPath(p) for p in found], tell)
    if not photos:
        raise UsageError(f"{inputs[0]}: no image in this folder")
    results = []
    for photo in photos:
        inside = PurePosixPath(photo).relative_to(PurePosixPath(root))
        if ".." in inside.parts:  # an object's name may be anything
            raise UsageError(f"{fs.unstrip_protocol(photo)}: its name leads out of the folder")
        results.append(inside.with_name(batch.result_name(Path(inside.name), scale, suffix)))
    names = Counter(results)
    jobs = []
    for photo, result in zip(photos, results, strict=True):
        if names[result] > 1:  # a.png and a.jpg, both to .webp
            result = result.with_name(f"{PurePosixPath(photo).name}_x{scale:g}{result.suffix}")
        jobs.append(RemoteJob(fs.unstrip_protocol(photo), f"{out.rstrip('/')}/{result}"))
    return jobs


def _without_videos(files: Sequence[PurePath], tell: batch.Tell) -> None:
    """Say which of the files are left out as videos.

    Raises:
        UsageError: all are.
    """
    videos = [file for file in files if batch.is_video(file)]
    if videos and len(videos) == len(files):
        raise UsageError(f"{batch.first_of(videos)}: --ray computes photos alone, and there are none")
    if videos:
        tell(f"{batch.first_of(videos)}: left out, --ray computes photos alone", False)


def exists(path: str) -> bool:
    """Whether a path or URL has a file."""
    if "://" not in path:
        return os.path.lexists(path)
    fs, name = _filesystem(path)
    return fs.exists(name)


def upscale_on_ray(
    model: Model, jobs: list[RemoteJob], settings: Settings, address: str | None, threads: int
) -> Iterator[FileOutcome]:
    """Upscale photos on a Ray cluster; the outcomes come as they are done.

    Args:
        model: goes to the nodes; they need srgan-edge installed, and the photos' file system.
        jobs: what is done; results that exist are to be left out beforehand.
        settings: as in `upscale_files`.
        address: of the cluster; None = the one that runs here or that RAY_ADDRESS names, else one of this machine.
        threads: CPUs that each task takes.

    Raises:
        UsageError: Ray is not installed.
        SrganEdgeError: there is no cluster at the address.
    """
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError as error:
        raise UsageError("--ray needs Ray: pip install 'srgan-edge[ray]'") from error
    mine = not ray.is_initialized()
    if mine:
        _reach(address)
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise SrganEdgeError(f"no Ray cluster at {address}: {str(error).splitlines()[0]}") from error
    run, waiting = uuid.uuid4().hex, dict[Any, RemoteJob]()
    try:
        # A task that ended with its node is run again on another.
        task = ray.remote(num_cpus=threads, max_retries=_RETRIES)(_upscale)
        sent = ray.put(ModelFile(model.name, model.path.read_bytes(), model.card, run))
        todo = iter(jobs)
        while True:
            room = _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
            for job in todo:
                waiting[task.remote(sent, job, settings, threads)] = job
                if len(waiting) >= room:
                    break
            if not waiting:
                break
            done, _ = ray.wait(list(waiting), timeout=5)
            for reference in done:
                job = waiting.pop(reference)
                try:
                    error, facts = ray.get(reference)
                except RayError as failure:
                    error, facts = f"{job.input}: lost by the cluster: {str(failure).splitlines()[0]}", {}
                yield FileOutcome(job, error, facts)
    finally:
        if mine:
            ray.shutdown()
        if mine or not waiting:  # no task is at work any more
            _sweep(jobs, run)


def _reach(address: str | None) -> None:
    """Fail in seconds where nothing answers: Ray itself would try for many minutes."""
    if address is None or ":" not in address:
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise SrganEdgeError(f"no Ray cluster at {address}: {error.strerror or error}") from error


_upscalers: dict[tuple[str, int], Upscaler] = {}


def _upscaler(sent: ModelFile, threads: int) -> Upscaler:
    """The one that this process has kept if it is of the same file, whatever its name, and as many threads."""
    key = hashlib.sha256(sent.content).hexdigest(), threads
    if key not in _upscalers:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.tflite"
            path.write_bytes(sent.content)
            opened = Upscaler(Model(sent.name, path, sent.card), delegate="cpu", threads=threads)
        while _upscalers:
            _upscalers.popitem()[1].close()
        _upscalers[key] = opened
    return _upscalers[key]


def _upscale(sent: ModelFile, job: RemoteJob, settings: Settings, threads: int) -> tuple[str | None, dict[str, Any]]:
    """What a task does; its process keeps the model for the next one."""
    try:
        upscaler = _upscaler(sent, threads)
    except SrganEdgeError as error:
        return f"{job.input}: {error}", {}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(job.input), Path(folder) / "made" / PurePosixPath(job.output).name
        try:
            if "://" in job.input:
                fs, name = _filesystem(job.input)
                source = Path(folder) / "given" / PurePosixPath(name).name
                source.parent.mkdir()
                fs.get_file(name, str(source))
            (outcome,) = upscale_files(upscaler, [Job(source, target)], settings)
            if outcome.error is None:
                _deliver(target, job.output, sent.run)
        except OSError as error:
            return f"{job.input}: {error}", {}
    if outcome.error is not None:
        return outcome.error.replace(str(source), job.input).replace(str(target), job.output), {}
    return None, outcome.facts | {"node": platform.node()}


def _deliver(path: Path, output: str, run: str) -> None:
    """Put a file where it belongs, under its name once it is complete."""
    fs, name = _filesystem(output)
    part = f"{name}.{run}-{uuid.uuid4().hex}.part"
    fs.makedirs(str(PurePosixPath(name).parent), exist_ok=True)
    fs.put_file(str(path), part)
    fs.mv(part, name)


def _sweep(jobs: list[RemoteJob], run: str) -> None:
    """Remove what lost nodes, or a run that was interrupted, had begun to deliver."""
    for folder in {job.output.rsplit("/", 1)[0] for job in jobs}:
        fs, name = _filesystem(folder)
        for part in fs.glob(f"{name}/*.{run}-*.part"):
            fs.rm_file(part)


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs

        return url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{url}: {error}") from error
