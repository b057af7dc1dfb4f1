"""Reading PyTorch's old file format of weights without PyTorch."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srgan_edge.errors import SrganEdgeError

# torch.serialization.MAGIC_NUMBER and the version of the format before the zip one.
_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Tensor(NamedTuple):
    """A tensor whose numbers come later in the file."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Unpickler(pickle.Unpickler):
    """Builds tensors, dictionaries and nothing else: a pickle may name any function to call."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.dtypes: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: _Tensor(storage, offset, shape, strides)
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} does not belong in a file of weights")

    def persistent_load(self, pid: Any) -> str:
        kind, dtype, key = pid[:3]
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown kind {kind}")
        self.dtypes[key] = dtype
        return key


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a state dict that `torch.save` wrote before version 1.6, by name.

    The format (torch/serialization.py, `_legacy_load`): pickles of magic number, version, system and
    state dict, whose storages are references; a pickle of their keys; each storage's count and numbers.

    Raises:
        SrganEdgeError: the file is not of this format.
    """
    try:
        with path.open("rb") as file:
            if pickle.Unpickler(file).load() != _MAGIC or pickle.Unpickler(file).load() != _VERSION:
                raise pickle.UnpicklingError("another magic number or version")
            _Unpickler(file).load()
            unpickler = _Unpickler(file)
            tensors = unpickler.load()
            storages: dict[str, NDArray[Any]] = {}
            for key in _Unpickler(file).load():
                count = int.from_bytes(file.read(8), "little")
                dtype = unpickler.dtypes[key]
                storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype, count)
        return {name: _array(tensor, storages[tensor.storage]) for name, tensor in tensors.items()}
    except (pickle.UnpicklingError, EOFError, KeyError, ValueError, AttributeError, IndexError, TypeError) as error:
        raise SrganEdgeError(f"{path}: not weights in PyTorch's old file format: {error}") from error


def _array(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    strides = [s * storage.itemsize for s in tensor.strides]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False)
