"""The rooms of the house: what may import what, and that a file has one subject."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "srgan_edge"
# From the ground up: a room imports from those below it.
ROOMS = (
    *("errors", "files", "imaging", "models", "recipes", "page", "runtime"),
    *("training", "evaluation", "conversion", "api", "demo", "web", "cli", "__main__"),
)
LONGEST = 300
FACE = "srgan_edge"  # imports its names when they are first used


def modules() -> dict[str, Path]:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@functools.cache
def imported(module: str) -> set[str]:
    """The names of what one imports, anywhere but for a type checker: of a module where it is one."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    unseen = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in inner}
    return found


def room(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {FACE}))
def test_no_arrow_runs_upwards(module: str) -> None:
    own = ROOMS.index(room(module))
    inside = {name for name in imported(module) if name.startswith(f"{FACE}.") and room(name) != room(module)}
    assert {name for name in inside if ROOMS.index(room(name)) > own} == set()


def test_every_room_is_on_the_plan() -> None:
    assert {room(module) for module in MODULES if module != FACE} == set(ROOMS)


def test_no_circle_of_imports() -> None:
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above[above.index(module) :], module))
        if module in done or module == FACE:
            return
        for name in imported(module) & MODULES.keys():
            visit(name, (*above, module))
        done.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize(
    "module", sorted(m for m in MODULES if m != FACE and room(m) in ("imaging", "runtime", "models"))
)
def test_what_runs_models_needs_no_tensorflow(module: str) -> None:
    heavy = {"tensorflow", "tf_keras", "keras", "tensorflow_model_optimization", "pydantic"}
    assert not {name.split(".")[0] for name in imported(module)} & heavy


@pytest.mark.parametrize("folder", ["srgan_edge", "benchmarks", "tests", "web-demo/src"])
def test_no_file_is_long(folder: str) -> None:
    """A file of more has two subjects."""
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".js")]
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: count for name, count in lengths.items() if count > LONGEST} == {}


def public_classes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(module)
    return found


def test_a_name_is_one_type() -> None:
    assert {name: modules for name, modules in public_classes().items() if len(modules) > 1} == {}


def test_a_file_is_found_by_its_name() -> None:
    """Apart from the recipes of the two stages, and the loss that is called colour."""
    names = [module.rsplit(".", 1)[1] for module in MODULES if module != FACE]
    doubled = {name for name in names if names.count(name) > 1}
    assert doubled == {"recipe", "colour"}
