"""The `srgan-edge` command."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import warnings
from typing import Any

import click

from srgan_edge import __version__
from srgan_edge.cli.output import printable, say
from srgan_edge.errors import SrganEdgeError, SrganEdgeWarning, UnknownNameError
from srgan_edge.runtime import captured

# What each command does, and the extra that its imports need; its module is srgan_edge.cli.NAME_command.
_COMMANDS = {
    "train": ("Train a generator on a folder of photos.", "train"),
    "convert": ("Quantize a trained generator and export it as INT8 and FP16 .tflite files.", "convert"),
    "run": ("Upscale photos and videos.", ""),
    "evaluate": ("Measure PSNR and SSIM of models on a test set.", ""),
    "benchmark": ("Measure the speed of models on this machine.", ""),
    "inspect": ("Show what is inside a .tflite model.", ""),
    "models": ("List the bundled models.", ""),
    "doctor": ("Show versions and the delegates that work on this machine.", ""),
    "web": ("Write a site that upscales photos in the browser.", ""),
    "demo": ("Run the whole pipeline in minutes: train briefly, convert, upscale.", "convert"),
}


class _LazyGroup(click.Group):
    """Imports a command's module only when the command is named, so that `run` never waits for TensorFlow."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return importlib.import_module(f"srgan_edge.cli.{cmd_name}_command").command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            raise UnknownNameError("command", args[0], _COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (summary, _) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="srgan-edge")
def cli() -> None:
    """Train, quantize and run image super-resolution on phones, boards and laptops."""
    click.get_current_context().with_resource(warnings.catch_warnings())
    # Pillow warns of odd metadata, and what matters it raises.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.simplefilter("always", SrganEdgeWarning)
    show = warnings.showwarning

    def say_ours(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, SrganEdgeWarning):
            say(str(message))
        else:
            show(message, category, *where, **more)

    warnings.showwarning = say_ours


class _Terminated(BaseException):
    """SIGTERM: the same clean end as Ctrl-C. No KeyboardInterrupt, which click would take for one."""


def main() -> None:
    """Run a command; an error becomes one sentence on stderr and its exit code."""
    _open_standard_streams()
    captured.own_process()
    # TensorFlow's C++ logs say nothing a user can act on.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        cli.main(standalone_mode=False)
    except SrganEdgeError as error:
        _fail(str(error), error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except _Terminated:
        _fail("terminated", 143)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)
    except BrokenPipeError:
        # The reader of our output went away.
        _forget_output()
        sys.exit(141)
    except ModuleNotFoundError as error:
        command = next((a for a in sys.argv[1:] if a in _COMMANDS), "")
        _, extra = _COMMANDS.get(command, ("", ""))
        if not extra or (error.name or "").startswith("srgan_edge"):
            raise
        _fail(f"{command} needs the package {error.name}: pip install 'srgan-edge[{extra}]'", 1)
    except OSError as error:
        if error.filename is None:  # of no file: what we print
            _forget_output()
        reason = error.strerror or str(error)
        _fail(f"{os.fsdecode(error.filename)}: {reason}" if error.filename else f"output: {reason}", 1)
    except MemoryError:
        _fail("not enough memory", 1)
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: object) -> None:
    raise _Terminated


def _open_standard_streams() -> None:
    """Give those that were closed to nothing: else a file would get their number, and what libraries print."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _forget_output() -> None:
    """What could not be printed: Python must not complain about it again at exit."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> None:
    with contextlib.suppress(OSError):
        click.echo(f"srgan-edge: {printable(message)}", err=True)
    sys.exit(code)
