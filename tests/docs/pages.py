"""The documentation's pages, and what is in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))

_FENCE = re.compile(r"^(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=fence)$", re.M | re.S)
_NEEDS = re.compile(r'^(?P<language>\w+)( needs="(?P<needs>[\w ]+)")?$')


class Block(NamedTuple):
    """A code block."""

    language: str
    needs: str
    """What it needs that a test does not have, "gpu" or "hours"; empty: it is run."""
    text: str


def prose(text: str) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", text)


def blocks(text: str) -> list[Block]:
    """The code blocks of a page.

    Raises:
        ValueError: an info string is not of the form `shell` or `shell needs="gpu"`, or a block is indented, so that
            it has none.
    """
    indented = re.search(r"(?:^|\n)\n( {4}\S[^\n]*)", prose(text))
    if indented:
        raise ValueError(f"an indented block: {indented[1]}")
    found = []
    for fence in _FENCE.finditer(text):
        info = _NEEDS.match(fence["info"].strip())
        if info is None:
            raise ValueError(f"a block of info {fence['info']!r}")
        found.append(Block(info["language"], info["needs"] or "", fence["text"]))
    return found


def commands(text: str) -> list[str]:
    """The commands of a shell block, comments and line continuations taken away."""
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [line for line in (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines) if line]
