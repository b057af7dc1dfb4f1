"""Which weights of a GAN phase are kept as the best, by a stated rule."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.files.atomic import write_text
from srgan_edge.imaging.quality import FLAT
from srgan_edge.training.run_folder import first_fault
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


class _Known(BaseModel):
    """What selection.json says."""

    bounds: dict[str, dict[str, float | None]]
    candidates: list[Candidate]
    max_psnr_drop: float | None = None
    """What the bounds of PSNR come from; earlier versions did not write it."""


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

    def resume(self, step: int, held: int | None, sets: Collection[str]) -> None:
        """Read what was known at `step` of a run that goes on within the phase.

        Args:
            step: that it goes on from.
            held: of which step the weights are that `folder` holds.
            sets: the names of the sets that validations will have.

        Raises:
            UsageError: the weights so far were judged on other sets, or by another `max_psnr_drop`.
            SrganEdgeError: selection.json is damaged.
        """
        if not self._path.is_file():
            return
        known = self._read()
        if known.bounds.keys() != set(sets):
            before, now = (", ".join(sorted(names)) for names in (known.bounds, sets))
            raise UsageError(f"{self._path}: its weights were judged on the sets {before}, and data.valid means {now}")
        if known.max_psnr_drop not in (None, self._max_psnr_drop):
            raise UsageError(
                f"{self._path}: its weights were judged by gan.max_psnr_drop = {known.max_psnr_drop}, "
                f"not {self._max_psnr_drop}"
            )
        self._bounds = {
            name: {key: float("nan") if bound is None else bound for key, bound in bounds.items()}
            for name, bounds in known.bounds.items()
        }
        self.candidates = [c for c in known.candidates if c.step <= step]
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

    def _read(self) -> _Known:
        try:
            return _Known.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError) as error:
            reason = first_fault(error) if isinstance(error, ValidationError) else error.strerror
            raise SrganEdgeError(f"{self._path}: is damaged: {reason}; without it no best weights are kept") from error

    def _save(self) -> None:
        bounds = {
            name: {key: None if math.isnan(bound) else bound for key, bound in bounds.items()}
            for name, bounds in self._bounds.items()
        }
        about = {
            "rule": "fewest bounds broken, then lowest dists",
            "max_psnr_drop": self._max_psnr_drop,
            "bounds": bounds,
            "candidates": [c._asdict() for c in self.candidates],
            "best": self.best.step if self.best else None,
        }
        write_text(self._path, json.dumps(about, indent=2) + "\n")
