"""srgan-edge web."""

from __future__ import annotations

import shlex
import tempfile
import webbrowser
from pathlib import Path

import click

from srgan_edge.cli.output import json_option, print_json, say


@click.command("web")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Output folder of the site.")
@click.option(
    "-m", "--model", "names", multiple=True, help="A model to include; may be repeated. Default: the fast bundled ones."
)
@click.option(
    "--serve", is_flag=True, help="Serve the site on this machine and open a browser; an existing site is not rebuilt."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port of --serve; 0 = any."
)
@json_option
def command(out: Path | None, names: tuple[str, ...], serve: bool, port: int, as_json: bool) -> None:
    """Write a static site that upscales photos in the browser; nothing is uploaded.

    Any static host with HTTPS can serve the site. npm builds the page once. Browsers run INT8 models on the processor,
    and FP16 models on a graphics card where they offer one (WebGPU).

    \b
    Examples:
      srgan-edge web -o site/
      srgan-edge web --serve
      srgan-edge web -m edge-s-x4-int8 -m runs/mine/exports/mine-int8.tflite -o site/
    """
    from srgan_edge.errors import UsageError
    from srgan_edge.models import find_model
    from srgan_edge.web import is_site, serving, web_models, write_site

    if out is None and not serve:
        raise UsageError("say where the site goes, with -o SITE, or --serve")
    models = [find_model(name) for name in names] or web_models()
    with tempfile.TemporaryDirectory() as folder:
        site = out or Path(folder) / "site"
        if serve and not names and is_site(site):
            say(f"{site}: served as it is; without --serve, or with -m, it is written anew")
        else:
            write_site(site, models, say)
            if as_json:
                print_json({"site": str(site), "models": [model.name for model in models]})
        if not serve:
            serve_it = f"srgan-edge web -o {shlex.quote(str(site))} --serve"
            say(f"{site}: {len(models)} models. Next: {serve_it}, or copy it to a host for files")
            return
        with serving(site, port) as server:
            address = f"http://127.0.0.1:{server.server_port}/"
            say(f"{address} (Ctrl+C ends it)")
            webbrowser.open(address)
            server.serve_forever()
