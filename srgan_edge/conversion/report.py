"""report.html: what a conversion cost, to look at."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from srgan_edge.conversion.layer_noise import LayerNoise
from srgan_edge.conversion.publish import ForTarget
from srgan_edge.conversion.verify import Checker, ExportQuality
from srgan_edge.imaging import resample
from srgan_edge.page import Comparison, Figure, PageTable, write_page

REPORT = "report.html"
# Photos shown, those that lose most first, and the side of what is shown of each.
_PHOTOS, _SIDE = 6, 384
# What a heat map multiplies differences by: 16 levels are white.
_GAIN = 16
_COLUMNS = ("export", "KB", "PSNR", "drop", "SSIM", "drop", "worst pixel", "shift R G B", "worst photo, dB")


@dataclass(frozen=True)
class Verified:
    """An export that passed the gate."""

    name: str
    path: Path
    quality: ExportQuality
    noise: list[LayerNoise]
    """Of INT8 exports."""
    others: list[ForTarget]
    """What was made of it for other runtimes."""


def write_report(path: Path, name: str, exports: Sequence[Verified], checker: Checker) -> None:
    """Write the page of the exports of one network, self-contained."""
    worst = np.argsort([-drop for drop in exports[0].quality.drops])[:_PHOTOS]
    photos = [_comparison(int(i), exports, checker) for i in worst]
    intro = (
        f"{name}: the exports beside the float network on {len(checker.pairs)} photos. Shown is of each of the "
        f"{len(photos)} that {exports[0].name} loses most on where it differs most. In heat maps {256 // _GAIN} levels "
        "of difference are white. Drag the boundary."
    )
    parts: list[PageTable | Figure] = [_figures(exports)]
    if any(export.others for export in exports):
        parts.append(_others(exports))
    for export in exports:
        parts.append(_histogram(export))
        if export.noise:
            parts.append(_noise(export))
    write_page(path, f"{name}, converted", intro, photos, parts)


def _comparison(index: int, exports: Sequence[Verified], checker: Checker) -> Comparison:
    pair, floating = checker.pairs[index], checker.floats[index]
    results = {export.name: checker.upscale(export.path, pair.lr) for export in exports}
    differences = {name: np.abs(result.astype(np.int16) - floating) for name, result in results.items()}
    window = _window(differences[exports[0].name].sum(axis=2))
    pictures = {"truth": pair.hr, "float": floating, **results, "bicubic": resample.upscale(pair.lr, checker.scale)}
    for name, difference in differences.items():
        pictures[f"{name}, difference x{_GAIN}"] = np.minimum(difference * _GAIN, 255).astype(np.uint8)
    return Comparison(Path(pair.name).stem, {name: picture[window] for name, picture in pictures.items()})


def _window(difference: NDArray[np.int16]) -> tuple[slice, slice]:
    """Where a square of the shown side holds most of a difference."""
    height, width = difference.shape
    total = np.pad(difference.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    h, w = min(_SIDE, height), min(_SIDE, width)
    sums = total[h:, w:] - total[:-h, w:] - total[h:, :-w] + total[:-h, :-w]
    y, x = (int(i) for i in np.unravel_index(np.argmax(sums), sums.shape))
    return slice(y, y + h), slice(x, x + w)


def _figures(exports: Sequence[Verified]) -> PageTable:
    rows = [_row(export.name, export.path, export.quality) for export in exports]
    q = exports[0].quality
    return PageTable(
        "Figures",
        f"PSNR and SSIM against the truth, on luma; the float network has {q.psnr_float:.3f} dB, {q.ssim_float:.4f}. "
        "Pixels and colours against the float network, in levels of 0..255.",
        _COLUMNS,
        rows,
    )


def _row(name: str, path: Path, q: ExportQuality) -> tuple[str, ...]:
    return (
        name,
        f"{path.stat().st_size / 1000:.0f}",
        f"{q.psnr:.3f}",
        f"{q.drop_db:+.3f}",
        f"{q.ssim:.4f}",
        f"{q.ssim_float - q.ssim:+.4f}",
        str(q.worst_pixel),
        " ".join(f"{s:+.2f}" for s in q.shift),
        f"{q.worst_drop_db:+.3f} {q.worst_photo}",
    )


def _others(exports: Sequence[Verified]) -> PageTable:
    rows = []
    for other in (other for export in exports for other in export.others):
        q = other.quality
        same = "none" if not q.differing else f"{q.differing / q.values:.2%}, by {q.worst_to_tflite} at most"
        rows.append((*_row(other.export.path.name, other.export.path, q), same, other.summary))
    return PageTable(
        "For other runtimes",
        "Each run by its own runtime; what differs from the .tflite export's values, in levels.",
        (*_COLUMNS, "differs from TFLite", ""),
        rows,
    )


def _histogram(export: Verified) -> Figure:
    """Shares of pixel values by their difference to the float network's, on a logarithmic scale."""
    shares = np.array(export.quality.histogram, np.float64)
    shares /= shares.sum()
    reach = len(shares) // 2
    heights = np.clip((np.log10(np.maximum(shares, 1e-7)) + 6) / 6, 0, 1) * 150
    bars = []
    for index, (share, height) in enumerate(zip(shares, heights, strict=True)):
        level = index - reach
        label = f"{'≤' if level == -reach else '≥' if level == reach else ''}{level:+d}" if level else "0"
        bars.append(
            f'<rect x="{index * 40 + 6}" y="{160 - height:.1f}" width="28" height="{height:.1f}">'
            f"<title>{label}: {share:.4%}</title></rect>"
            f'<text x="{index * 40 + 20}" y="176">{label}</text>'
        )
    drawing = f'<svg viewBox="0 0 {len(shares) * 40} 184" role="img" aria-label="Histogram">{"".join(bars)}</svg>'
    note = f"{shares[reach]:.2%} of all values are the same; each sixth of the height is a factor of 10."
    return Figure(f"{export.name}: levels of difference to the float network", note, drawing)


def _noise(export: Verified) -> Figure:
    rows = []
    for layer in export.noise:
        share = np.clip(layer.decibels / 60, 0, 1)
        rows.append(
            f"<tr><td>{html.escape(layer.layer)}</td><td>{layer.decibels:.1f}</td>"
            f'<td class="meter"><span style="width:{share:.0%}"></span></td></tr>'
        )
    table = f"<table><tr><th>layer</th><th>dB</th><th></th></tr>{''.join(rows)}</table>"
    note = (
        "Signal to quantization noise of each layer's output, on the first photo: the power of the float output to "
        "that of the difference. Short bars hurt; bars end at 60 dB."
    )
    return Figure(f"{export.name}: noise by layer", note, table)
