"""All that is known of a model without running it: `srgan-edge inspect`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from srgan_edge.models import Model, find_model
from srgan_edge.runtime.compilers import lacking
from srgan_edge.runtime.flatbuffer import graph_of
from srgan_edge.runtime.gpu_delegate import gpu_verdict
from srgan_edge.runtime.xnnpack import partitions_of_file


def inspect(model: str | Path | Model, *, targets: Iterable[str] = ()) -> dict[str, Any]:
    """What is inside a bundled model or a .tflite file, as `srgan-edge inspect --json` prints it.

        found = inspect("edge-m-x4")
        print(found["parameters"], found["macs_per_pixel"], found["gpu"]["ok"])

    Args:
        model: a bundled model's name, a path, or a Model.
        targets: compilers of chips to look up: coral, intel, mediatek, samsung.

    Returns:
        `inputs`, `outputs` and `tensors`: name, shape, dtype, scale, zero_point; `ops`: op, count, dtypes; `float_ops`
        and `float_islands` of an integer model; `receptive_field` in input pixels; `stride`, of which overlap and sides
        of tiles are multiples; `parameters`; `macs` of one run; `macs_per_pixel` of the input; `size_bytes`; `runtime`,
        the oldest TFLite; `xnnpack_partitions`; `gpu`: what the mobile delegate refuses; `card`; `targets`:
        what each compiler lacks.

    Raises:
        UsageError: no such model or compiler.
        SrganEdgeError: it is not a TFLite model, or a damaged one.
    """
    found = model if isinstance(model, Model) else find_model(str(model))
    graph = graph_of(found)
    compilers = {target: lacking(graph, target) for target in targets}
    return {
        **graph.summary(),
        "xnnpack_partitions": partitions_of_file(found.path),
        "gpu": gpu_verdict(graph),
        "card": asdict(found.card) if found.card else None,
        "targets": compilers,
    }
