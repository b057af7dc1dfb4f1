"""Which weights of a GAN phase are kept as the best, by a stated rule."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from srgan_edge.files.atomic import write_text
from srgan_edge.imaging.quality import FLAT
from srgan_edge.training.validation import Quality, mean

BEST = "best"
"""The folder of a run folder that holds its GAN phase's best weights."""


class Candidate(NamedTuple):
    """A validation of the GAN phase."""

    step: int
    dists: float
    """DISTS's form, mean over the sets."""
    broken: list[str]
    """The bounds that it does not keep, as a user reads them."""


class GanSelection:
    """The best of the GAN phase's validations: the fewest bounds broken, then the lowest form of DISTS.

    PSNR falls with any texture, and a distance in features also where the texture is wrong; so the distance chooses,
    among weights that on each set of photos

    - lose at most `gan.max_psnr_drop` dB against those that the phase began with,
    - have at most bicubic's grain, or so little that flat places stay flat (1.5 levels),
    - have at most bicubic's colour error.

    NIQE has no part in it: it takes noise for texture. `best/` is a run folder of its own, for `srgan-edge convert`,
    `generator.init` and the like; `selection.json` says how each validation fared.
    """

    def __init__(self, out: Path, max_psnr_drop: float) -> None:
        self.folder = out / BEST
        self.candidates: list[Candidate] = []
        self._path = out / "selection.json"
        self._max_psnr_drop = max_psnr_drop
        self._bounds: dict[str, dict[str, float]] = {}

    @property
    def begun(self) -> bool:
        """Whether it is known what the phase began with."""
        return bool(self._bounds)

    @property
    def best(self) -> Candidate | None:
        """What `folder` holds; None before the first validation of the phase."""
        return min(self.candidates, key=lambda c: (len(c.broken), c.dists, c.step), default=None)

    def begin(self, start: dict[str, Quality], bicubic: dict[str, Quality]) -> None:
        """Set the bounds by what the phase begins with, and forget what an earlier run left."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.candidates = []
        self._bounds = {
            name: {
                "psnr": quality.psnr - self._max_psnr_drop,
                # NaN where nothing is flat: no grain is above that.
                "grain": max(bicubic[name].grain, FLAT),
                "colour": bicubic[name].colour,
            }
            for name, quality in start.items()
        }
        self._save()

    def resume(self, step: int, held: int | None) -> None:
        """Read what was known at `step` of a run that goes on; the weights that `folder` holds are of step `held`."""
        if not self._path.is_file():
            return
        about = json.loads(self._path.read_text(encoding="utf-8"))
        self._bounds = {
            name: {key: float("nan") if bound is None else bound for key, bound in bounds.items()}
            for name, bounds in about["bounds"].items()
        }
        candidates = [Candidate(**c) for c in about["candidates"]]
        self.candidates = [c for c in candidates if c.step <= step]
        # Those of `step` itself may have been kept by a validation that was killed before it noted them.
        if held not in (step, self.best.step if self.best else None):
            # The best weights came after the checkpoint: they will be made again.
            self.candidates = []
            shutil.rmtree(self.folder, ignore_errors=True)

    def consider(self, step: int, qualities: dict[str, Quality], keep: Callable[[Path], None]) -> bool:
        """Note a validation; if its weights are the best so far, `keep` writes them to a folder. Returns whether."""
        candidate = Candidate(step, mean(qualities).dists, self._broken(qualities))
        self.candidates = [c for c in self.candidates if c.step != step] + [candidate]
        if chosen := self.best is candidate:
            keep(self.folder)
        self._save()
        return chosen

    def _broken(self, qualities: dict[str, Quality]) -> list[str]:
        broken = []
        for name, quality in qualities.items():
            bounds = self._bounds[name]
            if quality.psnr < bounds["psnr"]:
                broken.append(f"{name}: PSNR {quality.psnr:.2f} dB is below {bounds['psnr']:.2f}")
            for key, found in (("grain", quality.grain), ("colour", quality.colour)):
                if found > bounds[key]:
                    broken.append(f"{name}: {key} {found:.2f} is above {bounds[key]:.2f}")
        return broken

    def _save(self) -> None:
        bounds = {
            name: {key: None if math.isnan(bound) else bound for key, bound in bounds.items()}
            for name, bounds in self._bounds.items()
        }
        about = {
            "rule": "fewest bounds broken, then lowest dists",
            "bounds": bounds,
            "candidates": [c._asdict() for c in self.candidates],
            "best": self.best.step if self.best else None,
        }
        write_text(self._path, json.dumps(about, indent=2) + "\n")
