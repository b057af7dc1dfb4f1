"""Figures of the documentation: those of bundled models are the models', and each table names what prints it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import PAGES, ROOT, prose
from test_code_blocks import check_command

from srgan_edge.models import Model, bundled

FIGURED = [page for page in PAGES if page.name not in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
# What prints a figure, or says whose it is.
_SOURCE = re.compile(r"`?(srgan-edge|python|node|make|pytest) [\w./$-]|`(benchmarks|tests)/\w+|From their papers")
_MEASURED = re.compile(r"\d (dB|ms|KB|MB|GB|GiB|s|seconds|minutes|times)(?!\w)")
_FIGURE = re.compile(r"(?<![\w.])[+-]?\d+\.\d+|\d+ (dB|ms|KB|MB|s)\b")


def tables(text: str) -> Iterator[list[list[str]]]:
    """The cells of each table, its header first, its ruler left out."""
    for lines in re.findall(r"(?:^\|.*\n)+", text, re.M):
        rows = [[cell.strip(" *") for cell in line.strip().strip("|").split("|")] for line in lines.splitlines()]
        yield [row for row in rows if not re.fullmatch(r"-+", row[0])]


def figures(model: Model) -> dict[str, str]:
    """By a column's head, as tables write them."""
    card = model.card
    assert card is not None
    kilobytes = f"{model.path.stat().st_size / 1000:.0f}"
    macs = card.macs_per_pixel * 1280 * 720 / card.scale**2 / 1e9
    return {"parameters": f"{card.parameters:,}", "MACs": f"{macs:.2f}G", "file": f"{kilobytes} KB", "KB": kilobytes}


def test_figures_of_bundled_models() -> None:
    models, checked = {m.name: figures(m) for m in bundled()}, 0
    for page in FIGURED:
        for head, *rows in tables(page.read_text(encoding="utf-8")):
            for row in rows:
                for name, cell in zip(head[1:], row[1:], strict=False):
                    known = models.get(row[0], {}).get(name)
                    checked += bool(known and cell)
                    assert not known or cell in ("", known), f"{page.name}: {row[0]}, {name}"
    assert checked > 30


@pytest.mark.parametrize("page", FIGURED, ids=lambda page: page.name)
def test_a_table_of_figures_names_what_prints_it(page: Path) -> None:
    for section in re.split(r"^#+ ", page.read_text(encoding="utf-8"), flags=re.M):
        found = len(_FIGURE.findall("".join(re.findall(r"^\|.*\n", section, re.M))))
        assert found < 3 or _SOURCE.search(section), f"{page.name}: {section.splitlines()[0]}"


@pytest.mark.parametrize("page", FIGURED, ids=lambda page: page.name)
def test_what_was_measured_names_what_prints_it(page: Path) -> None:
    """In sentences; what stands in brackets after an option is its default."""
    for section in re.split(r"^#+ ", page.read_text(encoding="utf-8"), flags=re.M):
        found = _MEASURED.search(re.sub(r"`[^`]*` \([^)]*\)", "", prose(section)))
        assert not found or _SOURCE.search(section), f"{page.name}: {section.splitlines()[0]}: {found[0]}"


@pytest.mark.parametrize("page", FIGURED, ids=lambda page: page.name)
def test_programs_named_in_sentences_are_there(page: Path) -> None:
    for line in re.findall(r"`((?:python|node) [^`]+)`", prose(page.read_text(encoding="utf-8"))):
        if line.startswith("node "):
            assert (ROOT / line.split()[1]).is_file(), line
        else:
            check_command(line)
