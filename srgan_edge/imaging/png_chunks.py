"""The chunks of a PNG file (PNG, third edition, section 5.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The kind of each chunk and the length of its data, where the file stands; what of them is not read is skipped."""
    place = len(SIGNATURE)
    file.seek(place)
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        yield kind, length
        place += 12 + length
        file.seek(place)
