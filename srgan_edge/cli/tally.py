"""What becomes of the photos of a batch, as `srgan-edge run` says it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from srgan_edge.cli.output import print_json, say

if TYPE_CHECKING:
    from srgan_edge.runtime.pipeline import FileOutcome


class Tally:
    """Says what becomes of each photo, and counts."""

    def __init__(self, skip_existing: bool) -> None:
        """With `skip_existing` results that exist are no failures."""
        self.skip_existing = skip_existing
        self.done = self.skipped = self.failed = 0

    def left_out(self, sentence: str, is_failure: bool) -> None:
        """Say what is not upscaled, and why."""
        self.failed += is_failure
        say(f"srgan-edge: {sentence}" if is_failure else sentence)

    def tell(self, outcome: FileOutcome, computed_by: tuple[str, str, str], as_json: bool) -> None:
        """Say what became of a photo; `computed_by` names the model, the delegate and the device."""
        job, error, facts, existed = outcome
        if existed and self.skip_existing:  # of another process that is at work on the same photos
            self.skipped += 1
            return
        self.failed, self.done = self.failed + (error is not None), self.done + (error is None)
        if error is not None:
            say(f"srgan-edge: {error}")
        if as_json:
            on = dict(zip(("model", "delegate", "device"), computed_by, strict=True))
            result = {"output": str(job.output), **on, **facts} if error is None else {"output": None}
            print_json({"input": str(job.input), **result, "error": error})
        elif error is None:
            notes = f" ({', '.join(facts['notes'])})" if facts["notes"] else ""
            say(
                f"{job.output}: {facts['width']}x{facts['height']} in {facts['seconds']:.2f} s, "
                f"{computed_by[0]}, {computed_by[2]}{notes}"
            )

    def end(self) -> None:
        """Say the numbers; exit with 1 if a photo failed."""
        if self.done + self.failed > 1 or self.skipped:
            say(f"{self.done} upscaled, {self.skipped} skipped, {self.failed} failed")
        if self.failed:
            sys.exit(1)
