"""Which photo or video goes to which file."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection
from functools import lru_cache
from pathlib import Path, PurePath
from typing import NamedTuple

from srgan_edge.errors import UsageError
from srgan_edge.imaging import encoding, folders, images

VIDEO_RESULTS = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v")
"""What videos are written as; others become .mkv, which holds any sound."""
VIDEO_SUFFIXES = (*VIDEO_RESULTS, ".wmv", ".flv", ".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".3gp", ".ogv")
_SUFFIXES = (*images.READABLE, *encoding.WRITABLE, *VIDEO_SUFFIXES)


def is_video(path: PurePath) -> bool:
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


Tell = Callable[[str, bool], None]
"""Told what is left out of a batch or named otherwise, and whether that is a failure."""


def refuse(sentence: str, failed: bool) -> None:
    """A `Tell` that makes a failure an error."""
    if failed:
        raise UsageError(sentence)


def jobs(
    inputs: tuple[Path, ...],
    out: Path | None,
    scale: float,
    recursive: bool,
    suffix: str | None = None,
    tell: Tell = refuse,
) -> list[Job]:
    """Plan a batch: files as given, folders by their images and videos, and where the result of each goes.

    Args:
        inputs: files and folders.
        out: with the suffix of an image or video the file of the only input; else a folder, which a folder's tree is
            kept under; None = beside each input.
        scale: goes into the results' names.
        recursive: folders are looked into with theirs.
        suffix: the results' format instead of their photos' own.
        tell: told what is left out or named otherwise, and whether that is a failure; the others are planned all the
            same. Without it a failure is an error.

    Raises:
        UsageError: there is nothing to do, or one output file for several inputs.
    """
    if suffix and out is not None and not _is_folder(out) and out.suffix.lower() not in ("", suffix):
        raise UsageError(f"{out}: a file's own suffix says its format, and --format says {suffix[1:]}; name a folder")
    file = out if out is not None and not _is_folder(out) else None
    single = file is not None and file.suffix.lower() in _SUFFIXES
    if single and any(map(_is_folder, inputs)):
        raise UsageError(f"{out} is one file, and {next(filter(_is_folder, inputs))} a folder; name a folder")
    one_file = len(inputs) == 1 and not _is_folder(inputs[0])
    if file is not None and one_file and not single and re.fullmatch(r"\.[A-Za-z]\w{1,4}", file.suffix):
        known = " ".join((*encoding.WRITABLE, *VIDEO_RESULTS))
        raise UsageError(f"{out}: cannot write {file.suffix}; use one of {known}, or a folder that exists")
    planned: list[Job] = []
    missing: list[str] = []
    for path in inputs:
        if not _is_folder(path):
            folder = out if out is not None and not single else path.parent
            planned.append(Job(path, out if single and out is not None else folder / result_name(path, scale, suffix)))
            continue
        found = _photos_of(path, out, recursive, tell)
        if not found:
            more = "" if recursive else " (its folders are looked into with --recursive)"
            missing.append(f"{path}: no image or video in this folder{more}")
        root = out if out is not None else path
        planned += [Job(p, root / p.relative_to(path).parent / result_name(p, scale, suffix)) for p in found]
    if not planned and missing:
        raise UsageError(missing[0])
    planned = _without_results(planned, tell)
    for sentence in missing:
        tell(sentence, True)
    if single and len(planned) > 1:
        raise UsageError(f"{out} is one file and there are {len(planned)} files; name a folder")
    return _distinct(planned, scale, tell)


def _photos_of(path: Path, out: Path | None, recursive: bool, tell: Tell) -> list[Path]:
    """A folder's images and videos, but for those in `out`, where the results are."""

    def unreadable(error: OSError) -> None:
        tell(f"{error.filename}: cannot be looked into: {error.strerror}", True)

    found = folders.find(path, recursive, _SUFFIXES, unreadable)
    if out is not None and path.resolve() != out.resolve():
        # Path.resolve raises for links in a circle, which whoever opens them names.
        return [photo for photo in found if not Path(os.path.realpath(photo)).is_relative_to(out.resolve())]
    return found


def _without_results(planned: list[Job], tell: Tell) -> list[Job]:
    """The jobs but for those of earlier runs' results, which lie beside their photos and must not become inputs."""
    photos = {job.input for job in planned}
    # `_distinct` keeps the suffix in a name where photos of one name differ in it, or adds a number.
    sources = {photo.with_suffix("") for photo in photos} | photos
    results = [
        photo
        for photo in photos
        if (name := re.fullmatch(r"(.+)_x\d+(\.\d+)?(-\d+)?", photo.stem)) and photo.with_name(name[1]) in sources
    ]
    if results:
        tell(f"{first_of(results)}: left out, the result of an earlier run", False)
    left_out = set(results)
    return [job for job in planned if job.input not in left_out]


def first_of(files: Collection[PurePath]) -> str:
    """What files are called in a sentence: the first by name, and how many more there are."""
    return f"{min(files)} and {len(files) - 1} more" if len(files) > 1 else str(min(files))


def _distinct(planned: list[Job], scale: float, tell: Tell) -> list[Job]:
    """Each input once, and results that would have one name, or an input's, with names of their own."""
    once = {os.path.realpath(job.input): job for job in reversed(planned)}
    planned = [job for job in planned if once[os.path.realpath(job.input)] is job]
    names = Counter(_key(job.output) for job in planned)
    taken = {_key(job.input) for job in planned}
    distinct: list[Job] = []
    for job in planned:
        output = job.output
        if names[_key(output)] > 1 and output.suffix.lower() != job.input.suffix.lower():
            output = output.with_name(f"{job.input.name}_x{scale:g}{output.suffix}")
        first, number = output, 2
        while _key(output) in taken and not (len(planned) == 1 or _key(output) == _key(job.input)):
            output = first.with_name(f"{first.stem}-{number}{first.suffix}")
            number += 1
        if output != job.output:
            tell(f"{job.input}: goes to {output}, as {job.output.name} is another file's", False)
        taken.add(_key(output))
        distinct.append(Job(job.input, output))
    return distinct


def _key(path: Path) -> str:
    """A name as file systems compare it that know no difference between a and A, by the folder that it really is in."""
    return str(_real(path.parent) / path.name).casefold()


@lru_cache(maxsize=1)  # photos come folder by folder
def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))  # Path.resolve raises for links in a circle


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long, a folder above that cannot be looked into: whoever opens it says so
        return False


def result_name(path: Path, scale: float, suffix: str | None = None) -> str:
    """`photo.jpg` -> `photo_x4.jpg`, or of the format `suffix`; one that cannot be written becomes PNG or MKV."""
    video = is_video(path)
    written, otherwise = (VIDEO_RESULTS, ".mkv") if video else (encoding.WRITABLE, ".png")
    kept = path.suffix if path.suffix.lower() in written else otherwise
    return f"{path.stem}_x{scale:g}{kept if video else suffix or kept}"
