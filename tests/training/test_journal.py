from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from srgan_edge.errors import SrganEdgeError
from srgan_edge.training.journal import Journal


def logged(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def journal(out: Path, chief: bool = True) -> tuple[Journal, list[dict[str, Any]]]:
    said: list[dict[str, Any]] = []
    return Journal(out, said.append, chief), said


def test_nothing_is_written_before_the_run_begins(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("what was there\n")
    made, said = journal(tmp_path)
    made.say("looking")
    assert said[0]["text"] == "looking"
    assert [p.name for p in tmp_path.iterdir()] == ["log.jsonl"]
    assert (tmp_path / "log.jsonl").read_text() == "what was there\n"
    made.begin()
    made.say("going")
    assert [line["text"] for line in logged(tmp_path)] == ["looking", "going"]


def test_others_than_the_chief_are_silent(tmp_path: Path) -> None:
    made, said = journal(tmp_path / "run", chief=False)
    made.say("looking")
    made.begin(3)
    made.say("going")
    assert not said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("end", [b"", b'{"event": "note", "st', b'{"event": "note"}', b"\0\0\0", b"\xff\xfe", b"7"])
def test_resumed_after_a_torn_line(tmp_path: Path, end: bytes) -> None:
    """What is said before the log is cut must not run into its last line."""
    whole = [{"event": "note", "step": step, "text": str(step)} for step in (0, 4, 8)]
    (tmp_path / "log.jsonl").write_bytes("".join(json.dumps(line) + "\n" for line in whole).encode() + end)
    made, said = journal(tmp_path)
    made.say("looking")
    made.begin(4)
    made.say("going")
    assert [(line["step"], line["text"]) for line in logged(tmp_path)] == [
        (0, "0"),
        (4, "4"),
        (4, "looking"),
        (4, "going"),
    ]
    assert not [line for line in said if line["event"] == "warning"]


def test_damaged_lines_are_counted(tmp_path: Path) -> None:
    good = json.dumps({"event": "note", "step": 0, "text": "good"})
    (tmp_path / "log.jsonl").write_text(f"bad\n{good}\n{{}}\n{good}\n")
    made, said = journal(tmp_path)
    made.begin(0)
    assert "2 damaged lines are left out" in said[0]["text"]
    assert [line.get("text") for line in logged(tmp_path)][:2] == ["good", "good"]
    (tmp_path / "log.jsonl").unlink()
    made, _ = journal(tmp_path)
    made.begin(7)  # the log is lost, the run is not
    made.say("going")
    assert [(line["step"], line["text"]) for line in logged(tmp_path)] == [(7, "going")]


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    made, _ = journal(tmp_path)
    made.begin()
    (tmp_path / "log.jsonl").unlink()
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(SrganEdgeError, match=r"log\.jsonl: cannot be written: Is a directory"):
        made.say("going")
