"""srgan-edge train."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click

from srgan_edge.cli.output import json_option, print_json, say
from srgan_edge.cli.train_progress import train_progress


@click.command("train")
@click.option("--recipe", "recipe_name", help="A recipe of train/ by name, or a .toml file. Default: sample.")
@click.option("--data", "source", help="Folder of photos, or a dataset tfds:NAME. Default: the recipe's.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder. Default: runs/NAME, by the name of the recipe."
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a key of the recipe.")
@click.option("--resume", is_flag=True, help="Continue from the newest checkpoint of the run folder.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Check the photos, print the recipe and estimated costs, draw some LR/HR pairs, and stop before training.",
)
@json_option
def command(
    recipe_name: str | None,
    source: str | None,
    out: Path | None,
    settings: tuple[str, ...],
    resume: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train a generator on a folder of photos.

    \b
    Examples:
      srgan-edge train                                   a small model on sample photos, in minutes
      srgan-edge train --recipe edge-m --data photos/
      srgan-edge train --recipe edge-m --data photos/ --set pretrain.steps=50000
      srgan-edge train --out runs/edge-m-x4 --resume
    """
    from srgan_edge.api import training_recipe

    if recipe_name is None and not resume and source is None:
        say("No --data given: training on the sample photos of scikit-image (recipe sample).")
    recipe = training_recipe(recipe_name, data=source, out=out, changes=settings, resume=resume)
    out = out or Path("runs") / recipe.name
    if dry_run:
        _dry_run(recipe, out, resume, as_json)
    else:
        _train(recipe, out, resume, as_json)


def _dry_run(recipe: Any, out: Path, resume: bool, as_json: bool) -> None:
    import tomli_w

    from srgan_edge.api import import_tensorflow
    from srgan_edge.imaging import encoding, images
    from srgan_edge.training.claim import check_request

    check_request(recipe, out, resume)
    import_tensorflow()
    from srgan_edge.training.dry_run import cost_of, look

    recipe, pairs = look(recipe, say)
    cost = cost_of(recipe)
    place = out if out.name else out.resolve()  # of "." the name is its folder's
    sheet = place.with_name(f"{place.name}-pairs.png") if pairs is not None else None
    if sheet is not None and pairs is not None:
        encoding.write(images.Picture(pairs), sheet)
    if as_json:
        phases = [phase._asdict() for phase in cost.phases]
        found = {"recipe": recipe.model_dump(), "out": str(out), "pairs": str(sheet) if sheet else None}
        print_json({**found, **cost._asdict(), "phases": phases})
        return
    click.echo(tomli_w.dumps(recipe.model_dump()))
    click.echo(f"# the run folder would be {out}; {cost.devices}, {cost.precision}; {cost.memory_mb} MB at most")
    for name, count in cost.parameters.items():
        click.echo(f"# {name}: {count:,} parameters in training")
    for phase in cost.phases:
        length = (
            f"{phase.steps} steps, {phase.steps * phase.seconds_per_step / 3600:.1f} h"
            if isinstance(phase.steps, int)
            else phase.steps
        )
        click.echo(f"# {phase.name}: {1 / phase.seconds_per_step:.2f} steps/s, {length}")
    if sheet:
        say(f"Look at {sheet.resolve().as_uri()} (LR | HR, as the network would see them)")


def _train(recipe: Any, out: Path, resume: bool, as_json: bool) -> None:
    from srgan_edge.api import train

    started = time.perf_counter()
    with train_progress() as report:
        outcome = train(recipe, out=out, resume=resume, report=report)
    seconds = time.perf_counter() - started
    gain = outcome.score.psnr - outcome.bicubic.psnr
    if as_json:
        print_json(
            {
                "out": str(out),
                "step": outcome.step,
                "finished": outcome.finished,
                "psnr": outcome.score.psnr,
                "ssim": outcome.score.ssim,
                "psnr_bicubic": outcome.bicubic.psnr,
                "best": {"out": str(out / "best"), **outcome.best._asdict()} if outcome.best else None,
                "seconds": seconds,
            }
        )
    elif outcome.finished:
        say(
            f"{out}: {outcome.step} steps in {seconds:.0f} s, PSNR {outcome.score.psnr:.2f} dB, "
            f"{gain:+.2f} dB against bicubic"
        )
        if outcome.best:
            broken = f", although {'; '.join(outcome.best.broken)}" if outcome.best.broken else ""
            say(f"Best of the GAN phase: step {outcome.best.step}, in {out / 'best'}{broken}")
        picture = out / "samples" / f"step-{outcome.step}.png"
        if picture.exists():
            say(f"Look at {picture.resolve().as_uri()} (LR | bicubic | SR | HR)")
        chosen = out / "best" if outcome.best and not outcome.best.broken else out
        say(f"Next: srgan-edge convert {shlex.quote(str(chosen))}")
    else:
        again = f"srgan-edge train --out {shlex.quote(str(out))} --resume"
        say(f"{out}: stopped at step {outcome.step}. Go on with: {again}")
    if not outcome.finished:
        # As any command that a signal ends: what follows it in a script must not take the run for done.
        sys.exit(128 + (outcome.signal or signal.SIGTERM))
