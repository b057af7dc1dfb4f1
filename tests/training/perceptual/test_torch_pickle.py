"""Files of weights: read within their bounds, and nothing of them is run."""

from __future__ import annotations

import hashlib
import pickle
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srgan_edge.errors import SrganEdgeError
from srgan_edge.training.perceptual.torch_pickle import read_state_dict

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001


def weights(
    offset: int = 0, shape: tuple[int, ...] = (3, 4), strides: tuple[int, ...] = (4, 1), count: int = 12
) -> bytes:
    """What torch.save wrote of {"w": a tensor}, by hand."""

    def number(value: int) -> bytes:
        return b"\x8a\x08" + struct.pack("<q", value)

    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    head = b"".join(pickle.dumps(x, 2) for x in (MAGIC, VERSION, {"little_endian": True}))
    pid = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" + b"0X\3\0\0\0cpu" + number(12) + b"t"
    state = b"\x80\2}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(" + pid + b"Q" + number(offset)
    state += numbers(shape) + numbers(strides) + b"\x89}tRs."
    return head + state + pickle.dumps(["0"], 2) + struct.pack("<q", count) + np.arange(12, dtype="<f4").tobytes()


def read(folder: Path, content: bytes, sha256: str | None = None) -> dict[str, Any]:
    (folder / "x.pth").write_bytes(content)
    return read_state_dict(folder / "x.pth", sha256)


def test_an_array_as_torch_saves_it(tmp_path: Path) -> None:
    assert np.array_equal(read(tmp_path, weights())["w"], np.arange(12).reshape(3, 4))
    turned = read(tmp_path, weights(1, (4, 2), (1, 4)))["w"]
    assert turned.tolist() == [[1, 5], [2, 6], [3, 7], [4, 8]]
    assert read(tmp_path, weights(shape=(0, 4)))["w"].shape == (0, 4)


@pytest.mark.parametrize("slot", range(5))
@pytest.mark.parametrize("how", ["call", "build", "newobj"])
def test_no_pickle_of_a_file_runs_anything(tmp_path: Path, slot: int, how: str) -> None:
    mark = tmp_path / "touched"

    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (mark,)) if how == "call" else (bytearray, (3,), {"x": 1})

    evil = pickle.dumps(Evil(), 2) if how != "newobj" else b"\x80\2cpathlib\nPath\n)\x81."
    parts = [pickle.dumps(part, 2) for part in (MAGIC, VERSION, {}, {}, [])]
    parts[slot] = evil
    with pytest.raises(SrganEdgeError, match=r"x\.pth: not weights in PyTorch's old file format: .* does not belong"):
        read(tmp_path, b"".join(parts))
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        weights(offset=1),
        weights(offset=-1),
        weights(shape=(3, 2**40)),
        weights(shape=(2**62, 4)),
        weights(strides=(2**60, 1)),
        weights(strides=(-4, 1)),
        weights(shape=(2**20, 4), strides=(0, 1)),
        weights(shape=(3,) * 9, strides=(0,) * 9),
        weights(shape=(3, 4, 1)),
        weights(count=2**62),
        weights(count=-1),
        weights()[:-4],
        b"",
        pickle.dumps(MAGIC, 2) + b"\x80\2\x96" + struct.pack("<Q", 2**40) + b".",  # a bytearray of a terabyte
        pickle.dumps(MAGIC, 2) + b"\x80\2Kr" + struct.pack("<I", 2**32 - 1) + b".",  # a memo of four billion
        b"(" * 10**5 + b"t" * 10**5 + b".",
    ],
    ids=range(16),
)
def test_bounds(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SrganEdgeError, match=r"x\.pth: not weights in PyTorch's old file format") as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    whole = weights()
    for seed in range(400):
        draw = random.Random(seed)
        content = bytearray(whole)
        for _ in range(draw.choice((1, 2, 8))):
            content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            for array in read(tmp_path, bytes(content)).values():
                array.sum()
        except SrganEdgeError as error:
            assert "\n" not in str(error)


def test_a_known_file_is_what_it_was(tmp_path: Path) -> None:
    known = hashlib.sha256(weights()).hexdigest()
    assert read(tmp_path, weights(), known)["w"].shape == (3, 4)
    other = bytearray(weights())
    other[-3] ^= 1
    with pytest.raises(SrganEdgeError, match=r"x\.pth: is damaged, or another file"):
        read(tmp_path, bytes(other), known)
    with pytest.raises(SrganEdgeError, match=r"none\.pth: cannot be read: No such file"):
        read_state_dict(tmp_path / "none.pth")
