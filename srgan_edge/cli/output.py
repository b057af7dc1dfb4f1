"""What commands print: data on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

json_option = click.option("--json", "as_json", is_flag=True, help="Print data as JSON on stdout.")
error_console = Console(stderr=True, highlight=False, soft_wrap=True)
# What a file's name must not tell a terminal: control characters, those that turn the writing, halves of characters.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Text with its control characters as their escapes, `\\x1b` for ESC; line ends and tabs are left."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(text: str) -> None:
    """A line for the user, on stderr; where nothing takes it, it is dropped."""
    with contextlib.suppress(OSError):
        error_console.print(printable(text), markup=False)


def print_json(data: Any) -> None:
    """Data on stdout; infinite numbers become null, which JSON has no word for."""
    click.echo(json.dumps(_finite(data)))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout: the first column to the left, the rest to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(printable(str(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=240)  # a pipe has no width: nothing is cut there
    with console.capture() as captured:
        console.print(table)
    click.echo(captured.get(), nl=False)


def progress_bar() -> Progress:
    """A progress bar on stderr, shown only on a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=error_console,
        disable=not error_console.is_terminal,
        transient=True,
        speed_estimate_period=600,  # steps are told of in hundreds, and a photo may take minutes
    )


def _finite(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    return data
