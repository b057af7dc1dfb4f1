"""Calling a function in a Python process of its own, which imports nothing from the folder it is called in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

# -I keeps the current folder, PYTHON* variables and the user's packages away until the paths of this process are set.
_CHILD = (
    "import sys, os, json\n"
    "request = json.loads(sys.argv[1])\n"
    "sys.path[:] = request['path']\n"
    "from srgan_edge.runtime.isolated import answer\n"
    "answer(request)\n"
)


class ChildError(Exception):
    """The process ended without a result; the message is its exit code and last words."""


def call(function: str, *arguments: Any, limit: float | None = None) -> Any:
    """The result of `function`, "module:name", on arguments and with a result that JSON holds.

    A native library that crashes, hangs or prints does so there.

    Raises:
        ChildError: it crashed, raised or printed no result.
        TimeoutError: it took more than `limit` seconds.
    """
    # An empty entry means the current folder.
    request = {"path": [p for p in sys.path if p], "function": function, "arguments": arguments}
    command = [sys.executable, "-I", "-c", _CHILD, json.dumps(request)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"no result in {limit:.0f} seconds") from error
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise ChildError(f"code {done.returncode}{': ' + lines[-1] if lines else ''}") from error


def answer(request: dict[str, Any]) -> None:
    """What the process does."""
    import importlib

    from srgan_edge.runtime import captured

    captured.own_process()
    module, name = request["function"].split(":")
    with captured.captured_output():
        result = getattr(importlib.import_module(module), name)(*request["arguments"])
    sys.stdout.write("\n" + json.dumps(result))
    sys.stdout.flush()
    os._exit(0)  # a driver's clean-up has nothing more to say
