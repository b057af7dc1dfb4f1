"""Plant small faults in the code, one at a time, and see whether the tests notice: python tests/mutants.py --help.

A group is some modules and the tests that should see a fault in them. Of all mutants that cosmic-ray's operators make
of a group's modules a seeded sample is taken; each is planted in a copy of the checkout and the group's tests are run
until one fails, those first that run its line; those that are slow or train first are left out. Mutants that no test
can tell from the code are listed, with reasons, in equivalent_mutants.toml.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
from planting import ROOT, Fast, Mutant, Tester, checkout, planted, toml
from tests_of_lines import Recorded

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")


class Group(NamedTuple):
    """Modules and the tests that should see a fault in them."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


_STEPS = (
    "tests/training/test_learner.py",
    "tests/training/test_steps.py",
    "tests/training/test_generator_loss.py",
    "tests/training/test_muon.py",
    "tests/training/test_learner_keys.py",
)
GROUPS = {
    "imaging": Group(("srgan_edge/imaging/*.py",), ("tests/imaging", "tests/test_evaluation.py")),
    "runtime": Group(
        ("srgan_edge/runtime/*.py", "srgan_edge/runtime/video/*.py"),
        (
            "tests/runtime",
            "tests/test_models.py",
            "tests/cli/test_run_options.py",
            "tests/cli/test_run_videos.py",
            "tests/cli/test_bad_input.py",
        ),
    ),
    "losses": Group(
        ("srgan_edge/training/losses/*.py",), ("tests/training/losses", "tests/training/test_generator_loss.py")
    ),
    "steps": Group(("srgan_edge/training/steps.py", "srgan_edge/training/generator_loss.py"), _STEPS),
    "learner": Group(
        ("srgan_edge/training/learner.py",),
        (*_STEPS[::-1], "tests/training/test_loop.py::test_gan_phase_with_a_projected_discriminator"),
    ),
    "conversion": Group(("srgan_edge/conversion/*.py",), ("tests/conversion",)),
    "models": Group(("srgan_edge/models.py",), ("tests/test_models.py", "tests/runtime/test_vetting.py")),
    "evaluation": Group(("srgan_edge/evaluation.py",), ("tests/test_evaluation.py", "tests/cli/test_small_options.py")),
}


class Place(NamedTuple):
    """Where an operator of cosmic-ray can change a module."""

    path: Path
    operator: str
    occurrence: int
    start: tuple[int, int]
    end: tuple[int, int]


def places_of(path: Path) -> list[Place]:
    """All of a module."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    nodes = list(ast_nodes(get_ast(path.read_text(encoding="utf-8"))))
    return [
        Place(path, name, occurrence, *span)
        for name in operator_names()
        if not get_operator(name).arguments()  # those of variables, which are to be named
        for occurrence, span in enumerate(
            span for node in nodes for span in get_operator(name)().mutation_positions(node)
        )
    ]


def mutant_of(place: Place, root: Path = ROOT) -> Mutant | None:
    """None where the change is of type annotations, of what only type checkers read, or no Python."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    text = place.path.read_text(encoding="utf-8")
    unread = _unread_lines(text)
    if any(line in unread for line in range(place.start[0], place.end[0] + 1)) and _within(unread, place.start):
        return None
    changed = mutate_code(text, get_operator(place.operator)(), place.occurrence)
    if changed is None or changed == text or not _compiles(changed):
        return None
    return Mutant(str(place.path.relative_to(root)), changed, *_difference(text, changed), _lines_run(text, place))


def _lines_run(text: str, place: Place) -> range:
    """Those of the statement that a place is in; of one with a body, its head."""
    first, last = place.start[0], place.end[0]
    inner = [
        n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.stmt) and n.lineno <= first <= (n.end_lineno or 0)
    ]
    for node in inner[-1:]:
        body = getattr(node, "body", [])
        first, last = node.lineno, max(last, body[0].lineno - 1 if body else node.end_lineno or 0)
    return range(first, last + 1)


def _compiles(text: str) -> bool:
    try:
        compile(text, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _difference(before: str, after: str) -> tuple[str, str]:
    """The lines of both between those that they begin and end with alike."""
    one, two = before.splitlines(), after.splitlines()
    first = _alike(one, two)
    last = _alike(one[first:][::-1], two[first:][::-1])
    before, after = (" ".join(line.strip() for line in lines[first : len(lines) - last]) for lines in (one, two))
    return before, after


def _alike(one: Sequence[str], two: Sequence[str]) -> int:
    """How many lines two texts begin with alike."""
    return sum(1 for _ in itertools.takewhile(lambda lines: lines[0] == lines[1], zip(one, two, strict=False)))


def _unread_lines(text: str) -> dict[int, list[tuple[int, int]]]:
    """Columns by line of annotations, and of blocks under TYPE_CHECKING."""
    spans: list[Any] = []
    for node in ast.walk(ast.parse(text)):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                spans.append(getattr(node, name))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            spans.append(node)
        if (  # a name for a type: `Step = Callable[...]`
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Subscript)
            and ast.unparse(node.value.value) in ("NDArray", "Callable")
        ):
            spans.append(node.value)
    unread: dict[int, list[tuple[int, int]]] = {}
    for span in spans:
        first, last = span.lineno, span.end_lineno or span.lineno
        for line in range(first, last + 1):
            start = span.col_offset if line == first else 0
            end = (span.end_col_offset or 0) if line == last else 10_000
            unread.setdefault(line, []).append((start, end))
    return unread


def _within(unread: dict[int, list[tuple[int, int]]], start: tuple[int, int]) -> bool:
    return any(first <= start[1] < last for first, last in unread.get(start[0], []))


def sample(group: Group, count: int, seed: int, root: Path = ROOT) -> list[Mutant]:
    """`count` of a group's mutants, the same for each seed; 0 = all."""
    places = [place for pattern in group.modules for path in sorted(root.glob(pattern)) for place in places_of(path)]
    random.Random(seed).shuffle(places)
    found: dict[str, Mutant] = {}
    for place in places:
        mutant = mutant_of(place, root)
        if mutant is not None:
            found.setdefault(mutant.text, mutant)
        if len(found) == count:
            break
    return list(found.values())


def examine(mutant: Mutant, tests: Sequence[str], recorded: Recorded, test: Tester, limit: float) -> tuple[int, str]:
    """What is said of a planted mutant: first by the tests that run its lines, then by all of its group."""
    first, shared = recorded.tests(test.copy / mutant.path, mutant.lines)
    code, by = test(first, limit, mutant.path if shared else "") if first else (0, "")
    return (code, by) if code not in (0, 5) else test(tests, limit, mutant.path)  # 5: every test of it is slow


def measure(name: str, mutants: Sequence[Mutant], test: Tester) -> dict[str, Any]:
    """Plant each and run the group's tests; prints each survivor."""
    tests = [path for path in GROUPS[name].tests if (test.copy / path.split("::")[0]).exists()]
    started = time.monotonic()
    folder = test.copy.with_name(f"lines-of-{name}")
    folder.mkdir()
    code, why = test.record(tests, 3600, folder)
    if code:
        raise SystemExit(f"{name}: its tests fail without any fault: {why}")
    recorded = Recorded(folder)
    limit = 30 + 5 * (time.monotonic() - started)
    known, killed, same, survivors = toml(EQUIVALENT)["equivalent"], 0, 0, []
    for mutant in mutants:
        if mutant.key in known:
            same += 1
            continue
        with planted(test.copy, mutant):
            code, by = examine(mutant, tests, recorded, test, limit)
        if code:
            killed += 1
        else:
            survivors.append(mutant.key)
        click.echo(f"{'killed  ' if code else 'SURVIVED'} {mutant.key}" + (f"   by {by[:100]}" if code else ""))
    return {"killed": killed, "equivalent": same, "survivors": survivors}


def main() -> None:
    """Print each mutant's end, then a table and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; default: all")
    parser.add_argument("--count", type=int, default=20, help="mutants of each group, 0 = all; default 20")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    asked = parser.parse_args()
    if unknown := set(asked.groups) - set(GROUPS):
        parser.error(f"unknown group {', '.join(sorted(unknown))}: there are {', '.join(GROUPS)}")
    table = []
    with tempfile.TemporaryDirectory() as folder:
        copy = checkout(Path(folder))
        test = Tester(copy, Fast())
        for name in asked.groups or GROUPS:
            found = measure(name, sample(GROUPS[name], asked.count, asked.seed), test)
            table.append((name, found))
    click.echo(f"\n{'group':12}{'killed':>8}{'of':>6}{'share':>8}{'equivalent':>12}")
    for name, found in table:
        of = found["killed"] + len(found["survivors"])
        click.echo(f"{name:12}{found['killed']:8}{of:6}{found['killed'] / max(1, of):8.0%}{found['equivalent']:12}")
    for name, found in table:
        for key in found["survivors"]:
            click.echo(f"survived, {name}: {key}")


if __name__ == "__main__":
    main()
