"""srgan-edge models."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from srgan_edge.cli.output import json_option, print_json, print_table


@click.command("models")
@click.argument("model", required=False)
@click.option(
    "--recipe", type=click.Choice(("train", "convert")), help="Print the recipe that MODEL was made with, as TOML."
)
@json_option
def command(model: str | None, recipe: str | None, as_json: bool) -> None:
    """List the bundled models by purpose, or print the model card of MODEL, a name or a .tflite file.

    The purposes are clean (clean photos), real (degraded photos) and looks (perceptual models, which look sharp at a
    cost in PSNR). PSNR is measured on held-out photos, in dB; MACs are for a result of 1280x720 pixels.

    \b
    Examples:
      srgan-edge models
      srgan-edge models edge-l-real-x4
      srgan-edge models edge-l-real-x4 --recipe train > mine.toml
    """
    from srgan_edge.errors import UsageError
    from srgan_edge.models import PURPOSES, bundled, find_model

    if model is not None:
        found = find_model(model)
        if found.card is None:
            raise UsageError(f"{found.path}: has no card beside it")
        if recipe is not None:
            _print_recipe(found.name, found.card.training if recipe == "train" else found.card.conversion)
            return
        if as_json:
            print_json(asdict(found.card))
        else:
            _print_card(model, asdict(found.card))
        return
    if recipe is not None:
        raise UsageError("--recipe: name the model")
    cards = [m.card for m in bundled() if m.card]
    cards.sort(key=lambda card: PURPOSES.index(card.purpose) if card.purpose else len(PURPOSES))
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
                card.purpose or "-",
                f"x{card.scale}",
                card.quantization,
                f"{card.parameters:,}",
                f"{macs / 1e9:.2f}G",
                f"{card.tile}/{card.overlap}",
                f"{quality['psnr']:.2f}" if quality else "-",
                f"{quality['psnr_float']:.2f}" if quality else "-",
            )
        )
    print_table(("model", "for", "scale", "format", "parameters", "MACs", "tile/overlap", "PSNR", "float"), rows)


def _print_recipe(name: str, recipe: dict[str, Any]) -> None:
    from srgan_edge.errors import SrganEdgeError

    if not recipe:
        raise SrganEdgeError(f"{name}: its card does not hold this recipe")
    try:
        import tomli_w
    except ImportError as error:
        raise SrganEdgeError("printing a recipe needs the package tomli-w: pip install 'srgan-edge[train]'") from error
    click.echo(tomli_w.dumps(recipe), nl=False)


def _print_card(name: str, card: dict[str, Any]) -> None:
    for key, value in card.items():
        if key in ("training", "conversion"):
            stage = "train" if key == "training" else "convert"
            how = f"srgan-edge models {name} --recipe {stage}" if value else "its recipe is not in this card"
            click.echo(f"{key}: {how}")
            continue
        lines = [f"{k}: {_plain(v)}" for k, v in value.items()] if isinstance(value, dict) else value
        click.echo("\n  ".join([f"{key}:", *lines]) if isinstance(lines, list) else f"{key}: {value}")


def _plain(value: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
