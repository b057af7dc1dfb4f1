"""srgan-edge inspect."""

from __future__ import annotations

from typing import Any

import click

from srgan_edge.cli.output import json_option, print_json, print_table


@click.command("inspect")
@click.argument("model")
@click.option("--tensors", is_flag=True, help="Also list each tensor's type, shape and quantization.")
@click.option(
    "--target", "targets", multiple=True, metavar="NAME", help="List the operators that a chip's compiler lacks."
)
@json_option
def command(model: str, tensors: bool, targets: tuple[str, ...], as_json: bool) -> None:
    """Show what is inside a .tflite model: operators, types, parameters, MACs, and what a mobile GPU delegate refuses.

    --target is coral, intel, mediatek or samsung, by the published lists of these compilers. To check a model with
    Qualcomm's compiler, use srgan-edge convert --npu.

    \b
    Examples:
      srgan-edge inspect edge-m-x4
      srgan-edge inspect edge-m-x4 --target mediatek --target coral
      srgan-edge inspect runs/edge/exports/edge-int8.tflite --json
    """
    from srgan_edge.runtime.inspection import inspect

    summary = inspect(model, targets=targets)
    if as_json:
        print_json(summary)
        return
    for side in ("inputs", "outputs"):
        for tensor in summary[side]:
            quantization = (
                f", scale {tensor['scale'][0]:.6f}, zero {tensor['zero_point'][0]}" if tensor["scale"] else ""
            )
            click.echo(f"{side[:-1]:8}{tensor['dtype']} {tensor['shape']}{quantization}")
    macs = f"{summary['macs'] / 1e9:.3f} GMACs, " if summary["macs"] else ""
    click.echo(
        f"{summary['parameters']:,} parameters, {macs}{summary['macs_per_pixel']:,} MACs per input pixel, "
        f"{summary['size_bytes']:,} bytes"
    )
    click.echo(f"{summary['float_ops']} operators compute in floating point")
    for island in summary["float_islands"]:
        click.echo(f"  float island: {' '.join(island)}")
    reach = summary["receptive_field"]
    steps = f", in steps of {summary['stride']}" if summary["stride"] > 1 else ""
    known = f"{reach} pixels around{steps}"
    click.echo("receptive field: " + ("the whole image, or unknown" if reach is None else known))
    click.echo(f"runs on TFLite {summary['runtime'] or 'of unknown version'} and later")
    if tensors:
        print_table(
            ("tensor", "type", "shape", "scale", "zero"),
            (
                (
                    _short(t["name"]),
                    t["dtype"],
                    "x".join(map(str, t["shape"])),
                    *_ends(t),
                )
                for t in summary["tensors"]
            ),
        )
    print_table(
        ("operator", "count", "types"),
        ((o["op"], o["count"], ", ".join(o["dtypes"])) for o in summary["ops"]),
    )
    click.echo(f"on this CPU: XNNPACK partitions: {summary['xnnpack_partitions']}")
    verdict = summary["gpu"]
    click.echo("mobile GPU delegate: " + ("takes every operator" if verdict["ok"] else "refuses"))
    for refused in verdict["refused"]:
        click.echo(f"  {refused['op']}: {refused['reason']}")
    for target, verdict in summary["targets"].items():
        click.echo(f"{target}'s compiler, by its list: " + ("takes every operator" if verdict["ok"] else "lacks"))
        for entry in verdict["lacking"]:
            click.echo(f"  {entry['count']} {entry['op']}: {entry['reason']}")


def _ends(tensor: dict[str, Any]) -> list[str]:
    return [f"{values[0]:.6g}" if values else "-" for values in (tensor["scale"], tensor["zero_point"])]


def _short(name: str) -> str:
    """The first of the names that the converter joined, without the model's own."""
    return name.split(";")[0].split("/", 1)[-1]
