"""Photos of TensorFlow Datasets, downloaded where they are not yet."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from srgan_edge.errors import SrganEdgeError, UnknownNameError, UsageError
from srgan_edge.training.data.sources import TfdsSplit

TFDS = "tfds:"


def tfds_names(source: str | Sequence[str], valid: str | Mapping[str, str]) -> list[str]:
    """Which of a recipe's sources and sets are TensorFlow datasets, which may have to be downloaded."""
    names = [source] if isinstance(source, str) else source
    sets = [valid] if isinstance(valid, str) else valid.values()
    return [name for name in (*names, *sets) if name.startswith(TFDS)]


def tfds_splits(source: str) -> tuple[TfdsSplit, TfdsSplit]:
    """Of "tfds:NAME" what is to be trained and validated on: its validation or test split, or its last 8 photos.

    Raises:
        UnknownNameError: there is no such dataset.
        UsageError: it has no RGB pictures, or none to train on.
        SrganEdgeError: it cannot be downloaded.
    """
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core import DatasetNotFoundError

    name = source.removeprefix(TFDS)
    try:
        builder = tfds.builder(name)
    except DatasetNotFoundError as error:
        raise UnknownNameError("TensorFlow dataset", name, tfds.list_builders()) from error
    except (ValueError, RuntimeError, OSError) as error:
        raise SrganEdgeError(f"{source}: {_reason(error)}") from error
    features: Any = builder.info.features
    feature = next((f for f in ("hr", "image") if f in features), None)
    if feature is None:
        raise UsageError(f"{source}: none of its features ({', '.join(features)}) is named hr or image")
    shape, dtype = features[feature].shape, np.dtype(features[feature].np_dtype)
    if shape[2:] != (3,) or dtype != np.uint8:
        raise UsageError(f"{source}: its {feature} of shape {shape} and {dtype} is no RGB picture of bytes")
    if not builder.info.splits:
        try:
            with _quietly():
                builder.download_and_prepare()
        except Exception as error:
            raise SrganEdgeError(f"{source}: cannot be downloaded: {_reason(error)}") from error
    splits = list(builder.info.splits)
    if splits and "train" not in splits:
        raise UsageError(f"{source}: none of its splits ({', '.join(splits)}) is named train")
    held_out = next((s for s in ("validation", "test") if s in splits), None)
    if held_out is None:
        # The last photos of the only split.
        return TfdsSplit(name, "train[:-8]", feature), TfdsSplit(name, "train[-8:]", feature)
    return TfdsSplit(name, "train", feature), TfdsSplit(name, held_out, feature)


@contextmanager
def _quietly() -> Iterator[None]:
    """urllib3 warns of each of ten tries for each of a data set's files; the last one's failure is an error.

    Bars are for terminals.
    """
    import tensorflow_datasets as tfds

    logger = logging.getLogger("urllib3")
    before = logger.level
    logger.setLevel(logging.ERROR)
    tfds.display_progress_bar(sys.stderr is not None and sys.stderr.isatty())
    try:
        yield
    finally:
        logger.setLevel(before)
        tfds.display_progress_bar(True)


def _reason(error: Exception) -> str:
    """The first line of what went wrong; of a connection, without the names of urllib3's objects."""
    tried = getattr(error.args[0], "reason", None) if error.args else None
    return str(tried).partition("): ")[2] or next(iter(str(error).splitlines()), type(error).__name__)
