"""Small videos that the tests make, and what they look at in results."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.imaging import Bytes
from srgan_edge.models import WEIGHTS, Model

MILLISECOND = Fraction(1, 1000)


class Repeated:
    """An upscaler that repeats pixels, so that a result is known without a model."""

    delegate, device, sha256 = "none", "repeats pixels", "of no file"
    model = Model("repeated", WEIGHTS / "edge-s-x4-int8.tflite", None)

    def __init__(self, scale: int = 2) -> None:
        self.scale, self.calls = scale, 0

    def __call__(self, image: Bytes) -> Bytes:
        self.calls += 1
        return image.repeat(self.scale, 0).repeat(self.scale, 1)


def repeats(scale: int = 2) -> Any:
    """A `Repeated`, which stands in for an Upscaler."""
    return Repeated(scale)


def picture(height: int, width: int, index: int = 0) -> Bytes:
    """Smooth colours that move, unlike in every direction."""
    y, x = np.mgrid[:height, :width]
    planes = [128 + 90 * np.sin((x + 3 * index) / 21), 128 + 90 * np.cos(y / 17), 40 + x * 120 / width + y]
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def make(
    path: Path,
    codec: str = "libx264",
    pixel_format: str = "yuv444p",
    tags: tuple[int, int, int, int] = (1, 1, 1, 1),
    size: tuple[int, int] = (32, 48),
    times: list[int] | int = 6,
    time_base: Fraction = Fraction(1, 25),
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
    matrix: list[int] | None = None,
    sounds: tuple[str, ...] = (),
    subtitles: Path | None = None,
    cover: Path | None = None,
    chapters: bool = False,
    **metadata: str,
) -> Path:
    """Write a clip of `picture`s; `tags` are primaries, transfer, matrix and range, `times` ticks of `time_base`."""
    import av
    from av.stream import Disposition

    times = list(range(times)) if isinstance(times, int) else times
    with av.open(str(path), "w") as made:
        given = {"crf": "1"} if codec == "libx264" else {"qmin": "1", "qmax": "2"} if "mp" in codec[:2] else {}
        pictures: Any = made.add_stream(codec, rate=25, options=given | (options or {}))
        pictures.height, pictures.width = size
        pictures.pix_fmt = pixel_format
        context = pictures.codec_context
        context.time_base = time_base
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = tags
        if aspect:
            context.sample_aspect_ratio = aspect
        if matrix:
            pictures.set_display_matrix(matrix)
        made.metadata.update(metadata)
        if chapters:
            made.set_chapters(
                [
                    {
                        "id": n,
                        "start": n * 100,
                        "end": n * 100 + 100,
                        "time_base": MILLISECOND,
                        "metadata": {"title": f"{n}"},
                    }
                    for n in range(2)
                ]
            )
        audio: list[Any] = [made.add_stream(sound, rate=48000, layout="mono", options={"b": "96k"}) for sound in sounds]
        for track, language in zip(audio, ("eng", "deu", "fra"), strict=False):
            track.metadata["language"] = language
        copies = []
        for file, disposition in ((subtitles, Disposition(0)), (cover, Disposition.attached_pic)):
            if file:
                with av.open(str(file)) as other:
                    track = made.add_stream_from_template(other.streams[0])
                    track.disposition = disposition
                    copies += [(track, packet) for packet in other.demux() if packet.size]
        for track, packet in copies:
            packet.stream = track
            made.mux(packet)
        seconds = float((times[-1] + 1) * time_base)
        tone = (0.4 * np.sin(np.arange(int(48000 * seconds)) / 20)).astype(np.float32)
        for track in audio:
            for start in range(0, len(tone), 960):
                part = av.AudioFrame.from_ndarray(tone[None, start : start + 960], format="fltp", layout="mono")
                part.sample_rate, part.pts = 48000, start
                made.mux(track.encode(part))
            made.mux(track.encode())
        for index, pts in enumerate(times):
            rgb = av.VideoFrame.from_ndarray(picture(*size, index), format="rgb24")
            matrices = {1: 1, 5: 5, 6: 5, 7: 7, 9: 9}
            frame = rgb.reformat(
                format=pixel_format, dst_colorspace=matrices.get(tags[2], 5), dst_color_range=tags[3] or 1
            )
            frame.pts, frame.time_base = pts, time_base
            made.mux(pictures.encode(frame))
        made.mux(pictures.encode())
    return path


def frames(path: Path) -> list[Bytes]:
    """The pictures as they are stored, in RGB."""
    import av

    with av.open(str(path)) as given:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in given.decode(video=0)]


def seconds(path: Path) -> list[float]:
    """When frames are shown, in their order; of an AVI when they are decoded, since it says no more."""
    import av

    with av.open(str(path)) as given:
        base: Any = given.streams.video[0].time_base
        if given.format.name == "avi":
            ticks: list[Any] = [packet.dts for packet in given.demux(video=0) if packet.size]
        else:
            ticks = [frame.pts for frame in given.decode(video=0)]
        return [float(tick * base) for tick in ticks]


def tags(path: Path) -> tuple[int, int, int, int]:
    """Primaries, transfer, matrix and range."""
    import av

    with av.open(str(path)) as given:
        frame: Any = next(given.decode(video=0))
        return frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range


def packets(path: Path, kind: str) -> list[list[bytes]]:
    """The bytes of all packets of each track of a kind."""
    import av

    with av.open(str(path)) as given:
        found: dict[int, list[bytes]] = {s.index: [] for s in given.streams if s.type == kind}
        for packet in given.demux([given.streams[index] for index in found]) if found else ():
            if packet.size:
                found[packet.stream.index].append(bytes(packet))
        return list(found.values())


def upright(rgb: Bytes, matrix: list[int]) -> Bytes:
    """A picture shown by a display matrix, pixel by pixel as the matrix is defined."""
    a, b, _, c, d = (round(value / 65536) for value in matrix[:5])
    q, p = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    x, y = a * p + c * q, b * p + d * q
    shown = np.zeros((np.ptp(y) + 1, np.ptp(x) + 1, 3), np.uint8)
    shown[y - y.min(), x - x.min()] = rgb
    return shown


def display_matrix(a: int, b: int, c: int, d: int) -> list[int]:
    """The nine numbers that files hold."""
    return [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30]


def packed(matrix: list[int]) -> bytes:
    """Those numbers as bytes."""
    return struct.pack("9i", *matrix)
