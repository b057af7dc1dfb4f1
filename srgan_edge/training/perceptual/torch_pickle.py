"""Reading PyTorch's old file format of weights without PyTorch, and without running what a file says."""

from __future__ import annotations

import hashlib
import io
import math
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError

# torch.serialization.MAGIC_NUMBER and the version of the format before the zip one.
_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
_MOST_BYTES, _MOST_DIMENSIONS = 1 << 30, 8
# What torch.save writes of numbers, text, tuples, lists, dictionaries and references; BUILD is `_state` below.
_OPERATIONS = (
    "PROTO STOP MARK POP BINPUT LONG_BINPUT BINGET LONG_BINGET NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 "
    "BINUNICODE SHORT_BINUNICODE BINFLOAT EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS EMPTY_DICT "
    "SETITEM SETITEMS GLOBAL REDUCE BINPERSID MEMOIZE FRAME"
).split()


class _Tensor(NamedTuple):
    """A tensor whose numbers come later in the file."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Unpickler(pickle._Unpickler):  # the one in Python: its memory is bounded by the file's
    """Builds tensors, dictionaries and nothing else: a pickle may name any function to call."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.dtypes: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: _Tensor(storage, offset, shape, strides)
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} does not belong in a file of weights")

    def persistent_load(self, pid: Any) -> str:
        kind, dtype, key = pid[:3]
        if kind != "storage" or dtype not in _DTYPES or not isinstance(key, str):
            raise pickle.UnpicklingError("a reference to something else than numbers")
        self.dtypes[key] = _DTYPES[dtype]
        return key

    def _state(self) -> None:
        """A state dict's own attributes, which no weights are in."""
        self.stack.pop()  # pyright: ignore[reportAttributeAccessIssue]

    dispatch = {
        getattr(pickle, name)[0]: pickle._Unpickler.dispatch[getattr(pickle, name)[0]]  # pyright: ignore
        for name in _OPERATIONS
    } | {pickle.BUILD[0]: _state}


def read_state_dict(path: Path, sha256: str | None = None) -> dict[str, NDArray[Any]]:
    """The arrays of a state dict that `torch.save` wrote before version 1.6, by name.

    The format (torch/serialization.py, `_legacy_load`): pickles of magic number, version, system and
    state dict, whose storages are references; a pickle of their keys; each storage's count and numbers.

    Args:
        path: the file, at most 1 GiB.
        sha256: of the whole file, where it is known.

    Raises:
        SrganEdgeError: the file cannot be read, is another than that of the hash, or not of this format.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SrganEdgeError(f"{path}: is larger than the {_MOST_BYTES >> 20} MiB that weights may have")
        content = path.read_bytes()
    except OSError as error:
        raise SrganEdgeError(f"{path}: cannot be read: {error.strerror}") from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise SrganEdgeError(f"{path}: is damaged, or another file (its sha256 is not {sha256})")
    file = io.BytesIO(content)
    try:
        if _Unpickler(file).load() != _MAGIC or _Unpickler(file).load() != _VERSION:
            raise ValueError("another magic number or version")
        _Unpickler(file).load()
        unpickler = _Unpickler(file)
        tensors = unpickler.load()
        storages: dict[str, NDArray[Any]] = {}
        for key in _Unpickler(file).load():
            count = int.from_bytes(file.read(8), "little")
            dtype = unpickler.dtypes[key]
            storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype, count)
        if not isinstance(tensors, dict) or not all(isinstance(name, str) for name in tensors):
            raise ValueError("it holds no arrays by name")
        return {name: _array(tensor, storages) for name, tensor in tensors.items()}
    except Exception as error:  # a damaged pickle makes the unpickler raise nearly anything
        what = ascii(str(error))[1:-1][:200] or type(error).__name__
        raise SrganEdgeError(f"{path}: not weights in PyTorch's old file format: {what}") from error


def _array(tensor: Any, storages: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """A view of a storage, within its bounds."""
    if not isinstance(tensor, _Tensor):
        raise ValueError("something else than an array")
    storage, (_, offset, shape, strides) = storages[tensor.storage], tensor
    numbers = (offset, *shape, *strides)
    if any(type(n) is not int or not 0 <= n <= _MOST_BYTES for n in numbers) or len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"an array of shape {shape}")
    last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if math.prod(shape) > storage.size or (math.prod(shape) and last >= storage.size):
        raise ValueError(f"an array of shape {shape} beyond its {storage.size} numbers")
    if not math.prod(shape):
        return np.empty(shape, storage.dtype)
    steps = [s * storage.itemsize for s in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)
