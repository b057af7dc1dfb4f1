"""Photos that are no files on a disk."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from conftest import encoded
from PIL import Image

from srgan_edge.errors import UnreadableImageError, UsageError
from srgan_edge.imaging import images


class Socket(io.RawIOBase):
    """What is read once, from the beginning, as a web site's answer."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._left = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, memory: Any) -> int:
        return self._left.readinto(memory)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".avif"])
def test_files_without_a_place_to_go_back_to(suffix: str) -> None:
    content = encoded(suffix)
    expected = images.read(content).pixels
    read_alone = SimpleNamespace(read=Socket(content).read)  # a response of a library that offers no more
    for given in (Socket(content), io.BufferedReader(Socket(content)), read_alone):
        np.testing.assert_array_equal(images.read(cast(Any, given)).pixels, expected)
    away = io.BytesIO(content)
    away.seek(0, io.SEEK_END)
    np.testing.assert_array_equal(images.read(away).pixels, expected)


def test_a_heic_that_was_just_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known by its first bytes, wherever its file stands."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    file = io.BytesIO()
    file.write(b"\0\0\0\x18ftypheic" + bytes(12))
    with pytest.raises(UnreadableImageError, match="HEIC photos need a decoder"):
        images.read(file)


def test_an_image_without_pixels_is_refused() -> None:
    with pytest.raises(UsageError, match="an image of 0x5 has no pixels"):
        images.from_pil(Image.new("RGB", (0, 5)))
