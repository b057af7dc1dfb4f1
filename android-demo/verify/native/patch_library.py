"""Makes the AAR's x86_64 library, built for Android's C library, loadable by glibc's linker.

    python3 patch_library.py AAR/jni/x86_64/libtensorflowlite_jni.so PATCHED.so

Only the dynamic section and its string table change, in place; no instruction does:

- Entries for symbol versions go (Android's version is "LIBC"), and so do the needed libraries but liblog.so: libc.so,
  libm.so and libdl.so are glibc's, which the JVM has loaded. liblog.so is bionic.c, which has what glibc has not.
- Two imported functions get names that bionic.c exports: `sysconf`, whose constants differ, and `dlsym`, which on
  Android also searches the caller's own library.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

PT_LOAD, PT_DYNAMIC = 1, 2
DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_DEBUG = 1, 5, 10, 21
# DT_VERSYM, DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM
VERSIONS = {0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF}
RENAMED = {b"sysconf": b"sysconX", b"dlsym": b"dlsyX"}
EM_X86_64 = 62


class Elf:
    """A 64-bit little-endian ELF file's program headers and dynamic section (System V ABI, chapters 4 and 5)."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)
        (machine,) = struct.unpack_from("<H", self.content, 18)
        if self.content[:6] != b"\x7fELF\x02\x01" or machine != EM_X86_64:
            raise ValueError("not an x86_64 ELF file")
        (start,) = struct.unpack_from("<Q", self.content, 32)
        size, count = struct.unpack_from("<HH", self.content, 54)
        # type, flags, offset, virtual address, physical address, size in the file, ...
        self.segments = [struct.unpack_from("<IIQQQQ", self.content, start + index * size) for index in range(count)]

    def offset(self, address: int) -> int:
        """Where in the file an address of the loaded library lies."""
        for kind, _, offset, begin, _, size in self.segments:
            if kind == PT_LOAD and begin <= address < begin + size:
                return offset + address - begin
        raise ValueError(f"no segment holds {address:#x}")

    def dynamic(self) -> Iterator[tuple[int, int, int]]:
        """Place, tag and value of each entry of the dynamic section."""
        _, _, start, _, _, size = next(segment for segment in self.segments if segment[0] == PT_DYNAMIC)
        for place in range(start, start + size, 16):
            yield place, *struct.unpack_from("<QQ", self.content, place)


def patched(library: bytes) -> bytes:
    """The library for glibc.

    Raises:
        ValueError: it is no x86_64 library, or imports nothing that is to be renamed.
    """
    elf = Elf(library)
    values = {tag: value for _, tag, value in elf.dynamic()}
    strings = elf.offset(values[DT_STRTAB])
    end = strings + values[DT_STRSZ]

    def name(start: int) -> bytes:
        return bytes(elf.content[strings + start : elf.content.index(0, strings + start)])

    for place, tag, value in list(elf.dynamic()):
        if tag in VERSIONS or (tag == DT_NEEDED and name(value) != b"liblog.so"):
            struct.pack_into("<QQ", elf.content, place, DT_DEBUG, 0)  # an entry that linkers skip in a library
    for old, new in RENAMED.items():
        start = elf.content.find(b"\0" + old + b"\0", strings - 1, end)
        if start < 0:
            raise ValueError(f"the library does not import {old.decode()}")
        elf.content[start + 1 : start + 1 + len(new)] = new
    return bytes(elf.content)


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(patched(Path(sys.argv[1]).read_bytes()))
