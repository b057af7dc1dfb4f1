"""Generators that were trained before: of a run folder, or taken back from a float export of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tf_keras as keras

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.models import Model, content
from srgan_edge.runtime.flatbuffer import convolutions, graph_of
from srgan_edge.training.generators import ARCHITECTURES, build_generator
from srgan_edge.training.generators.layers import CollapsibleConv2D
from srgan_edge.training.growth import can_grow, grow
from srgan_edge.training.pretrained_files import find_pretrained
from srgan_edge.training.run_folder import Trained, load_generator

_FLOAT = ("fp16", "float32")


def load_pretrained(name: str, key: str, warn: Callable[[str], None] = lambda sentence: None) -> Trained:
    """The generator of a run folder, a bundled model's name, or a path of one of our FP16 or float32 exports.

    `key` is the recipe's key that named it, for messages; `warn` as of `load_generator`.

    Raises:
        UsageError: it is none of these, or an export whose weights cannot be taken back.
    """
    found = find_pretrained(name, key)
    if isinstance(found, Path):
        return load_generator(found, warn)
    try:
        return from_export(found)
    except SrganEdgeError as error:
        raise UsageError(f"{key}: {name}: {error}") from error


def from_export(model: Model) -> Trained:
    """The generator that a float export of ours was made from, in its own value range, [0, 1].

    Raises:
        UsageError: another format, or a network whose export has not the same convolutions (batch normalisation).
        SrganEdgeError: the file is not the one that its card is of.
    """
    card = model.card
    if card is None or card.family not in ARCHITECTURES:
        raise UsageError("no card says which of our generators this is")
    if card.quantization not in _FLOAT:
        raise UsageError(f"{model.path.name} holds rounded weights ({card.quantization}): name its FP16 export")
    generator = build_generator(card.family, card.scale)
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in generator.layers):
        raise UsageError(f"the batch normalisation of {card.family} cannot be taken back from an export")
    layers = [layer for layer in generator.layers if isinstance(layer, (keras.layers.Conv2D, CollapsibleConv2D))]
    graph_of(model)  # refuses a damaged file
    found = convolutions(content(model))
    if [kernel.shape for kernel, _ in found] != [_shape(layer) for layer in layers]:
        raise UsageError(f"{model.path.name} has other convolutions than {card.family}")
    for layer, (kernel, bias) in zip(layers, found, strict=True):
        # Exports go from 0..255 to 0..255, for which every bias is 255 times as large.
        if isinstance(layer, CollapsibleConv2D):
            layer.set_kernel(kernel, bias / 255)
        else:
            layer.set_weights([kernel, bias / 255] if layer.use_bias else [kernel])
    quality = card.quality.get("valid", {})
    return Trained(
        generator,
        model.name,
        card.family,
        card.scale,
        ARCHITECTURES[card.family].value_range,
        0,
        quality.get("psnr_float", float("nan")),
        quality.get("ssim_float", float("nan")),
        card.licence,
    )


def initialise(model: Any, trained: Trained, key: str = "generator.init") -> None:
    """Start `model` from a trained generator, over-parameterised convolutions too; an edge as `growth.can_grow` says.

    Raises:
        UsageError: that is of another architecture.
    """
    if trained.model.name != model.name:
        if can_grow(model, trained.model):
            grow(model, trained.model)
            return
        raise UsageError(f"{key}: {trained.name} is {trained.model.name}, not {model.name}")
    try:
        for layer in model.layers:
            weights = trained.model.get_layer(layer.name).get_weights()
            if isinstance(layer, CollapsibleConv2D):
                layer.set_kernel(*weights)
            else:
                layer.set_weights(weights)
    except ValueError as error:
        raise UsageError(f"{key}: {trained.name} is another {model.name}: {error}") from error


def _shape(layer: Any) -> tuple[int, ...]:
    return (
        (3, 3, *layer.expand.shape[2:3], layer.filters) if isinstance(layer, CollapsibleConv2D) else layer.kernel.shape
    )
