"""Errors of the disk as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from srgan_edge.errors import SrganEdgeError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A block that writes to `path` by Python or TensorFlow.

    Raises:
        SrganEdgeError: it cannot be written, or the disk is full.
    """
    try:
        yield
    except OSError as error:
        raise SrganEdgeError(f"{path}: cannot be written: {error.strerror or error}") from error
    except Exception as error:
        import tensorflow as tf

        if not isinstance(error, tf.errors.OpError):
            raise
        reason = str(error.message).splitlines()[0].rpartition("; ")[2].partition(" [Op:")[0]  # pyright: ignore[reportAttributeAccessIssue]
        raise SrganEdgeError(f"{path}: cannot be written: {reason}") from error
