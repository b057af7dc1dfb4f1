"""PNG, JPEG and TIFF from strips: what Pillow encodes of each is joined to one file."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL import TiffImagePlugin as Tiff
from PIL.ExifTags import IFD

from srgan_edge.imaging import Bytes
from srgan_edge.imaging.images import MODES, image_of
from srgan_edge.imaging.metadata import Metadata, loaded
from srgan_edge.imaging.png_chunks import SIGNATURE, chunks

# 3 times faster than Pillow's default of 6 for 2 % more bytes.
_PNG_LEVEL = 4
# Rows that hold 8 MCU rows of either subsampling: restart markers are numbered modulo 8.
_JPEG_ROWS = 128
# Bytes of pixels in a strip of a TIFF, about.
_TIFF_STRIP = 2**18
# A place beyond is not held by 32 bits: the file becomes a BigTIFF.
_TIFF_MOST = 2**32 - 2**20
# Pillow moves the strips that it is told of behind the tags; of a tag without a name it knows nothing.
_STAND_IN = 275


@dataclass(frozen=True)
class Header:
    """A file to be: everything but its pixels."""

    width: int
    height: int
    channels: int = 3
    """Of each pixel: L, LA, RGB or RGBA."""
    metadata: Metadata = field(default_factory=Metadata)

    @property
    def alpha(self) -> bool:
        """Whether the last channel is transparency."""
        return self.channels in (2, 4)


class _Blocks:
    """Strips of any height as blocks of one height, the last one lower."""

    def __init__(self, rows: int) -> None:
        self.rows, self.rest = rows, list[Bytes]()

    def add(self, strip: Bytes) -> Iterator[Bytes]:
        """The blocks that are complete with these rows."""
        rows = np.concatenate([*self.rest, strip]) if self.rest else strip
        whole = len(rows) // self.rows * self.rows
        for row in range(0, whole, self.rows):
            yield rows[row : row + self.rows]
        self.rest = [rows[whole:].copy()] if whole < len(rows) else []


class PngStrips:
    """Pillow writes the header and filters each strip's rows; the strips share one zlib stream."""

    def __init__(self, file: BinaryIO, header: Header, name: str, options: dict[str, Any]) -> None:
        self.file, self.header = file, header
        self.deflate = zlib.compressobj(_PNG_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
        self.last: Bytes | None = None
        sample = Image.new(MODES[header.channels], (header.width, 1))
        file.write(SIGNATURE)
        for kind, data in _png_chunks(sample, options):
            if kind == b"IHDR":
                data = data[:4] + struct.pack(">I", header.height) + data[8:]
            if kind not in (b"IDAT", b"IEND"):
                self._chunk(kind, data)

    def write(self, strip: Bytes) -> None:
        """Add rows, `(n, width, channels)` bytes."""
        # A row is filtered by the one above it, which goes along from the strip before; its own bytes are dropped.
        above = 0 if self.last is None else 1
        rows = strip if self.last is None else np.concatenate([self.last, strip])
        data = b"".join(d for kind, d in _png_chunks(image_of(rows), {"compress_level": 0}) if kind == b"IDAT")
        self.last = strip[-1:].copy()
        filtered = memoryview(zlib.decompress(data))[above * (1 + self.header.width * self.header.channels) :]
        self._chunk(b"IDAT", self.deflate.compress(filtered))

    def finish(self) -> None:
        """Write what is left, and the end."""
        self._chunk(b"IDAT", self.deflate.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, data: bytes) -> None:
        if data or kind != b"IDAT":
            self.file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))


class JpegStrips:
    """Strips encoded as JPEGs of their own with a restart marker after each row of blocks, joined by their markers.

    A restart forgets all that came before (ITU-T T.81, section F.1.1.5.1), so the scans can simply follow each other.
    """

    def __init__(self, file: BinaryIO, header: Header, name: str, options: dict[str, Any]) -> None:
        self.file, self.header, self.options = file, header, options
        self.blocks = _Blocks(_JPEG_ROWS)
        self.begun = False

    def write(self, strip: Bytes) -> None:
        """Add rows, `(n, width, channels)` bytes."""
        for block in self.blocks.add(strip):
            self._scan(block)

    def finish(self) -> None:
        """Write what is left, and the end."""
        for rest in self.blocks.rest:
            self._scan(rest)
        self.file.write(b"\xff\xd9")

    def _scan(self, rows: Bytes) -> None:
        buffer = io.BytesIO()
        image_of(rows).save(buffer, "JPEG", restart_marker_rows=1, **self.options)
        data = buffer.getvalue()
        start = _scan_start(data)
        if not self.begun:
            frame = data.index(b"\xff\xc0", 2 + self._metadata(data))
            head = data[: frame + 5] + struct.pack(">H", self.header.height) + data[frame + 7 : start]
            self.file.write(head)
            # The rest need no metadata of their own.
            self.options = {k: v for k, v in self.options.items() if k in ("quality", "subsampling")}
        else:
            self.file.write(b"\xff\xd7")  # RST7, after each eighth row of blocks
        self.begun = True
        self.file.write(data[start:-2])

    def _metadata(self, data: bytes) -> int:
        """Bytes of the segments before the first table: an EXIF thumbnail may hold a frame header of its own."""
        place = 2
        while data[place] == 0xFF and (0xE0 <= data[place + 1] <= 0xEF or data[place + 1] == 0xFE):
            place += 2 + struct.unpack_from(">H", data, place + 2)[0]
        return place - 2


class TiffStrips:
    """Strips with horizontal differences, deflated (TIFF 6.0, section 14; Adobe's deflate); the tags come last."""

    def __init__(self, file: BinaryIO, header: Header, name: str, options: dict[str, Any]) -> None:
        self.file, self.header, self.options = file, header, options
        self.blocks = _Blocks(max(1, _TIFF_STRIP // (header.width * header.channels)))
        self.places, self.lengths = list[int](), list[int]()
        file.write(bytes(16))  # a BigTIFF's header, the longer one

    def write(self, strip: Bytes) -> None:
        """Add rows, `(n, width, channels)` bytes."""
        for block in self.blocks.add(strip):
            self._strip(block)

    def finish(self) -> None:
        """Write what is left, the tags and the header."""
        for rest in self.blocks.rest:
            self._strip(rest)
        place = self.file.tell() + self.file.tell() % 2
        big = place > _TIFF_MOST
        head = struct.pack("<2sHHHQ", b"II", 43, 8, 0, place) if big else struct.pack("<2sHI", b"II", 42, place)
        tags = bytearray(self._tags(head, 16 if big else 4).tobytes(place))
        start, step = (8, 20) if big else (2, 12)
        entry = next(e for e in range(start, len(tags), step) if tags[e : e + 2] == struct.pack("<H", _STAND_IN))
        tags[entry : entry + 2] = struct.pack("<H", Tiff.STRIPOFFSETS)
        self.file.seek(place)
        self.file.write(tags)
        self.file.seek(0)
        self.file.write(head)

    def _strip(self, rows: Bytes) -> None:
        differences = rows.copy()
        differences[:, 1:] -= rows[:, :-1]
        data = zlib.compress(differences.tobytes(), _PNG_LEVEL)
        self.places.append(self.file.tell())
        self.lengths.append(len(data))
        self.file.write(data)

    def _tags(self, head: bytes, integer: int) -> Tiff.ImageFileDirectory_v2:
        header, tags = self.header, Tiff.ImageFileDirectory_v2(ifh=head)
        if "exif" in self.options:
            exif = loaded(self.options["exif"])
            for tag, value in exif.items():
                if tag not in (IFD.Exif, IFD.GPSInfo):
                    tags[tag] = value
            for tag in (IFD.Exif, IFD.GPSInfo):
                if tag in exif:
                    tags[tag] = dict(exif.get_ifd(tag))
        tags[Tiff.IMAGEWIDTH], tags[Tiff.IMAGELENGTH] = header.width, header.height
        tags[Tiff.BITSPERSAMPLE] = (8,) * header.channels
        tags[Tiff.COMPRESSION] = 8  # deflate
        tags[Tiff.PHOTOMETRIC_INTERPRETATION] = 1 if header.channels < 3 else 2  # black is zero, or RGB
        tags[Tiff.SAMPLESPERPIXEL] = header.channels
        tags[Tiff.ROWSPERSTRIP] = self.blocks.rows
        tags[Tiff.PLANAR_CONFIGURATION] = 1  # channels beside each other
        tags[Tiff.PREDICTOR] = 2  # horizontal differences
        if header.alpha:
            tags[Tiff.EXTRASAMPLES] = 2  # not premultiplied
        for tag, values in ((_STAND_IN, self.places), (Tiff.STRIPBYTECOUNTS, self.lengths)):
            tags.tagtype[tag] = integer
            tags[tag] = tuple(values)
        if "dpi" in self.options:
            tags[Tiff.X_RESOLUTION], tags[Tiff.Y_RESOLUTION] = self.options["dpi"]
            tags[Tiff.RESOLUTION_UNIT] = 2  # inch
        for tag, kind, name in ((Tiff.ICCPROFILE, 7, "icc_profile"), (Tiff.XMP, 1, "xmp")):
            if name in self.options:
                tags.tagtype[tag] = kind
                tags[tag] = self.options[name]
        return tags


def _scan_start(data: bytes) -> int:
    place = 2
    while data[place + 1] != 0xDA:  # start of scan
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    return place + 2 + struct.unpack_from(">H", data, place + 2)[0]


def _png_chunks(image: Image.Image, options: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return ((kind, buffer.read(length)) for kind, length in chunks(buffer))
