"""srgan-edge convert."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path

import click

from srgan_edge.cli.output import json_option, print_json, print_table, progress_bar, say


@click.command("convert")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--int8", "formats", flag_value="int8", multiple=True, help="Export INT8. Default: the recipe's formats.")
@click.option("--fp16", "formats", flag_value="fp16", multiple=True, help="Export FP16.")
@click.option("--float32", "formats", flag_value="float32", multiple=True, help="Export 32-bit weights.")
@click.option("--dynamic", "formats", flag_value="dynamic", multiple=True, help="Export 8-bit weights, float32 I/O.")
@click.option("--io", type=click.Choice(["uint8", "int8", "float32"]), help="Input and output type of INT8 exports.")
@click.option("--input-range", nargs=2, type=float, help="Values of black and white in a third-party network's input.")
@click.option("--output-range", nargs=2, type=float, help="The same for its output. Default: those of the input.")
@click.option("--trust", is_flag=True, help="Let a third-party network run its own Python code and access files.")
@click.option(
    "--recipe",
    "recipe_name",
    default="default",
    show_default=True,
    help="A recipe of convert/ by name, or a .toml file.",
)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a key of the recipe.")
@click.option("--qat-steps", type=click.IntRange(0), help="Steps of quantization-aware fine-tuning; 0 = none.")
@click.option("--calibration", help="Photos to calibrate and fine-tune on. Default: the run's training photos.")
@click.option("--tile", type=click.IntRange(0), help="Side of the model's fixed input; 0 = any size.")
@click.option("--verify", help="Photos to verify on. Default: the run's validation photos.")
@click.option("--max-drop", type=click.FloatRange(0), help="Largest drop in PSNR that passes verification, in dB.")
@click.option(
    "--npu", multiple=True, metavar="CHIP", help="Also compile each export for a Qualcomm chip, such as SM8650."
)
@click.option("--transpose-conv", is_flag=True, help="Replace DEPTH_TO_SPACE, for NPU compilers that lack it.")
@click.option("--onnx", is_flag=True, help="Also write each export as an ONNX file, verified in the same way.")
@click.option(
    "--blend", multiple=True, metavar="RUN=SHARE", help="Mix in the weights of a run of the same architecture."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Output folder. Default: RUN/exports.")
@json_option
def command(
    run: Path | None,
    formats: tuple[str, ...],
    io: str | None,
    input_range: tuple[float, float] | None,
    output_range: tuple[float, float] | None,
    trust: bool,
    recipe_name: str,
    changes: tuple[str, ...],
    qat_steps: int | None,
    calibration: str | None,
    tile: int | None,
    verify: str | None,
    max_drop: float | None,
    npu: tuple[str, ...],
    transpose_conv: bool,
    onnx: bool,
    blend: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Quantize a trained generator, export it as INT8 and FP16 .tflite files, and verify each export.

    RUN is a run folder of srgan-edge train; the default is the newest under runs/. It can also be a third-party
    network: a .keras or .h5 file or a SavedModel, with its --input-range.

    Each export is compared with the float network. If it loses more than --max-drop, or is no better than bicubic
    interpolation, it is not written, and the exit code is 3. ONNX files are verified in ONNX Runtime, NPU programs on
    Qualcomm's emulator (not on a phone). report.html, beside the exports, shows what each one loses.

    \b
    Examples:
      srgan-edge convert
      srgan-edge convert --int8
      srgan-edge convert runs/edge-m-x4 --int8 --fp16 --qat-steps 1000 -o exports/
      srgan-edge convert runs/edge-xl-real-x4 --blend runs/edge-xl-real-gan-x4=0.3 -o exports/
      srgan-edge convert runs/edge-m-x4 --npu SM8650 --npu SM8750 --onnx
      srgan-edge convert generator.h5 --input-range -1 1 --calibration photos/ --int8 -o exports/
      srgan-edge convert srgan.keras --input-range 0 1 --output-range -1 1
    """
    from srgan_edge import api

    given = {
        "qat_steps": qat_steps,
        "calibration": calibration,
        "tile": tile,
        "verify": verify,
        "max_drop": max_drop,
        "io": io,
        "npu": list(npu) or None,
        "transpose_conv": transpose_conv or None,
        "onnx": onnx or None,
        "blend": dict(_share(text) for text in blend) or None,
        "formats": list(formats) or None,
    }
    options = [(key, value) for key, value in given.items() if value is not None]
    with progress_bar() as bar:
        task = bar.add_task("fine-tuning", total=None, visible=False)
        exports = api.convert(
            run,
            recipe=recipe_name,
            out=out,
            changes=[*changes, *options],
            input_range=input_range,
            output_range=output_range,
            trust=trust,
            report=say,
            progress=lambda done, total: bar.update(task, completed=done, total=total, visible=done < total),
        )
    if as_json:
        from srgan_edge.conversion.report import REPORT

        print_json(
            {
                "exports": [{**asdict(e), "path": str(e.path)} for e in exports],
                "report": str(exports[0].path.with_name(REPORT)),
            }
        )
        return
    print_table(
        ("export", "format", "KB", "PSNR", "float", "drop dB"),
        (
            (
                e.path,
                e.format if e.target == "tflite" else f"{e.format} {e.target}",
                f"{e.size_bytes / 1000:.0f}",
                f"{e.psnr:.3f}",
                f"{e.psnr_float:.3f}",
                f"{e.drop_db:+.3f}",
            )
            for e in exports
        ),
    )
    say(f"Next: srgan-edge run -m {shlex.quote(str(exports[0].path))} photo.jpg")


def _share(text: str) -> tuple[str, float]:
    """Of `--blend RUN=SHARE`."""
    run, _, share = text.rpartition("=")
    try:
        value = float(share)
    except ValueError:
        value = -1.0
    if not run or not 0 < value <= 1:
        raise click.BadParameter(f"{text}: write it as RUN=SHARE, a share above 0 and at most 1", param_hint="--blend")
    return run, value
