"""What a photo's file says beside its pixels: read, cleaned of what its result would contradict, written."""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import dataclass
from typing import Any

from PIL import Image, PngImagePlugin
from PIL.ExifTags import IFD, Base

from srgan_edge.imaging.png_chunks import chunks

_ORIENTATION, _MAKER_NOTE = Base.Orientation, Base.MakerNote
_RESOLUTION = {Base.XResolution, Base.YResolution, Base.ResolutionUnit}
_EXIF_IFD, _GPS_IFD, _INTEROP_IFD = IFD.Exif, IFD.GPSInfo, IFD.Interop
_SIZE_TAGS = {Base.ImageWidth: 0, Base.ImageLength: 1}
_SIZE_TAGS_EXIF = {Base.ExifImageWidth: 0, Base.ExifImageHeight: 1}
# Of a TIFF file: how its pixels are stored and where, XMP, Photoshop's resources, profile; where a map's pixels lie.
_STRUCTURE = {
    *(254, 255, 258, 259, 262, 263, 264, 265, 266, 273, 275, 277, 278, 279, 280, 281, 284, *range(288, 294)),
    *(297, 301, 317, 320, 321, 322, 323, 324, 325, 326, 327, 328, 330, 332, 333, 334, *range(336, 348)),
    *(*range(512, 522), 529, 530, 531, 532, 700, 34377, 34675, 37724),
    *(33550, 33922, 34264, 50838, 50839),
}
# Of one JPEG segment, its own name left out.
_MOST_EXIF, _MOST_XMP, _MOST_COMMENT = 65533, 65504, 65533
_XMP_KEY = "XML:com.adobe.xmp"
_XMP_ORIENTATION = re.compile(rb'(tiff:Orientation(?:="|>))[0-9]')


@dataclass(frozen=True)
class Metadata:
    """What is written into the result again."""

    icc: bytes | None = None
    """The colour profile of the pixels."""
    exif: bytes | None = None
    """EXIF, `Exif\\0\\0` first, without orientation, which is applied to the pixels."""
    xmp: bytes | None = None
    """XMP, without orientation."""
    dpi: tuple[float, float] | None = None
    """Pixels an inch, across and down."""
    comment: bytes | None = None
    """A JPEG's or GIF's comment."""
    text: tuple[tuple[str, str], ...] = ()
    """A PNG's keywords and texts."""


def orientation(image: Image.Image, decode: bool = True) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none that can be read.

    Pillow decodes a whole PNG for it, as EXIF may follow the pixels; without `decode` they are passed over.
    """
    try:
        known = image.format != "PNG" or not {"exif", "Raw profile type exif"}.isdisjoint(image.info)
        exif = image.getexif() if known or decode else _late_exif(image)
        value = exif.get(_ORIENTATION, 1)
    except Exception:  # damaged in one of many ways
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _late_exif(image: Image.Image) -> Image.Exif:
    """Of a PNG."""
    exif, file = Image.Exif(), getattr(image, "fp", None)
    assert file is not None
    for kind, length in chunks(file):
        if kind == b"eXIf":
            exif.load(b"Exif\0\0" + file.read(length))
            break
    return exif


def of(image: Image.Image, notes: list[str]) -> Metadata:
    """The metadata of an image, but its colour profile; what is damaged is left out and noted."""
    info = image.info
    try:
        exif = _cleaned(image.getexif(), from_tiff=image.format == "TIFF")
    except Exception:  # damaged in one of many ways
        exif = None
        notes.append("damaged EXIF dropped")
    xmp = info.get("xmp")
    if isinstance(xmp, str):
        xmp = xmp.encode("utf-8", "surrogateescape")
    comment = info.get("comment")
    texts = getattr(image, "text", {}) if image.format == "PNG" else {}
    return Metadata(
        exif=exif,
        xmp=_XMP_ORIENTATION.sub(rb"\g<1>1", xmp) if isinstance(xmp, bytes) else None,
        dpi=_resolution(info.get("dpi"), notes),
        comment=comment if isinstance(comment, bytes) and comment else None,
        text=tuple((k, str(v)) for k, v in texts.items() if k != _XMP_KEY and not k.startswith("Raw profile type")),
    )


def _resolution(dpi: Any, notes: list[str]) -> tuple[float, float] | None:
    if dpi is None:
        return None
    with contextlib.suppress(TypeError, ValueError, ZeroDivisionError, OverflowError):
        across, down = map(float, dpi)
        if across <= 1 and down <= 1:
            return None  # a TIFF's way of not knowing it
        if all(math.isfinite(value) and 1 <= value <= 65535 for value in (across, down)):
            return across, down
    notes.append("damaged resolution dropped")
    return None


def _cleaned(exif: Image.Exif, from_tiff: bool) -> bytes | None:
    dropped = _STRUCTURE | {_ORIENTATION, _EXIF_IFD, _GPS_IFD, _INTEROP_IFD} | (set(_SIZE_TAGS) if from_tiff else set())
    kept = Image.Exif()
    for tag, value in exif.items():
        if tag not in dropped:
            kept[tag] = value
    if from_tiff and set(kept) <= _RESOLUTION:
        kept = Image.Exif()  # every TIFF file has these
    inner = dict(exif.get_ifd(_EXIF_IFD))
    inner.pop(_INTEROP_IFD, None)
    if inner and (interop := exif.get_ifd(_INTEROP_IFD)):
        inner[_INTEROP_IFD] = dict(interop)
    gps = dict(exif.get_ifd(_GPS_IFD))
    if not (len(kept) or inner or gps):
        return None
    for number, directory in ((_EXIF_IFD, inner), (_GPS_IFD, gps)):
        if directory:
            kept.get_ifd(number).update(directory)
    # Once more by what it has become: what is written again later must be readable.
    again = loaded(kept.tobytes())
    return again.tobytes()


def loaded(exif: bytes) -> Image.Exif:
    """EXIF as Pillow's object, all of it read."""
    found = Image.Exif()
    found.load(exif)
    for number in (_EXIF_IFD, _GPS_IFD):
        if number in found:
            found.get_ifd(number)
    return found


def sized_exif(metadata: Metadata, width: int, height: int) -> Image.Exif | None:
    """EXIF whose sizes, where it says any, are those of the result."""
    if metadata.exif is None:
        return None
    exif = loaded(metadata.exif)
    inner = exif.get_ifd(_EXIF_IFD) if _EXIF_IFD in exif else {}
    for tags, directory in ((_SIZE_TAGS, exif), (_SIZE_TAGS_EXIF, inner)):
        for tag, side in tags.items():
            if tag in directory:
                directory[tag] = (width, height)[side]
    return exif


def info(metadata: Metadata, width: int, height: int) -> dict[str, Any]:
    """What Pillow's `info` of an opened image of that size has; no texts, whose keywords can be its other names."""
    given = _named(metadata, sized_exif(metadata, width, height))
    given.pop("text", None)
    return given


def _named(metadata: Metadata, exif: Image.Exif | None) -> dict[str, Any]:
    """What there is, by Pillow's names."""
    given = {
        "icc_profile": metadata.icc,
        "exif": exif.tobytes() if exif else None,
        "xmp": metadata.xmp,
        "dpi": metadata.dpi,
        "comment": metadata.comment,
        "text": metadata.text,
    }
    return {key: value for key, value in given.items() if value}


def options(metadata: Metadata, name: str, width: int, height: int) -> tuple[dict[str, Any], list[str]]:
    """What Pillow is told when it writes a format, and notes of what the format does not hold."""
    exif = sized_exif(metadata, width, height)
    given = _named(metadata, exif)
    held = _HELD[name]
    words = [_WORDS[key] for key in given if key not in held and key in _WORDS]
    notes = [f"{' and '.join(words)} not kept: {name} holds none"] if words else []
    kept = {key: value for key, value in given.items() if key in held}
    if name == "JPEG":
        notes += _fit_jpeg(kept, exif)
    if name == "PNG":
        kept |= _png_text(kept)
    if "dpi" in kept:
        kept["dpi"] = tuple(round(value) for value in kept["dpi"]) if name in ("JPEG", "BMP") else kept["dpi"]
    return kept, notes


_WORDS = {"icc_profile": "colour profile", "exif": "EXIF", "xmp": "XMP", "comment": "comment", "text": "texts"}
_HELD = {
    "JPEG": {"icc_profile", "exif", "xmp", "dpi", "comment"},
    "PNG": {"icc_profile", "exif", "xmp", "dpi", "comment", "text"},
    "WEBP": {"icc_profile", "exif", "xmp"},
    "AVIF": {"icc_profile", "exif", "xmp"},
    "TIFF": {"icc_profile", "exif", "xmp", "dpi"},
    "BMP": {"dpi"},
}


def _fit_jpeg(kept: dict[str, Any], exif: Image.Exif | None) -> list[str]:
    """Leave out what is longer than a segment of a JPEG."""
    notes = []
    if exif and len(kept["exif"]) > _MOST_EXIF:
        note = exif.get_ifd(_EXIF_IFD).pop(_MAKER_NOTE, None) if _EXIF_IFD in exif else None
        kept["exif"] = exif.tobytes()
        if note is None or len(kept["exif"]) > _MOST_EXIF:
            del kept["exif"]
            notes.append("EXIF not kept: too long for JPEG")
        else:
            notes.append("the maker's note in EXIF not kept: too long for JPEG")
    for key, most in (("xmp", _MOST_XMP), ("comment", _MOST_COMMENT)):
        if len(kept.get(key, b"")) > most:
            del kept[key]
            notes.append(f"{_WORDS[key]} not kept: too long for JPEG")
    return notes


def _png_text(kept: dict[str, Any]) -> dict[str, Any]:
    text = PngImagePlugin.PngInfo()
    for key, value in kept.pop("text", ()):
        text.add_itxt(key, value)
    if comment := kept.pop("comment", None):
        text.add_itxt("Comment", comment.decode("utf-8", "replace"))
    if xmp := kept.pop("xmp", None):
        text.add_itxt(_XMP_KEY, xmp.decode("utf-8", "replace"))
    return {"pnginfo": text}
