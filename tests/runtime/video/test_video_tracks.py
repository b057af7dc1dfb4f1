"""What is copied beside the pictures, and what is named because it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from clips import frames, make, packets, repeats
from conftest import photo
from PIL import Image

av = pytest.importorskip("av")

from srgan_edge.errors import SrganEdgeError  # noqa: E402
from srgan_edge.runtime.video import result, upscale_video  # noqa: E402


@pytest.fixture
def subtitles(tmp_path: Path) -> Path:
    path = tmp_path / "words.srt"
    path.write_text("1\n00:00:00,040 --> 00:00:00,120\nHello\n\n2\n00:00:00,130 --> 00:00:00,200\nWorld\n")
    return path


def languages(path: Path) -> list[str | None]:
    with av.open(str(path)) as given:
        return [stream.metadata.get("language") for stream in given.streams.audio]


def titles(path: Path) -> tuple[str | None, list[tuple[float, str]]]:
    """The title, and the chapters with their beginnings in seconds."""
    with av.open(str(path)) as given:
        chapters = [(float(c["start"] * (c["time_base"] or 0)), c["metadata"]["title"]) for c in given.chapters()]
        return given.metadata.get("title"), chapters


def test_all_tracks_in_matroska(tmp_path: Path, subtitles: Path) -> None:
    clip = make(tmp_path / "all.mkv", sounds=("aac", "ac3", "flac"), subtitles=subtitles, chapters=True, title="Film")
    target = tmp_path / "out.mkv"
    notes = upscale_video(repeats(), clip, target)["notes"]
    assert notes == ["6 frames by libx264"]
    for kind, count in (("audio", 3), ("subtitle", 1)):
        assert len(packets(target, kind)) == count
        assert packets(clip, kind) == packets(target, kind)
    assert languages(target) == ["eng", "deu", "fra"]
    assert titles(target) == titles(clip) == ("Film", [(0, "0"), (0.1, "1")])


def test_what_a_container_cannot_hold_is_named(tmp_path: Path, subtitles: Path) -> None:
    clip = make(tmp_path / "all.mkv", sounds=("mp3",), subtitles=subtitles, chapters=True, title="Film")
    notes = upscale_video(repeats(), clip, tmp_path / "out.mp4")["notes"]
    assert notes[1:] == ["left out, as mp4 cannot hold them: subtitles 2 subrip"]
    assert titles(tmp_path / "out.mp4") == titles(clip)
    notes = upscale_video(repeats(), clip, tmp_path / "out.avi")["notes"]
    assert notes[1:] == [
        "left out, as avi cannot hold them: subtitles 2 subrip",
        "2 chapters left out, as avi cannot hold them",
        "languages of tracks left out, as avi cannot hold them: eng",
    ]


def test_a_language_that_is_lost_is_named(tmp_path: Path) -> None:
    """FFmpeg writes QuickTime's own numbers of languages, and of German knows only ger."""
    clip = make(tmp_path / "all.mp4", sounds=("aac", "aac"))
    assert languages(clip) == ["eng", "deu"]
    notes = upscale_video(repeats(), clip, tmp_path / "out.mov")["notes"]
    assert notes[1:] == ["languages of tracks left out, as mov cannot hold them: deu"]
    assert languages(tmp_path / "out.mov") == ["eng", None]


def test_sound_that_a_container_cannot_hold(tmp_path: Path) -> None:
    """It would be lost: an error, and in Matroska encoded without loss."""
    clip = make(tmp_path / "clip.wmv", "wmv2", "yuv420p", (2, 2, 2, 0), times=25, sounds=("wmav2",))
    with pytest.raises(SrganEdgeError, match=r"out\.mp4: mp4 does not hold the sound of .*wmav2 eng; mkv holds any"):
        upscale_video(repeats(), clip, tmp_path / "out.mp4")
    target = tmp_path / "out.mkv"
    notes = upscale_video(repeats(), clip, target)["notes"]
    assert "sound 1 wmav2 eng encoded as FLAC, as mkv cannot hold it" in notes
    sounds = []
    for path in (clip, target):
        with av.open(str(path)) as given:
            parts = list(given.decode(audio=0))
            sounds.append((float(parts[0].pts * parts[0].time_base), sum(part.samples for part in parts)))
    assert sounds[0] == pytest.approx(sounds[1], abs=0.002)
    with pytest.raises(SrganEdgeError, match="webm does not hold the sound"):
        upscale_video(repeats(), make(tmp_path / "a.mp4", sounds=("aac",)), tmp_path / "a.webm")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_cover_is_no_video(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(photo(40, 40)).save(tmp_path / "cover.jpg")
    clip = make(tmp_path / "clip.mp4", cover=tmp_path / "cover.jpg", sounds=("aac",))
    target = tmp_path / f"out{suffix}"
    upscale_video(repeats(), clip, target)
    assert frames(target)[0].shape == (64, 96, 3)
    with av.open(str(target)) as made:
        cover = next(
            s for s in made.streams if s.type == "attachment" or s.disposition & av.stream.Disposition.attached_pic
        )
        found = bytes(cover.data) if cover.type == "attachment" else bytes(next(p for p in made.demux(cover) if p.size))
    assert found == (tmp_path / "cover.jpg").read_bytes()


def copied(clip: Path, target: Path, add: Callable[[Any], object]) -> None:
    """A clip's pictures in another file, to which something is added."""
    with av.open(str(clip)) as given, av.open(str(target), "w") as made:
        track = made.add_stream_from_template(given.streams.video[0])
        add(made)
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = track
                made.mux(packet)


def test_fonts(tmp_path: Path) -> None:
    clip = make(tmp_path / "clip.mkv")
    copied(clip, tmp_path / "fonts.mkv", lambda made: made.add_attachment("words.ttf", "font/ttf", b"a font"))
    upscale_video(repeats(), tmp_path / "fonts.mkv", tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as made:
        (font,) = (s for s in made.streams if s.type == "attachment")
        assert (font.name, font.mimetype, bytes(font.data)) == ("words.ttf", "font/ttf", b"a font")
    notes = upscale_video(repeats(), tmp_path / "fonts.mkv", tmp_path / "out.mp4")["notes"]
    assert any("left out, as mp4 cannot hold them: attachment 1" in note for note in notes)


@pytest.mark.parametrize("equal, want", [(True, [0, 5, 5, 5, 9]), (False, [0, 5, 6, 7, 9])])
def test_copied_times_never_go_back(equal: bool, want: list[int]) -> None:
    """Muxers refuse such packets, and with them the whole film."""
    track = result._Copy(None, Fraction(2), equal)
    times = []
    for pts in (20, 25, 23, None, 29):
        packet = av.Packet(b"sound")
        packet.pts = packet.dts = pts
        packet.time_base = Fraction(1, 10)
        (moved,) = track.packets(packet)
        assert moved.pts == moved.dts
        times.append(moved.dts)
    assert times == want
    assert track.packets(av.Packet(0)) == []


def test_what_cannot_be_copied_is_known_before_the_first_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make(tmp_path / "clip.mp4", sounds=("aac",))

    def refused(track: object, packet: object) -> list[object]:
        raise av.error.ArgumentError(22, "Invalid argument")

    monkeypatch.setattr(result._Copy, "packets", refused)
    upscaler = repeats()
    with pytest.raises(SrganEdgeError, match=r"clip\.mp4: its sound or subtitles cannot be copied"):
        upscale_video(upscaler, clip, tmp_path / "out.mp4")
    assert upscaler.calls == 0 and [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_file_that_begins_late_begins_at_0(tmp_path: Path) -> None:
    """Pictures, sound and chapters alike."""
    clip = make(tmp_path / "clip.wmv", "wmv2", "yuv420p", (2, 2, 2, 0), times=25, sounds=("wmav2",))
    with av.open(str(clip)) as given, av.open(str(tmp_path / "late.wmv"), "w") as made:
        tracks = [made.add_stream_from_template(stream) for stream in given.streams]
        for packet in given.demux():
            if packet.size:
                packet.pts, packet.dts = packet.pts + 2000, packet.dts + 2000
                packet.stream = tracks[packet.stream.index]
                made.mux(packet)
    begins = []
    for source in (clip, tmp_path / "late.wmv"):
        upscale_video(repeats(), source, tmp_path / f"{source.stem}.mkv")
        with av.open(str(tmp_path / f"{source.stem}.mkv")) as made:
            begins.append([float(next(made.decode(track)).time) for track in made.streams])
    assert begins[0] == pytest.approx(begins[1], abs=0.05) and max(begins[0]) < 0.2
    chapter = {"id": 1, "start": 2500, "end": 3000, "time_base": Fraction(1, 1000), "metadata": {"title": "A"}}
    assert result._shifted(chapter, Fraction(2)) == {**chapter, "start": 500, "end": 1000}


def test_chapters_of_a_file_that_begins_late(tmp_path: Path) -> None:
    clip = make(tmp_path / "clip.mkv", times=list(range(50, 56)))
    times = {"start": 2100, "end": 2200, "time_base": Fraction(1, 1000)}
    chapter = {"id": 1, **times, "metadata": {"title": "A"}}
    copied(clip, tmp_path / "late.mkv", lambda made: made.set_chapters([chapter]))
    upscale_video(repeats(), tmp_path / "late.mkv", tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as made:
        (chapter,) = made.chapters()
    assert float(chapter["start"] * chapter["time_base"]) == pytest.approx(0.1, abs=0.001)


def test_encoded_sound_never_overlaps() -> None:
    """Frames of 10 ms that say to be 8 apart, and one without a time: each begins where the last ends, at least."""

    sounds, times = [], []
    for pts in (2000, 2008, 2016, None, 2060):
        frame = av.AudioFrame(format="s16", layout="mono", samples=480)
        frame.sample_rate, frame.pts, frame.time_base = 48000, pts, Fraction(1, 1000)
        sounds.append(frame)
    track = SimpleNamespace(encode=lambda frame: times.append(frame.pts) or [])
    packet = SimpleNamespace(size=1, decode=lambda: sounds)
    assert list(result._Lossless(track, Fraction(2)).packets(packet)) == []
    assert times == [0, 10, 20, 30, 60]
