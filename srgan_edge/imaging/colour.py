"""What colours a file's numbers stand for: profiles, code points (cICP, nclx), and a PNG's gAMA and cHRM."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from srgan_edge.imaging import Bytes
from srgan_edge.imaging.header import Coding

Curve = Callable[[NDArray[Any]], NDArray[Any]]

# Modes that the models take only as RGB.
CONVERTED = ("CMYK", "YCbCr", "LAB", "HSV")
_SPACES = {"CMYK": "CMYK", "LAB": "Lab", "YCbCr": "YCbr", "HSV": "HSV"}
_SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
# ITU-T H.273, table 2: x and y of white, red, green and blue.
_PRIMARIES = {
    1: _SRGB,
    5: (0.3127, 0.329, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (0.3127, 0.329, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (0.3127, 0.329, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    12: (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
_HDR = {16: "PQ", 18: "HLG"}
# A gAMA this near to 1 / 2.2 is what sRGB writes.
_USUAL_GAMMA, _NEAR = 1 / 2.2, 0.02


@dataclass(frozen=True)
class Rules:
    """How a file's numbers become those of its result."""

    profile: bytes | None = None
    """The colour profile that the result's bytes are in; None = sRGB."""
    curve: Curve | None = None
    """From the file's numbers to the result's, both in 0..1."""
    transform: Any = None
    """ImageCms's, to RGB."""

    @cached_property
    def table(self) -> Bytes | None:
        """The curve of bytes."""
        return None if self.curve is None else np.rint(255 * self.curve(np.arange(256) / 255)).astype(np.uint8)

    def converted(self, part: Image.Image) -> Image.Image:
        """An image of a mode of `CONVERTED` as RGB."""
        if self.transform is not None:
            done = ImageCms.applyTransform(part, self.transform)
            if done is not None:
                return done
        return part.convert("RGB")


def rules_of(image: Image.Image, coding: Coding, notes: list[str]) -> Rules:
    """The rules of an image; what is wrong with its profile is added to the notes.

    Raises:
        ValueError: its colours are of a kind that 8 bits cannot hold, or that is not known.
    """
    icc: bytes | None = image.info.get("icc_profile") or None
    profile = _parsed(icc, image.mode, notes) if icc else None
    if image.mode in CONVERTED:
        return Rules(transform=_transform(image.mode, profile))
    icc = icc if profile else None
    grey = image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I")
    points = coding.code_points
    if points is not None and points[1] in _HDR:
        raise ValueError(f"an HDR picture ({_HDR[points[1]]}), which 8 bits do not hold")
    # Before a profile in PNG (third edition, section 4.3); beside one in AVIF and HEIC they are there for their matrix.
    if points is not None and (image.format == "PNG" or icc is None):
        return _rules_by_code_points(points, grey)
    if image.format == "PNG" and icc is None and "srgb" not in image.info:
        return _rules_by_gamma(image, grey)
    return Rules(icc)


def _parsed(icc: bytes, mode: str, notes: list[str]) -> ImageCms.ImageCmsProfile | None:
    grey = mode in ("1", "L", "LA", "La") or mode.startswith(("I", "F"))
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        space = str(getattr(profile.profile, "xcolor_space", "")).strip()
    except Exception:  # as many kinds as Pillow has versions
        notes.append("damaged colour profile dropped")
        return None
    if space != _SPACES.get(mode, "GRAY" if grey else "RGB"):
        notes.append(f"colour profile for {space} dropped")
        return None
    return profile


def _transform(mode: str, profile: ImageCms.ImageCmsProfile | None) -> Any:
    if mode == "LAB" and profile is None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    if profile is None or mode not in ("CMYK", "LAB"):
        return None  # the plain formula is what viewers use too
    try:
        return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
    except ImageCms.PyCMSError:
        return None


def _rules_by_code_points(points: tuple[int, int, int, int], grey: bool) -> Rules:
    primaries, transfer, matrix, full = points
    if primaries not in _PRIMARIES or transfer not in _TO_LIGHT or matrix != 0:
        raise ValueError(
            f"its colours are of an unknown kind (primaries {primaries}, transfer {transfer}, matrix {matrix} of H.273)"
        )
    profile, curve = None if grey else _profile(_PRIMARIES[primaries]), _TO_LIGHT[transfer]
    if curve is None and full:
        return Rules(profile)
    to_light = curve or _srgb_to_light

    def displayed(values: NDArray[Any]) -> NDArray[Any]:
        spread = values if full else np.clip((values * 255 - 16) / 219, 0, 1)
        return _from_light(to_light(spread))

    return Rules(profile, displayed)


def _rules_by_gamma(image: Image.Image, grey: bool) -> Rules:
    """By gAMA and cHRM of a PNG."""
    chromaticity = tuple(image.info.get("chromaticity", ()))
    profile = _profile(chromaticity) if len(chromaticity) == 8 and not grey else None
    gamma = image.info.get("gamma")
    if gamma is None or not 0.05 < gamma < 20 or abs(gamma - _USUAL_GAMMA) < _NEAR:
        return Rules(profile)
    return Rules(profile, lambda values: _from_light(values ** (1 / gamma)))


def _srgb_to_light(values: NDArray[Any]) -> NDArray[Any]:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _from_light(light: NDArray[Any]) -> NDArray[Any]:
    """The sRGB transfer function, IEC 61966-2-1."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def _bt709_to_light(values: NDArray[Any]) -> NDArray[Any]:
    return np.where(values < 0.081, values / 4.5, ((values + 0.099) / 1.099) ** (1 / 0.45))


# ITU-T H.273, table 3; None = sRGB's own.
_TO_LIGHT: dict[int, Curve | None] = {
    1: _bt709_to_light,
    4: lambda values: values**2.2,
    5: lambda values: values**2.8,
    6: _bt709_to_light,
    8: lambda values: values,
    13: None,
    14: _bt709_to_light,
    15: _bt709_to_light,
}


def _profile(chromaticity: tuple[float, ...]) -> bytes | None:
    """An ICC profile (version 4) of an RGB space with sRGB's curve; None if its primaries are sRGB's too.

    The columns are adapted from the space's white to that of profiles, D50, as Bradford (ICC.1:2022, annex E).
    """
    if np.abs(np.subtract(chromaticity, _SRGB)).max() < 0.003:
        return None
    white, *primaries = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in np.reshape(chromaticity, (4, 2)))
    columns = np.stack(primaries, axis=1)
    columns = columns * np.linalg.solve(columns, white)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    d50 = np.array([0.9642, 1, 0.8249])
    adaption = np.linalg.solve(bradford, np.diag((bradford @ d50) / (bradford @ white)) @ bradford)
    columns = adaption @ columns

    def fixed(*values: Any) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))

    def text(words: str) -> bytes:
        return b"mluc" + struct.pack(">4xII2s2sII", 1, 12, b"en", b"US", 2 * len(words), 28) + words.encode("utf-16-be")

    curve = b"para" + struct.pack(">4xHxx", 3) + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    tags = {
        b"desc": text("RGB by its primaries"),
        b"cprt": text("No copyright"),
        b"wtpt": b"XYZ \0\0\0\0" + fixed(*d50),
        b"chad": b"sf32\0\0\0\0" + fixed(*adaption.ravel()),
        **{name: b"XYZ \0\0\0\0" + fixed(*columns[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    rest = struct.pack(">I", len(tags)) + table + body
    head = struct.pack(">I4xI4s4s4s12x4s24xI", 128 + len(rest), 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp", 0)
    return head[:64].ljust(68, b"\0") + fixed(*d50) + bytes(48) + rest
