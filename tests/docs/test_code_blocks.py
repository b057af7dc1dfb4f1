"""Every code block of README and docs is run; those that say what they need are held against the commands' options."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from numpy.typing import NDArray
from pages import PAGES, ROOT, Block, blocks, commands
from PIL import Image

from srgan_edge import recipes
from srgan_edge.cli.main import cli
from srgan_edge.training.recipe import Recipe

# What a reader waits minutes for, in seconds.
BRIEF = {
    "train": "pretrain.steps=2 pretrain.warmup=0 finetune.steps=0 gan.steps=0 data.batch=2 data.crop=24 "
    "data.downscales=[] loop.validate_every=2 loop.validate_photos=2",
    "convert": "qat_steps=0 calibration_batches=1 max_drop=9.0 min_gain=-90.0",
}
TRAINED = "runs/sample"
# Commands that several pages have, and the folder where each was run.
_MADE: dict[str, Path] = {}
SHELLS = ("shell", "bash")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run that `srgan-edge train` makes, after two steps."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run_command("srgan-edge train")
    return folder


@pytest.fixture
def desk(tmp_path: Path, coffee: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> Path:
    """What readers have: a photo, folders of them, a video, somebody's network."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(coffee[100:160, 200:296]).save(tmp_path / "photo.jpg", exif=exif)
    for folder in ("photos", "holiday"):
        (tmp_path / folder).mkdir()
        for index in range(4):
            part = coffee[index * 40 : index * 40 + 272, index * 80 : index * 80 + 272]
            Image.fromarray(part).save(tmp_path / folder / f"photo{index}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that `srgan-edge WORDS` names, and its arguments."""
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None, words[0]
    return command, words[1:]


def check_command(line: str) -> None:
    """Hold a command against what there is: options, extras, targets of make, programs of the checkout.

    Raises:
        click.UsageError: the command has no such option.
        AssertionError: there is nothing of that name.
    """
    words = shlex.split(line)
    if words[0] == "srgan-edge":
        command, arguments = command_of(words[1:])
        command.make_context(words[1], arguments)
    elif words[:2] == ["pip", "install"]:
        extras = {extra for word in words for names in re.findall(r"\[([\w,-]+)\]", word) for extra in names.split(",")}
        known = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        assert all(re.search(rf"^{extra} = \[", known, re.M) for extra in extras), line
    elif words[0] == "make":
        assert all(
            re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M) for target in words[1:]
        ), line
    elif words[:2] == ["python", "-m"] or words[0] == "twine":
        pass  # of the packages that the block installs
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file(), line
        options = [word for word in words[2:] if word.startswith("--")]
        source = (ROOT / words[1]).read_text(encoding="utf-8")
        assert all(f'"{option}"' in source for option in options), line
    else:
        raise AssertionError(f"nothing is known of {line}: add it to check_command, or write the block otherwise")


def run_command(line: str) -> None:
    """Run a command as a reader would, but briefly."""
    words = shlex.split(line)
    assert words[0] == "srgan-edge", f'{line}: say what it needs, as in ```shell needs="network"'
    settings = BRIEF.get(words[1], "").split()
    added = [word for setting in settings for word in ("--set", setting)]
    if words[1] == "benchmark":
        added = ["--runs", "1", "--size", "64x64"]
    before = _MADE.get(line)
    if before is not None:  # on another page
        for folder in (before / "runs").iterdir():
            shutil.copytree(folder, Path("runs") / folder.name, dirs_exist_ok=True)
        return
    done = CliRunner().invoke(cli, [*words[1:], *added], standalone_mode=False)
    if isinstance(done.exception, Exception):
        raise done.exception
    assert done.exit_code == 0, f"{line}: {done.output}"
    if words[1] in BRIEF and Path("runs").is_dir():
        _MADE[line] = Path.cwd()


def run_block(block: Block, names: dict[str, Any]) -> None:
    """Run a block, or what can be run of it."""
    if block.language in SHELLS and not block.needs:
        for line in commands(block.text):
            run_command(line)
    elif block.language == "bash":
        subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
    elif block.language == "shell":
        for line in commands(block.text):
            check_command(line)
    elif block.language == "python":
        code = ast.parse(block.text)
        if block.needs:  # what it imports is there, at least
            code.body = [line for line in code.body if isinstance(line, ast.Import | ast.ImportFrom)]
        exec(compile(code, "a code block", "exec"), names)
    elif block.language == "yaml":
        assert list(yaml.safe_load_all(block.text))
    elif block.language == "toml":
        Path("block.toml").write_text(block.text, encoding="utf-8")
        recipes.load(Recipe, "train", "block.toml", ())
    else:
        # Diffs are applied by test_contributing.py, Kotlin is compiled by make android.
        assert block.language in ("diff", "kotlin", "text"), f"a block of {block.language}"


@pytest.mark.tensorflow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks(page: Path, desk: Path, request: pytest.FixtureRequest) -> None:
    text = page.read_text(encoding="utf-8")
    found = blocks(text)
    if any(f"convert {TRAINED}" in b.text for b in found if not b.needs):
        shutil.copytree(request.getfixturevalue("trained") / TRAINED, desk / TRAINED)
    if "generator.keras" in text:
        save_network(desk / "generator.keras")
    names: dict[str, Any] = {}
    for block in found:
        run_block(block, names)


def save_network(path: Path) -> None:
    """Somebody's network: nearest-neighbour enlargement."""
    keras = importlib.import_module("tf_keras")
    inputs = keras.Input((None, None, 3))
    convolution = keras.layers.Conv2D(3, 1)
    model = keras.Model(inputs, keras.layers.UpSampling2D(2)(convolution(inputs)))
    convolution.set_weights([np.eye(3)[None, None], np.zeros(3)])
    model.save(path)


@pytest.mark.parametrize(
    ("block", "error"),
    [
        ('```shell needs="gpu"\nsrgan-edge run photo.jpg --delegat gpu\n```\n', click.NoSuchOption),
        ('```shell needs="gpu"\nsrgan-edge runn photo.jpg\n```\n', Exception),
        ("```shell needs=\"network\"\npip install '.[cnvert]'\n```\n", AssertionError),
        ('```shell needs="checkout"\nmake everything\n```\n', AssertionError),
        ('```shell needs="checkout"\npython benchmarks/peers.py --bnch x\n```\n', AssertionError),
        ("```shell\nsrgan-edge run nothing.jpg\n```\n", Exception),
        ("```shell\nls\n```\n", AssertionError),
        ("```python\n1 / 0\n```\n", ZeroDivisionError),
        ('```python needs="gpu"\nfrom x import\n```\n', SyntaxError),
        ('```python needs="gpu"\nfrom srgan_edge import Upscale\n```\n', ImportError),
        ("```toml\n[pretrain]\nlosses = {l2 = 1.0}\n```\n", Exception),
        ("```\nsrgan-edge\n```\n", ValueError),
        ("```shell gpu\nsrgan-edge\n```\n", ValueError),
        ("Run it:\n\n    srgan-edge train\n", ValueError),
    ],
)
def test_a_wrong_block_is_seen(block: str, error: type[Exception], desk: Path) -> None:
    with pytest.raises(error):
        for found in blocks(block):
            run_block(found, {})


@pytest.mark.parametrize("name", ["run", "train", "convert", "evaluate", "benchmark", "inspect", "web"])
def test_examples_of_help(name: str) -> None:
    command, _ = command_of([name])
    examples = re.findall(r"^ +(srgan-edge [^\n]*?)(?: {3,}.*)?$", (command.help or "").partition("Examples:")[2], re.M)
    assert len(examples) >= 3
    for example in examples:
        check_command(example)
