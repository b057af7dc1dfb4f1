"""Colours and orientation, against the formulas of ITU-T H.273 and libavutil/display.h."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import display_matrix, frames, make, packed, picture, repeats, tags, upright

av = pytest.importorskip("av")

from srgan_edge.runtime.video import colours, upscale_video  # noqa: E402
from srgan_edge.runtime.video.source import AV_VERSION, UnreadableVideoError  # noqa: E402

# Matrix -> the weights of red and blue in luma.
WEIGHTS = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087),
           9: (0.2627, 0.0593)}  # fmt: skip


def decoded(y: float, u: float, v: float, matrix: int, full: bool) -> np.ndarray:
    """RGB of luma and chroma in bytes."""
    red, blue = WEIGHTS[matrix]
    luma, cb, cr = (y / 255, (u - 128) / 255, (v - 128) / 255) if full else (
        (y - 16) / 219, (u - 128) / 224, (v - 128) / 224)  # fmt: skip
    r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
    return 255 * np.array([r, (luma - red * r - blue * b) / (1 - red - blue), b])


def flat(y: int, u: int, v: int, matrix: int, range_: int) -> Any:
    frame = av.VideoFrame(16, 16, "yuv444p")
    for plane, value in zip(frame.planes, (y, u, v), strict=True):
        plane.update(np.full(plane.buffer_size, value, np.uint8))
    frame.colorspace, frame.color_range = matrix, range_
    return frame


@pytest.mark.parametrize("range_", [1, 2])
@pytest.mark.parametrize("matrix", WEIGHTS)
def test_both_ways_by_the_formula(matrix: int, range_: int) -> None:
    frame = flat(120, 100, 160, matrix, range_)
    want = decoded(120, 100, 160, matrix, range_ == 2)
    rgb = colours.to_rgb(frame)
    np.testing.assert_allclose(rgb[8, 8], want, atol=1)
    if matrix == 9 and AV_VERSION < 18:  # written as BT.709
        return
    back = colours.from_rgb(rgb, colours.Colours(1, 1, matrix, range_), "yuv444p")
    np.testing.assert_allclose([bytes(plane)[0] for plane in back.planes], (120, 100, 160), atol=1.01)
    assert (back.color_primaries, back.color_trc, back.colorspace, back.color_range) == (1, 1, matrix, range_)


@pytest.mark.parametrize("height, matrix", [(576, 6), (720, 1)])
def test_an_unnamed_matrix_is_guessed_by_size(height: int, matrix: int) -> None:
    frame = av.VideoFrame(32, height, "yuv420p")
    assert colours.colours_of(frame) == colours.Colours(2, 2, matrix, 1)


def test_chroma_is_interpolated() -> None:
    """Repeated chroma would be enlarged as steps: of 4:2:0, neighbours in a ramp of colour would be equal in pairs."""
    frame = av.VideoFrame(64, 16, "yuv420p")
    for plane, ramp in zip(frame.planes, (np.full(64, 128), np.arange(64, 192, 4), np.full(32, 128)), strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : plane.width] = ramp[: plane.width]
        plane.update(rows)
    frame.colorspace, frame.color_range = 1, 1
    steps = np.diff(colours.to_rgb(frame)[8, 8:56, 2].astype(int))
    assert (steps > 0).all()


@pytest.mark.parametrize("transfer, name", [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused(tmp_path: Path, transfer: int, name: str) -> None:
    clip = make(tmp_path / "hdr.mkv", "libx264", "yuv420p10le", (9, transfer, 9, 1))
    with pytest.raises(UnreadableVideoError, match=rf"hdr\.mkv: is HDR \({name}\)"):
        upscale_video(repeats(), clip, tmp_path / "out.mkv")
    assert [path.name for path in tmp_path.iterdir()] == ["hdr.mkv"]


def test_a_strange_matrix_is_refused() -> None:
    with pytest.raises(UnreadableVideoError, match="colour matrix 14"):
        colours.colours_of(flat(1, 1, 1, 14, 1))


class Turned:
    """A frame that says how it is turned."""

    def __init__(self, matrix: list[int]) -> None:

        self.side_data = {"DISPLAYMATRIX": packed(matrix)}


@pytest.mark.parametrize("d", [1, -1])
@pytest.mark.parametrize("a", [1, -1])
@pytest.mark.parametrize("transposed", [False, True])
def test_eight_ways_to_hold_a_camera(a: int, d: int, transposed: bool) -> None:
    matrix = display_matrix(0, a, d, 0) if transposed else display_matrix(a, 0, 0, d)
    stored = picture(20, 30)
    np.testing.assert_array_equal(colours.upright(stored, colours.turn_of(Turned(matrix))), upright(stored, matrix))


def test_other_turns() -> None:
    assert colours.turn_of(Turned([0] * 9)) == (False, False, False)
    with pytest.raises(UnreadableVideoError, match="not a quarter"):
        colours.turn_of(Turned([46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30]))


@pytest.mark.parametrize("matrix", [display_matrix(0, 1, -1, 0), display_matrix(-1, 0, 0, 1)])
def test_a_turned_file_becomes_upright(tmp_path: Path, matrix: list[int]) -> None:
    from fractions import Fraction

    clip = make(tmp_path / "turned.mp4", matrix=matrix, aspect=Fraction(4, 3))
    upscale_video(repeats(), clip, tmp_path / "out.mp4")
    want = upright(picture(32, 48), matrix)
    assert np.abs(frames(tmp_path / "out.mp4")[0][::2, ::2].astype(int) - want).mean() < 3
    with av.open(str(tmp_path / "out.mp4")) as made:
        assert made.streams.video[0].sample_aspect_ratio == (Fraction(3, 4) if matrix[0] == 0 else Fraction(4, 3))
        assert next(made.decode(video=0)).rotation == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
@pytest.mark.parametrize("given", [(1, 1, 1, 1), (6, 6, 6, 1), (5, 6, 5, 2), (9, 14, 9, 1)])
def test_a_files_colours_are_kept(tmp_path: Path, given: tuple[int, int, int, int], suffix: str) -> None:
    clip = make(tmp_path / f"clip{suffix}", tags=given, times=2)
    target = tmp_path / f"out{suffix}"
    upscale_video(repeats(), clip, target)
    assert tags(target) == (given if AV_VERSION >= 18 or given[2] != 9 else (9, 14, 1, 1))
    for shown, made in zip(frames(clip), frames(target), strict=True):
        assert np.abs(made[::2, ::2].astype(int) - shown).mean() < 3


def test_rgb_and_grey(tmp_path: Path) -> None:
    for suffix, codec, pixel_format in ((".mov", "qtrle", "rgb24"), (".mkv", "ffv1", "gray")):
        clip = make(tmp_path / f"clip{suffix}", codec, pixel_format, (2, 2, 2, 0), times=2)
        target = tmp_path / f"out{suffix}"
        upscale_video(repeats(), clip, target)
        assert np.abs(frames(clip)[1].astype(int) - frames(target)[1][::2, ::2]).mean() < 3
