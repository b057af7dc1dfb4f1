"""A self-contained HTML page that compares pictures by a slider, with tables under it."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from PIL import Image

from srgan_edge.files.atomic import write_text
from srgan_edge.imaging import Bytes


@dataclass(frozen=True)
class Comparison:
    """Versions of one photo, all of the same size."""

    name: str
    pictures: dict[str, Bytes]
    """By name, `(H, W, 3)` bytes; the second and third are shown first, to the left and to the right."""


@dataclass(frozen=True)
class PageTable:
    """A table of the page."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Figure:
    """A drawing of the page."""

    title: str
    note: str
    drawing: str
    """HTML or SVG."""


def write_page(
    path: Path, title: str, intro: str, photos: Sequence[Comparison], parts: Sequence[PageTable | Figure]
) -> None:
    """Write the page; pictures are embedded as PNG, so that no pixel is changed."""
    template = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    data = [
        {
            "name": photo.name,
            "width": next(iter(photo.pictures.values())).shape[1],
            "height": next(iter(photo.pictures.values())).shape[0],
            "pictures": [{"name": name, "source": _png(rgb)} for name, rgb in photo.pictures.items()],
        }
        for photo in photos
    ]
    page = template.substitute(
        title=html.escape(title),
        intro=html.escape(intro),
        parts="\n".join(_part(part) for part in parts),
        # "</" would end the script element.
        data=json.dumps(data).replace("</", "<\\/"),
    )
    write_text(path, page)


def _part(part: PageTable | Figure) -> str:
    inside = part.drawing if isinstance(part, Figure) else _table(part)
    return (
        f'<h2>{html.escape(part.title)}</h2>\n<p>{html.escape(part.note)}</p>\n<div class="panel scroll">{inside}</div>'
    )


def _table(table: PageTable) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "\n".join(row(cells, "td") for cells in table.rows)
    return f"<table>\n{row(table.columns, 'th')}\n{body}\n</table>"


def _png(rgb: Bytes) -> str:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
