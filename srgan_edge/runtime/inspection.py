"""All that is known of a model without running it: `srgan-edge inspect`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from srgan_edge.models import find_model
from srgan_edge.runtime.compilers import lacking
from srgan_edge.runtime.flatbuffer import graph_of
from srgan_edge.runtime.gpu_delegate import gpu_verdict
from srgan_edge.runtime.xnnpack import partitions_of_file


def inspect(name_or_path: str, targets: Iterable[str] = ()) -> dict[str, Any]:
    """What `srgan-edge inspect --json` prints of a bundled model or a .tflite file.

    Raises:
        UsageError: no such model or compiler.
        SrganEdgeError: it is not a TFLite model, or a damaged one.
    """
    model = find_model(name_or_path)
    graph = graph_of(model)
    compilers = {target: lacking(graph, target) for target in targets}
    return {
        **graph.summary(),
        "xnnpack_partitions": partitions_of_file(model.path),
        "gpu": gpu_verdict(graph),
        "card": asdict(model.card) if model.card else None,
        "targets": compilers,
    }
