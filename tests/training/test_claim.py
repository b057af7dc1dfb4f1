from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from srgan_edge import recipes
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.training.claim import Claim, check_folder, check_request
from srgan_edge.training.recipe import Recipe


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_what_a_folder_may_hold(tmp_path: Path) -> None:
    assert not check_folder(tmp_path / "new", resume=False)
    killed = touched(tmp_path / "killed", "recipe.toml", "log.jsonl", "checkpoints/step-5.data-00000-of-00001")
    assert check_folder(killed, resume=False)
    assert check_folder(killed, resume=True)
    run = touched(tmp_path / "run", "recipe.toml", "checkpoints/step-5.index")
    assert not check_folder(run, resume=True)
    with pytest.raises(UsageError, match="run holds a run already: continue it with --resume"):
        check_folder(run, resume=False)
    exported = touched(tmp_path / "exported", "recipe.toml", "generator/generator.json")
    with pytest.raises(UsageError, match="holds a run already"):
        check_folder(exported, resume=False)
    with pytest.raises(UsageError, match=r"no checkpoint to resume from.*--set generator\.init"):
        check_folder(exported, resume=True)
    with pytest.raises(UsageError, match=r"no run to resume \(recipe\.toml is missing\)"):
        check_folder(tmp_path / "new", resume=True)
    with pytest.raises(UsageError, match="is a file"):
        check_folder(touched(tmp_path, "file") / "file", resume=False)
    with pytest.raises(UsageError, match=r"log\.jsonl belongs to no run"):
        check_folder(touched(tmp_path / "other", "log.jsonl"), resume=False)


_HOLD = """
import sys
from pathlib import Path
from srgan_edge.training.claim import Claim
claim = Claim(Path(sys.argv[1]), False, print)
print("held", flush=True)
sys.stdin.read()
"""


def test_one_process_at_a_time(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "run"
    command = [sys.executable, "-c", _HOLD, str(out)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(UsageError, match=rf"run is in use by process {holder.pid} on "):
        Claim(out, False, print)
    holder.kill()
    holder.communicate()
    claim = Claim(out, False, print)  # the system has taken the lock from the dead
    with pytest.raises(UsageError, match="in use"):
        Claim(out, False, print)
    claim.release()
    Claim(out, False, print).release()
    assert out.is_dir()


def test_nothing_is_left_of_a_claim(tmp_path: Path) -> None:
    """Folders made for it go, what is in one stays."""
    Claim(tmp_path / "a" / "b", False, print).release()
    assert not list(tmp_path.iterdir())
    claim = Claim(tmp_path / "a" / "b", False, print)
    touched(tmp_path / "a" / "b", "recipe.toml")
    claim.release()
    assert [p.name for p in tmp_path.rglob("*")] == ["a", "b", "recipe.toml"]


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched(tmp_path, "file")
    with pytest.raises(SrganEdgeError, match="cannot be written: Not a directory"):
        Claim(tmp_path / "file" / "run", False, print)

    def without_locks(path: Path) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("srgan_edge.training.claim.open_locked", without_locks)
    said: list[str] = []
    Claim(tmp_path / "run", False, said.append).release()
    assert "without locks" in said[0]


def request(*settings: str) -> Recipe:
    return recipes.load(Recipe, "train", "sample", settings)


def test_a_request_is_refused_without_tensorflow(photos: Path, tmp_path: Path) -> None:
    check_request(request(f"data.source={photos}"), tmp_path / "new", resume=False)
    check_request(request("data.source=tfds:div2k"), tmp_path / "new", resume=False)  # asked for later
    with pytest.raises(UsageError, match="no such folder"):
        check_request(request("data.source=/nowhere"), tmp_path / "new", resume=False)
    of_photos = (f"data.source={photos}", "pretrain.losses={mse=1.0, distillation=1.0}")
    for key in ("generator.init", "teacher"):
        both = (*of_photos, "teacher=edge-m-x4")
        check_request(request(*both, f"{key}=edge-l-real-x4"), tmp_path / "new", resume=False)
        with pytest.raises(UsageError, match=rf"{key}: /nowhere: no such run folder or export"):
            check_request(request(*both, f"{key}=/nowhere"), tmp_path / "new", resume=False)
        with pytest.raises(UsageError, match=rf"{key}: {photos} is no run folder with a generator in it"):
            check_request(request(*both, f"{key}={photos}"), tmp_path / "new", resume=False)
    made_by = (
        r"make it with srgan-edge train --recipe edge-l-real-start first, or name another with --set generator\.init"
    )
    unmade = request(f"data.source={photos}", "generator.init=runs/edge-l-real-start-x4")
    with pytest.raises(UsageError, match=rf"runs/edge-l-real-start-x4: no such run folder or export; {made_by}=PATH"):
        check_request(unmade, tmp_path / "new", resume=False)
    run = touched(tmp_path / "run", "checkpoints/step-5.index")
    recipes.save(request(f"data.source={photos}"), run / "recipe.toml")
    check_request(request(f"data.source={photos}", "pretrain.steps=7"), run, resume=True)
    changed = request(f"data.source={photos}", "generator.name=edge-l")
    with pytest.raises(UsageError, match=r'generator\.name = "edge-l": the run in .*run has "chain-s"'):
        check_request(changed, run, resume=True)
    gone = request(f"data.source={photos}", "generator.init=/nowhere")
    check_request(gone, run, resume=True)  # in whose checkpoints it is
    (run / "checkpoints" / "step-5.index").unlink()
    with pytest.raises(UsageError, match=r"generator\.init: /nowhere: "):
        check_request(gone, run, resume=True)  # starts over
    code = (
        "import sys; from srgan_edge.cli.main import cli; from srgan_edge.errors import UsageError\n"
        "try: cli.main(['train', '--data', '/nowhere', '--out', sys.argv[1]], standalone_mode=False)\n"
        "except UsageError: print([m for m in ('tensorflow', 'tensorflow_datasets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "no")], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
    assert not (tmp_path / "no").exists()
