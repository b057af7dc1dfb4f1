"""What `srgan-edge train` says when it is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from srgan_edge import api
from srgan_edge.cli.train_command import command
from srgan_edge.imaging.metrics import Score

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(
    ("broken", "following"),
    [(None, "mine"), ([], "mine/best"), (["grain 2.0"], "mine")],
    ids=["without a GAN", "its best", "a best that keeps not its bounds"],
)
def test_one_way_to_go_on(broken: list[str] | None, following: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from srgan_edge.training.loop import Outcome
    from srgan_edge.training.selection import Candidate

    best = None if broken is None else Candidate(40, 0.3, broken)
    outcome = Outcome(60, True, Score(27.5, 0.8), Score(26.0, 0.7), best)
    monkeypatch.setattr(api, "train", lambda *a, **k: outcome)
    done = CliRunner().invoke(command, ["--out", "mine"], catch_exceptions=False)
    lines = done.stderr.splitlines()
    assert [line for line in lines if "Next:" in line] == [lines[-1]] == [f"Next: srgan-edge convert {Path(following)}"]
    assert any("+1.50 dB against bicubic" in line for line in lines)
    assert sum(f"step 40, in {Path('mine/best')}" in line for line in lines) == (best is not None)


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (None, 143)])
def test_a_stopped_run_is_not_done(number: int | None, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows in a script, or a scheduler that starts again what failed, sees it."""
    from srgan_edge.training.loop import Outcome

    outcome = Outcome(60, False, Score(27.5, 0.8), Score(26.0, 0.7), None, number)
    monkeypatch.setattr(api, "train", lambda *a, **k: outcome)
    for option in ([], ["--json"]):
        done = CliRunner().invoke(command, ["--out", "mine", *option], catch_exceptions=False)
        assert done.exit_code == code
    assert '"finished": false' in done.stdout
