"""What fuzz.py tries of videos, and what must hold of the results."""

from __future__ import annotations

import random
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_damage import Case, mutated


def video_samples() -> list[tuple[str, bytes]]:
    """A clip of each container."""
    import av

    kinds = ((".mp4", "libx264", "aac"), (".mkv", "libx264", "libopus"), (".webm", "libvpx", "libopus"))
    samples = []
    for suffix, codec, sound in (*kinds, (".avi", "mpeg4", "mp3"), (".mov", "mpeg4", None)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"x{suffix}")
            with av.open(str(path), "w") as made:
                pictures: Any = made.add_stream(codec, rate=10)
                pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
                audio: Any = made.add_stream(sound, rate=48000, layout="stereo") if sound else None
                for time in range(4):
                    shown = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 40 * time, np.uint8), format="rgb24")
                    shown.pts, shown.time_base = time, Fraction(1, 10)
                    made.mux(pictures.encode(shown))
                for time in range(8 if audio else 0):
                    heard = av.AudioFrame.from_ndarray(np.zeros((2, 960), np.float32), "fltp", "stereo")
                    heard.sample_rate, heard.pts = 48000, 960 * time
                    made.mux(audio.encode(heard))
                for stream in (pictures, audio):
                    made.mux(stream.encode() if stream else [])
            samples.append((suffix, path.read_bytes()))
    return samples


def videos_case() -> Case:
    """A container, through the whole of upscale_video: the result has the frames that it is said to have."""
    import av

    from srgan_edge import Upscaler
    from srgan_edge.runtime.video import upscale_video

    samples, upscaler = video_samples(), Upscaler("edge-s-x4-int8", delegate="cpu", threads=1)

    def case(r: random.Random, folder: Path) -> None:
        suffix, data = r.choice(samples)
        source, target = folder / f"x{suffix}", folder / f"y{suffix}"
        source.write_bytes(mutated(r, data, r.choice((512, None))))
        facts = upscale_video(upscaler, source, target)
        with av.open(str(target)) as made:
            if sum(1 for _ in made.decode(video=0)) != facts["frames"]:
                raise AssertionError("the result has other frames")

    return case
