"""srgan-edge doctor."""

from __future__ import annotations

import importlib.metadata
import platform

import click

from srgan_edge import __version__
from srgan_edge.cli.output import json_option, print_json, print_table

_PACKAGES = (
    "ai-edge-litert",
    "tflite-runtime",
    "numpy",
    "pillow",
    "opencv-python",
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
)


@click.command("doctor")
@json_option
def command(as_json: bool) -> None:
    """Show versions and the delegates that work on this machine, and why others do not."""
    from srgan_edge.runtime.delegates import delegates

    versions = {"python": platform.python_version(), "system": platform.platform(), "srgan-edge": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    found = delegates()
    if as_json:
        print_json({"delegates": [d._asdict() for d in found], "versions": versions})
        return
    print_table(("package", "version"), versions.items())
    click.echo()
    print_table(
        ("delegate", "available", "device", "software", "reason"),
        ((d.name, "yes" if d.available else "no", d.device, "yes" if d.software else "", d.reason) for d in found),
    )
