"""Links lead somewhere, files that are named are there, messages that are explained are said."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from pages import PAGES, ROOT, prose

MORE = [ROOT / name for name in ("train/README.md", "convert/README.md", "android-demo/README.md")]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """Of a page's headings, as GitHub and MkDocs make them."""
    headings = re.findall(r"^#+ +(.+)$", prose(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    broken = []
    for link in _LINK.findall(prose(text)):
        if re.match(r"https?://|mailto:", link):
            continue
        target, _, anchor = link.partition("#")
        file = page.parent / target
        if not file.exists() or (
            anchor and anchor not in anchors(file.read_text(encoding="utf-8") if target else text)
        ):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES + MORE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    assert not broken_links(page, page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("link", ["nothing.md", "README.md#no-such-heading", "#nor-this"])
def test_a_broken_link_is_seen(link: str) -> None:
    assert broken_links(ROOT / "README.md", f"# Here\n\n[text]({link})") == [link]
    assert not broken_links(ROOT / "README.md", "# Here it is\n\n[text](#here-it-is) [text](README.md#install)")


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_pages_that_the_site_includes_have_no_relative_links(name: str) -> None:
    """They would lead elsewhere from docs/."""
    assert not [link for link in _LINK.findall((ROOT / name).read_text(encoding="utf-8")) if "://" not in link]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_are_there(page: Path) -> None:
    folders = r"srgan_edge|train|convert|docs|tests|benchmarks|android-demo|web-demo|notebooks"
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", prose(page.read_text(encoding="utf-8")))
    new = {"train/fsrcnn.toml"} if page.name == "CONTRIBUTING.md" else set()
    assert not [name for name in named if not (ROOT / name).exists() and name not in new]


def test_how_it_works_names_files() -> None:
    folder, count = ROOT, 0
    for line in (ROOT / "docs/how-it-works.md").read_text(encoding="utf-8").splitlines():
        head = re.search(r"file of `(\S+)`", line)
        folder = ROOT / head[1] if head else folder
        if line.startswith("|") and not head:
            names = re.findall(r"`([\w/]+\.py)`", line.rpartition("|")[0].rpartition("|")[2])
            count += len(names)
            assert all((folder / name).is_file() for name in names), line
    assert count > 30


def messages() -> list[str]:
    """Every text of the package, with `…` for what is put in."""
    found = []
    for file in (ROOT / "srgan_edge").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.append("".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values))
    return found


def test_messages_that_are_explained_are_said() -> None:
    said = messages()
    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `([^`]+)` \|", page, re.M)
    assert len(explained) > 40

    def is_said(message: str) -> bool:
        parts = message.split("…")
        words, longest = re.compile(".*".join(map(re.escape, parts)), re.S), max(parts, key=len)
        return any(longest in text and words.search(text) for text in said)

    assert not [message for message in explained if not is_said(message)]
    assert not is_said("…: no such folder of videos")
