"""What programs that try a device print: a row a model, and under the table what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from srgan_edge.cli.output import print_json, print_table


def print_rows(
    rows: Sequence[dict[str, Any]],
    as_json: bool,
    columns: Sequence[str],
    cells: Callable[[dict[str, Any]], Iterable[object]],
    note: str = "",
) -> None:
    """Print rows as JSON, or as a table of `cells`; the exit code is 1 if one has an `error`."""
    done, failed = ([row for row in rows if bool(row["error"]) is wanted] for wanted in (False, True))
    if as_json:
        print_json(rows)
    else:
        print_table(columns, [tuple(cells(row)) for row in done])
        if note:
            click.echo(note)
        for row in failed:
            click.echo(f"{' for '.join(row[key] for key in ('model', 'chip') if key in row)}: {row['error']}")
    if failed:
        raise SystemExit(1)
