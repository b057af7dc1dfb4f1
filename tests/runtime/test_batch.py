from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge.errors import UnreadableImageError, UsageError
from srgan_edge.imaging import images
from srgan_edge.runtime.batch import Job, jobs, result_name


def tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")


def test_names() -> None:
    assert result_name(Path("a/photo.jpg"), 4) == "photo_x4.jpg"
    assert result_name(Path("moving.gif"), 2) == "moving_x2.png"
    assert result_name(Path("film.mov"), 4, ".png") == "film_x4.mov"
    assert result_name(Path("film.WMV"), 4) == "film_x4.mkv"


def test_files(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    assert jobs((photo,), None, 4, False) == [Job(photo, tmp_path / "photo_x4.jpg")]
    assert jobs((photo,), tmp_path / "big.png", 4, False) == [Job(photo, tmp_path / "big.png")]
    assert jobs((photo,), tmp_path / "out", 4, False) == [Job(photo, tmp_path / "out" / "photo_x4.jpg")]


def test_folders(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.jpg", "in/a_x4.jpg", "in/deep/b.png", "in/notes.txt")
    folder, out = tmp_path / "in", tmp_path / "out"
    assert [j.output for j in jobs((folder,), None, 4, False)] == [folder / "a_x4.jpg"]
    planned = jobs((folder,), out, 4, True)
    assert [j.output for j in planned] == [out / "a_x4.jpg", out / "deep" / "b_x4.png"]


def test_folders_of_videos(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.jpg", "in/b.MP4", "in/b_x4.mp4", "in/c.ts", "in/.b_x4.segments/000000.mp4", "in/notes.txt")
    planned = jobs((tmp_path / "in",), None, 4, True)
    assert [j.output.name for j in planned] == ["a_x4.jpg", "b_x4.MP4", "c_x4.mkv"]


class Told(list[tuple[str, bool]]):
    """What `jobs` says of what it leaves out."""

    def __call__(self, sentence: str, failed: bool) -> None:
        self.append((sentence, failed))


def test_refusals(tmp_path: Path) -> None:
    tree(tmp_path, "in/deep/b.png", "two/b.png")
    with pytest.raises(UsageError, match=r"no image or video in this folder .*--recursive"):
        jobs((tmp_path / "in",), None, 4, False)
    with pytest.raises(UsageError, match="is one file and there are 2 files"):
        jobs((tmp_path / "a.png", tmp_path / "b.png"), tmp_path / "c.png", 4, False)
    with pytest.raises(UsageError, match=r"one.png is one file, and .*two a folder; name a folder"):
        jobs((tmp_path / "two",), tmp_path / "one.png", 4, False)
    with pytest.raises(UsageError, match=r"c\.png: a file's own suffix says its format, and --format says jpg"):
        jobs((tmp_path / "a.png",), tmp_path / "c.png", 4, False, ".jpg")
    for name in ("r.jxl", "r.tar", "r.heic2"):
        with pytest.raises(UsageError, match=r"cannot write \.\w+; use one of \.jpg"):
            jobs((tmp_path / "two" / "b.png",), tmp_path / name, 4, False)
    (tmp_path / "r.jxl").mkdir()
    (job,) = jobs((tmp_path / "two" / "b.png",), tmp_path / "r.jxl", 4, False)
    assert job.output == tmp_path / "r.jxl" / "b_x4.png"


def test_one_empty_folder_does_not_stop_the_others(tmp_path: Path) -> None:
    tree(tmp_path, "in/b.png", "none/notes.txt")
    told = Told()
    (job,) = jobs((tmp_path / "none", tmp_path / "in"), None, 4, False, tell=told)
    assert job.input.name == "b.png"
    assert [failed for _, failed in told] == [True]
    assert "none: no image or video in this folder" in told[0][0]


def test_names_that_collide_become_distinct(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.gif", "in/a.png", "in/a.heic", "two/a.png", "two/A.PNG")
    told = Told()
    planned = jobs((tmp_path / "in", tmp_path / "two"), tmp_path / "out", 4, False, tell=told)
    assert [(str(j.input.relative_to(tmp_path)), j.output.name) for j in planned] == [
        ("in/a.gif", "a.gif_x4.png"),
        ("in/a.heic", "a.heic_x4.png"),
        ("in/a.png", "a_x4.png"),
        ("two/A.PNG", "A_x4-2.PNG"),
        ("two/a.png", "a_x4-3.png"),
    ]
    assert all(not failed for _, failed in told)
    assert len(told) == 4
    alone = jobs((tmp_path / "in" / "a.gif",), None, 4, False, tell=told)
    assert alone[0].output.name == "a_x4.png"


def test_an_input_is_done_once_and_never_written_over(tmp_path: Path) -> None:
    tree(tmp_path, "a.png", "a_x4.png")
    photo, other = tmp_path / "a.png", tmp_path / "a_x4.png"
    (tmp_path / "link.png").symlink_to(photo)
    assert len(jobs((photo, photo, tmp_path / "link.png"), None, 4, False)) == 1
    told = Told()  # as *.png names them when it is run again
    assert jobs((photo, other), None, 4, False, tell=told) == [Job(photo, other)]
    assert told == [(f"{other}: left out, the result of an earlier run", False)]
    assert [j.output.name for j in jobs((other,), None, 4, False)] == ["a_x4_x4.png"]
    assert jobs((photo,), photo, 4, False) == [Job(photo, photo)]  # with --overwrite it is meant


def test_results_of_earlier_runs_are_left_out_and_originals_are_not(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.jpg", "in/a_x2.png", "in/a_x2.5.jpg", "in/holiday_x4.jpg")
    told = Told()
    planned = jobs((tmp_path / "in",), None, 4, False, tell=told)
    assert [j.input.name for j in planned] == ["a.jpg", "holiday_x4.jpg"]
    assert told == [(f"{tmp_path}/in/a_x2.5.jpg and 1 more: left out, the result of an earlier run", False)]


def test_a_second_run_finds_the_names_of_the_first(tmp_path: Path) -> None:
    """Also where photos of one name made them longer: they are neither inputs nor in the way."""
    tree(tmp_path, "in/a.png", "in/a.gif", "in/b.png", "in/b.bmp", "in/b_x4.png")
    first = jobs((tmp_path / "in",), None, 4, False, ".png")
    tree(tmp_path, *(str(job.output.relative_to(tmp_path)) for job in first))
    assert jobs((tmp_path / "in",), None, 4, False, ".png", Told()) == first


def test_one_file_by_two_paths_is_one_file(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.png", "in/a.gif")
    (tmp_path / "same").symlink_to(tmp_path / "in")
    inputs = (tmp_path / "in" / "a.png", tmp_path / "same" / "a.gif", tmp_path / "in" / ".." / "in" / "a.bmp")
    planned = jobs(inputs, None, 4, False, tell=Told())
    assert len({job.output.resolve() for job in planned}) == 3


def test_results_inside_the_folder_are_no_inputs(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.jpg", "in/out/a_x4.jpg", "in/deep/b.jpg")
    planned = jobs((tmp_path / "in",), tmp_path / "in" / "out", 4, True)
    assert [j.input.name for j in planned] == ["a.jpg", "b.jpg"]


def test_linked_folders_are_looked_into_and_loops_end(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.jpg", "elsewhere/b.jpg", "in/.hidden/c.jpg")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    planned = jobs((tmp_path / "in",), tmp_path / "out", 4, True)
    assert [str(j.output.relative_to(tmp_path)) for j in planned] == ["out/a_x4.jpg", "out/link/b_x4.jpg"]


def test_a_link_to_itself_is_planned_and_named_by_whoever_opens_it(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.jpg")
    (tmp_path / "in" / "circle.jpg").symlink_to("circle.jpg")
    planned = jobs((tmp_path / "in",), tmp_path / "out", 4, True)
    assert [j.input.name for j in planned] == ["a.jpg", "circle.jpg"]
    with pytest.raises(UnreadableImageError, match=r"circle\.jpg: cannot be read: Too many levels of symbolic links"):
        images.read(planned[1].input)


def test_folders_that_cannot_be_looked_into_are_named(tmp_path: Path, no_rights: None) -> None:
    tree(tmp_path, "in/a.jpg", "in/shut/b.jpg")
    (tmp_path / "in" / "shut").chmod(0)
    told = Told()
    planned = jobs((tmp_path / "in",), tmp_path / "out", 4, True, tell=told)
    (tmp_path / "in" / "shut").chmod(0o755)
    assert [j.input.name for j in planned] == ["a.jpg"]
    assert told == [(f"{tmp_path}/in/shut: cannot be looked into: Permission denied", True)]


def test_names_too_long_are_planned_and_fail_where_they_are_opened(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 300 + ".jpg")
    assert [job.input for job in jobs((long,), None, 4, False)] == [long]
    with pytest.raises(UnreadableImageError, match="cannot be read: File name too long"):
        images.read(long)
