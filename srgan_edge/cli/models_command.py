"""srgan-edge models."""

from __future__ import annotations

from dataclasses import asdict

import click

from srgan_edge.cli.output import json_option, print_json, print_table


@click.command("models")
@json_option
def command(as_json: bool) -> None:
    """List the bundled models and their figures.

    PSNR is of the photos held out from training, in dB; MACs are for a result of 1280x720 pixels.
    """
    from srgan_edge.models import bundled

    cards = [m.card for m in bundled() if m.card]
    if as_json:
        print_json([asdict(card) for card in cards])
        return
    rows = []
    for card in cards:
        quality = card.quality.get("valid", {})
        macs = card.macs_per_pixel * 1280 * 720 / card.scale**2
        rows.append(
            (
                card.name,
                f"x{card.scale}",
                card.quantization,
                f"{card.parameters:,}",
                f"{macs / 1e9:.2f}G",
                f"{card.tile}/{card.overlap}",
                f"{quality['psnr']:.2f}" if quality else "-",
                f"{quality['psnr_float']:.2f}" if quality else "-",
            )
        )
    print_table(("model", "scale", "format", "parameters", "MACs", "tile/overlap", "PSNR", "float"), rows)
