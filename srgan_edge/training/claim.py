"""Who may train into a run folder: one process at a time, and over no other run."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

from srgan_edge import recipes
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.files.locks import open_locked
from srgan_edge.training.data.datasets import tfds_names
from srgan_edge.training.data.lookup import find_sources
from srgan_edge.training.pretrained_files import find_pretrained
from srgan_edge.training.recipe import Recipe

# What network file systems without locks answer.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)

RECIPE, LOG, LOCK = "recipe.toml", "log.jsonl", ".lock"


def check_folder(out: Path, resume: bool) -> bool:
    """Whether a run may begin in a folder, or go on; nothing is written.

    Returns:
        A run began there and ended before its first checkpoint: it starts over.

    Raises:
        UsageError: it holds a run and `resume` is off, or holds none to resume, or the path is a file.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file, not a run folder")
    begun = (out / RECIPE).is_file()
    saved = any(out.glob("checkpoints/step-*.index"))
    exported = (out / "generator" / "generator.json").is_file()
    if resume and not begun:
        raise UsageError(f"{out}: no run to resume ({RECIPE} is missing)")
    if resume and exported and not saved:
        raise UsageError(
            f"{out}: no checkpoint to resume from; a new run starts from its generator with --set generator.init={out}"
        )
    if not resume and (saved or exported):
        raise UsageError(f"{out} holds a run already: continue it with --resume, or name another folder with --out")
    if not begun and (out / LOG).exists():
        raise UsageError(f"{out / LOG} belongs to no run: name another folder with --out")
    return begun and not saved


def check_request(recipe: Recipe, out: Path, resume: bool) -> None:
    """Refuse in a moment what needs no TensorFlow, which takes seconds to start, to be refused.

    Raises:
        UsageError: as `check_folder`; the generator is not that of the run to resume; what it should start or learn
            from is missing; or there are no photos, as `find_sources` says.
    """
    starts_over = check_folder(out, resume)
    if resume:
        saved = recipes.load(Recipe, "train", str(out / RECIPE))
        keys = recipes.changed_keys(saved.generator, recipe.generator)
        # What the run started from is in its checkpoints.
        if key := next((key for key in keys if key != "init"), None):
            one, two = (recipes.literal(getattr(r.generator, key)) for r in (saved, recipe))
            raise UsageError(f"generator.{key} = {two}: the run in {out} has {one}, and keeps its network")
    if recipe.generator.init and (starts_over or not resume):
        find_pretrained(recipe.generator.init, "generator.init")
    if recipe.teacher:
        find_pretrained(recipe.teacher, "teacher")
    data = recipe.data
    if not tfds_names(data.source, data.valid):
        find_sources(data.source, data.valid, data.low, recipe.generator.scale)


class Claim:
    """A run folder, held by this process until it is released or the process ends."""

    def __init__(self, out: Path, resume: bool, warn: Callable[[str], None]) -> None:
        """Make the folder if it is missing, and lock it.

        Raises:
            UsageError: as `check_folder`, or another process holds it.
            SrganEdgeError: it cannot be written.
        """
        check_folder(out, resume)
        self._made = [p for p in (out, *out.parents) if not p.exists()]
        self._path = out / LOCK
        try:
            out.mkdir(parents=True, exist_ok=True)
            self._file = open_locked(self._path)
            if self._file is None:
                raise UsageError(f"{out} is in use by {self._path.read_text(encoding='utf-8') or 'another process'}")
            self._file.truncate(0)
            self._file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
            self._file.flush()
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise SrganEdgeError(f"{out}: cannot be written: {error.strerror or error}") from error
            self._file = None
            warn(f"{out} is on a file system without locks: nothing keeps a second training out of it")
        try:
            self.starts_over = check_folder(out, resume)
            """As `check_folder` says."""
        except UsageError:
            self.release()
            raise

    def release(self) -> None:
        """Let others in; a folder that was made for nothing is removed."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # Windows: not while it is open
                self._path.unlink()
            self._file.close()
        with contextlib.suppress(OSError):
            for folder in self._made:
                folder.rmdir()
