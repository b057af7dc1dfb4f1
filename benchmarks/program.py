"""What the programs of this folder have in common."""

from __future__ import annotations

from typing import Any

import click

from srgan_edge.errors import SrganEdgeError


class Program(click.Command):
    """A command whose errors are a sentence and an exit code, as those of `srgan-edge`."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except SrganEdgeError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)
