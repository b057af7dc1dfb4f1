"""Which photo or video goes to which file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from srgan_edge.errors import UsageError
from srgan_edge.imaging import encoding, images

VIDEO_RESULTS = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v")
"""What videos are written as; others become .mkv, which holds any sound."""
VIDEO_SUFFIXES = (*VIDEO_RESULTS, ".wmv", ".flv", ".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".3gp", ".ogv")


def is_video(path: Path) -> bool:
    """Whether a file is a video, by its suffix."""
    return path.suffix.lower() in VIDEO_SUFFIXES


class Job(NamedTuple):
    """A photo or video and where its result goes."""

    input: Path
    output: Path


class RemoteJob(NamedTuple):
    """A photo and where its result goes, as paths or fsspec URLs."""

    input: str
    output: str


def jobs(
    inputs: tuple[Path, ...], out: Path | None, scale: float, recursive: bool, suffix: str | None = None
) -> list[Job]:
    """Plan a batch: files as given, folders by their images and videos, and where the result of each goes.

    `out` with the suffix of an image or video is the file of the only input; else it is a folder, which a
    folder's tree is kept under. `suffix` is the results' format instead of their photos' own.

    Raises:
        UsageError: a folder without images and videos, one output file for several, or two files for one result.
    """
    single = (
        out is not None
        and out.suffix.lower() in (*images.READABLE, *encoding.WRITABLE, *VIDEO_SUFFIXES)
        and not out.is_dir()
    )
    planned: list[Job] = []
    for path in inputs:
        if not path.is_dir():
            folder = out if out is not None and not single else path.parent
            planned.append(Job(path, out if single and out is not None else folder / result_name(path, scale, suffix)))
            continue
        # A result beside its photo must not become the next run's input.
        known = (*images.READABLE, *VIDEO_SUFFIXES)
        found = [
            p for p in images.find(path, recursive, known) if out is not None or not p.stem.endswith(f"_x{scale:g}")
        ]
        if not found:
            more = "" if recursive else " (its folders are looked into with --recursive)"
            raise UsageError(f"{path}: no image or video in this folder{more}")
        root = out if out is not None else path
        planned += [Job(p, root / p.relative_to(path).parent / result_name(p, scale, suffix)) for p in found]
    if single and len(planned) > 1:
        raise UsageError(f"{out} is one file and there are {len(planned)} files; name a folder")
    seen: dict[Path, Path] = {}
    for job in planned:
        if job.output in seen:
            raise UsageError(f"{seen[job.output]} and {job.input} would both be written to {job.output}")
        seen[job.output] = job.input
    return planned


def result_name(path: Path, scale: float, suffix: str | None = None) -> str:
    """`photo.jpg` -> `photo_x4.jpg`, or of the format `suffix`; one that cannot be written becomes PNG or MKV."""
    video = is_video(path)
    written, otherwise = (VIDEO_RESULTS, ".mkv") if video else (encoding.WRITABLE, ".png")
    kept = path.suffix if path.suffix.lower() in written else otherwise
    return f"{path.stem}_x{scale:g}{kept if video else suffix or kept}"
