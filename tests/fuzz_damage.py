"""How fuzz.py damages a file of any kind."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

Case = Callable[[random.Random, Path], None]


def mutated(r: random.Random, content: bytes, structure: int | None = None) -> bytes:
    """Bits flipped, numbers set to extremes, pieces cut, copied, overwritten; mostly where the structure is."""
    data = bytearray(content)
    for _ in range(r.choice((1, 1, 2, 3, 8, 30))):
        if not data:
            break
        place = r.randrange(min(len(data), structure)) if structure and r.random() < 0.7 else r.randrange(len(data))
        kind = r.randrange(8)
        if kind == 0:
            data[place] ^= 1 << r.randrange(8)
        elif kind == 1:
            data[place] = r.randrange(256)
        elif kind == 2:
            number = r.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE))
            data[place : place + 4] = struct.pack(r.choice("<>") + "I", number)[: len(data) - place]
        elif kind == 3:
            number = r.choice((0, 1, 2, 255, 256, 0x7FFF, 0x8000, 0xFFFF))
            data[place : place + 2] = struct.pack(r.choice("<>") + "H", number)[: len(data) - place]
        elif kind == 4:
            del data[place : place + r.randrange(1, 64)]
        elif kind == 5:
            data[place:place] = data[r.randrange(len(data)) :][: r.randrange(1, 64)]
        elif kind == 6:
            data[place : place + 16] = r.randbytes(min(16, len(data) - place))
        elif r.random() < 0.3:
            del data[place:]
    return bytes(data)
