"""How much there is in a .tflite file once it is unpacked: a few bytes may be the same part of it many times over.

A flatbuffer holds its tables, strings and vectors by their offsets. Nothing says that two offsets differ, so that 8 KB
that name one table a thousand times a thousand times unpack to a million objects. No writer of models does that.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

# Unions, and what holds them where that has another name.
_UNIONS = {"Details": "QuantizationDetails", "ArraySegments": "SparseIndexVector", "ArrayIndices": "SparseIndexVector"}
# A table takes an offset to it and one of its own to what is in it.
_TABLE = 8


class OverfullError(ValueError):
    """More is in a file than it has room for."""

    def __init__(self) -> None:
        """Say it as what follows the file's name."""
        super().__init__("unpacked there is more in it than a file of its size can hold")


def check_size(schema: Any, data: bytes) -> None:
    """Raise OverfullError if a model's parts, each counted as often as it is used, are larger than its file."""
    left, tables = len(data), [iter([schema.Model.GetRootAs(data, 0)])]
    while tables:
        reader = next(tables[-1], None)
        if reader is None:
            tables.pop()
            continue
        left -= _TABLE
        for name in _fields(schema, type(reader)):
            if length := getattr(reader, f"{name}Length", None):
                left -= (count := length())  # of bytes at least
                if left >= 0 and not hasattr(reader, f"{name}AsNumpy"):
                    tables.append(_parts(reader, name, count))
            elif isinstance(part := getattr(reader, name)(), bytes):
                left -= len(part)
            elif hasattr(part, "Pos"):
                tables.append(iter(_member(schema, reader, name, part)))
            elif hasattr(part, "_tab"):
                tables.append(iter([part]))
        if left < 0:
            raise OverfullError


def _parts(reader: Any, name: str, count: int) -> Iterator[Any]:
    return (part for index in range(count) if (part := getattr(reader, name)(index)) is not None)


def _member(schema: Any, reader: Any, name: str, part: Any) -> list[Any]:
    """The table that a union holds, unless it is of a kind that the schema does not know."""
    kinds = _kinds(getattr(schema, _UNIONS.get(name, name)))
    kind = kinds.get(getattr(reader, f"{name}Type")())
    if kind is None:
        return []
    member = getattr(schema, kind)()
    member.Init(part.Bytes, part.Pos)
    return [member]


@cache
def _kinds(union: Any) -> dict[int, str]:
    return {value: name for name, value in vars(union).items() if isinstance(value, int) and value}


@cache
def _fields(schema: Any, table: type) -> list[str]:
    """The names of a table's fields, by those of what it unpacks to."""
    return [name[0].upper() + name[1:] for name in vars(getattr(schema, f"{table.__name__}T")())]
