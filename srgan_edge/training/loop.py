"""The custom training loop: one or two phases on pixels, then a GAN phase."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from srgan_edge import recipes
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.imaging import encoding, images
from srgan_edge.imaging.metrics import Score
from srgan_edge.training import validation
from srgan_edge.training.checkpoints import CHECKPOINTS, Checkpoints, saved_steps
from srgan_edge.training.claim import RECIPE, Claim
from srgan_edge.training.data.training_data import training_data
from srgan_edge.training.distribution import Distribution, LossValues
from srgan_edge.training.journal import Journal, Report
from srgan_edge.training.learner import Learner, Phase
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import generators_step, save_generator
from srgan_edge.training.selection import Candidate, GanSelection
from srgan_edge.training.validation import Quality

Qualities = dict[str, Quality]

# Of which channels must give something not to be dead.
_REVIVAL_BATCHES = 4


class Outcome(NamedTuple):
    """How a training ended."""

    step: int
    finished: bool
    """False: stopped by SIGINT or SIGTERM, to be resumed."""
    score: Score
    """Mean over the sets of photos held out."""
    bicubic: Score
    best: Candidate | None
    """Of the GAN phase, in `best/`; None without one."""
    signal: int | None = None
    """What stopped it; None if nothing did, or if another worker was told to stop."""


class Trainer:
    """One run: its networks, optimizers, data and folder."""

    def __init__(self, recipe: Recipe, out: Path, resume: bool, report: Report) -> None:
        """Build everything, and load the newest checkpoint if `resume`.

        Raises:
            UsageError: the folder holds a run and `resume` is off, or the recipe cannot work.
        """
        self.distribution = Distribution()
        self.out = out
        self.journal = Journal(out, report, self.distribution.chief)
        self.claim = Claim(out, resume, self.journal.warn) if self.distribution.chief else None
        try:
            self._build(recipe, resume)
        except BaseException:
            self._close()
            raise

    def _build(self, recipe: Recipe, resume: bool) -> None:
        out = self.out
        if self.claim is not None and self.claim.starts_over:
            self.journal.say(f"the run in {out} ended before its first checkpoint: it starts over")
        self.samplers, sets, recipe = training_data(recipe, self.journal)
        self.validation = validation.Validation(sets, recipe.generator.scale)
        goes_on = resume and bool(saved_steps(out / CHECKPOINTS))
        if goes_on:
            recipe = self._as_begun(recipe)
        # What the run started from is in its checkpoints, and may be gone.
        start = recipe.changed(generator={"init": ""}) if goes_on else recipe
        self.learner = Learner(start, self.distribution, self.journal.warn)
        self.recipe = recipe = recipe.changed(loop={"precision": self.learner.policy})
        self.step, self.average, self.phases = self.learner.step, self.learner.average, self.learner.phases
        self.journal.say(f"{self.distribution.description}, {self.learner.policy} ({self.learner.why_policy})")
        self.inference = validation.Inference(self.average, recipe.generator.scale, self.learner.value_range)
        self.selection = GanSelection(out, recipe.gan.max_psnr_drop) if recipe.gan.steps and self.claim else None
        self.checkpoints = Checkpoints(
            out / CHECKPOINTS, recipe.loop.keep, self.distribution.chief, **self.learner.state()
        )
        step = self._restored() if goes_on else None
        if self.selection and step is not None and step > self.phases[-1].first:
            self.selection.resume(step, generators_step(self.selection.folder), self.validation.sets)
        if self.distribution.chief:
            recipes.save(recipe, out / RECIPE)
        events = self.journal.begin(step)
        self._unvalidated = False
        if step is not None:
            self.journal.emit("resume", text=f"resumed at step {step}")
            done = any(e["event"] == "validation" and e["step"] == step for e in events)
            self._unvalidated = self.distribution.chief and self._is_due(step) and not done

    def run(self) -> Outcome:
        """Train to the end of the recipe or to a signal, and leave `generator/` as it was at the last validation.

        Raises:
            SrganEdgeError: a loss or a weight is no longer a finite number.
        """
        last = self.phases[-1].last
        try:
            bicubic = self.validation.bicubic()
            self._emit_quality("bicubic", bicubic)
            quality = self._validate() if self._unvalidated else None
            with _stop_on_signals() as received:
                for phase in self.phases:
                    if int(self.step) < phase.last:
                        if phase.name == "gan" and int(self.step) == phase.first:
                            self._begin_selection(quality or self.validation.measure(self.inference), bicubic)
                        elif phase.name == "gan" and self.selection and not self.selection.begun:
                            self.journal.warn("selection.json is missing: no best weights of the GAN phase are kept")
                        quality, leaving = self._run_phase(phase, lambda: bool(received))
                        if leaving:
                            break
            quality = quality or self._validate()
            score, best = validation.mean(quality), self.selection.best if self.selection else None
            self.journal.emit("end", finished=int(self.step) >= last, psnr=score.psnr, ssim=score.ssim)
        finally:
            self._close()
        reference = validation.mean(bicubic)
        scores = Score(score.psnr, score.ssim), Score(reference.psnr, reference.ssim)
        finished = int(self.step) >= last
        return Outcome(int(self.step), finished, *scores, best, None if finished or not received else received[0])

    def _is_due(self, step: int) -> bool:
        """A validation after `step` steps, unless a signal asks for one."""
        return step % self.recipe.loop.validate_every == 0 or any(step == phase.last for phase in self.phases)

    def _begun(self) -> Recipe:
        return recipes.load(Recipe, "train", str(self.out / RECIPE))

    def _as_begun(self, recipe: Recipe) -> Recipe:
        """With the precision that the run's optimizers are for, where the recipe leaves it to the machine."""
        asked = recipe.loop.precision
        return recipe.changed(loop={"precision": self._begun().loop.precision if asked == "auto" else asked})

    def _restored(self) -> int | None:
        try:
            return self.checkpoints.restore(self.journal.warn)
        except UsageError as error:
            keys = [key for key in recipes.changed_keys(self._begun(), self.recipe) if key != "generator.init"]
            raise UsageError(f"{error}: {', '.join(keys)} changed" if keys else str(error)) from error

    def _close(self) -> None:
        try:
            self.journal.close()
        finally:
            if self.claim is not None:
                self.claim.release()

    def _run_phase(self, phase: Phase, stopped: Callable[[], bool]) -> tuple[Qualities | None, bool]:
        loop, sampler = self.recipe.loop, self.samplers[phase.name]
        step, quality, leaving = int(self.step), None, False
        if phase.name == "finetune" and self.recipe.finetune.revive and step == phase.first:
            low = np.concatenate([sampler(s)[0] for s in range(step, step + _REVIVAL_BATCHES)])
            self.journal.say(f"{self.learner.revive(low)} dead channels put to use again")
        start, count = time.perf_counter(), 0
        recent: list[LossValues] = []
        for low, high in self.distribution.batches(sampler, step, phase.last):
            # Asked once a step: a signal from here on waits for the next.
            losses, leaving = phase.step(low, high, stopped())
            recent.append(losses)
            step, count = step + 1, count + 1
            self.journal.step = step
            ending = leaving or step == phase.last
            validating = self._is_due(step) or leaving
            # A generator is exported only with what it can go on from.
            saving = step % loop.checkpoint_every == 0 or validating
            logging = step % loop.log_every == 0 or ending
            # Means since the last log; only now does Python wait for the device.
            values = {name: float(np.mean([x[name] for x in recent])) for name in losses} if logging or saving else {}
            if values:
                self._guard(values)
            if logging:
                recent.clear()
                now = time.perf_counter()
                speed = count * sampler.batch / (now - start)
                self.journal.emit("train", phase=phase.name, last=phase.last, images_per_second=speed, **values)
                start, count = now, 0
            if saving:
                self.checkpoints.save(step)
            if validating:
                quality = self._validate()
                start, count = time.perf_counter(), 0
            if leaving:
                break
        return quality, leaving

    def _validate(self) -> Qualities:
        """Measure, and keep the weights; logged last, so that a run that was killed meanwhile does it again."""
        started = time.perf_counter()
        quality, step = self.validation.measure(self.inference), int(self.step)
        seconds, best = round(time.perf_counter() - started, 2), None
        if self.distribution.chief:
            sample = validation.sample(self.inference, self.validation.sets)
            if sample is not None:
                encoding.write(images.Picture(sample), self.out / "samples" / f"step-{step}.png")
                self.journal.picture("lr_bicubic_sr_hr", sample)
            score = validation.mean(quality)

            def keep(run: Path) -> None:
                save_generator(self.average, self.recipe, run / "generator", step, Score(score.psnr, score.ssim))

            keep(self.out)
            best = self._select(quality, keep)
        self._emit_quality("validation", quality, seconds=seconds)
        if best:
            broken = f"; still, {'; '.join(best.broken)}" if best.broken else ""
            self.journal.emit("best", dists=best.dists, text=f"best so far: step {best.step}{broken}")
        return quality

    def _begin_selection(self, start: Qualities, bicubic: Qualities) -> None:
        if self.selection:
            self.selection.begin(start, bicubic)

    def _select(self, quality: Qualities, keep: Callable[[Path], None]) -> Candidate | None:
        """Keep the GAN's best weights as a run folder of their own; which, if they are these."""
        step = int(self.step)
        # The last step of the phase before is what the GAN's bounds are set by.
        if self.selection is None or not self.selection.begun or step <= self.phases[-1].first:
            return None

        def keep_run(run: Path) -> None:
            keep(run)
            recipes.save(self.recipe, run / "recipe.toml")

        return self.selection.best if self.selection.consider(step, quality, keep_run) else None

    def _emit_quality(self, event: str, quality: Qualities, **values: float) -> None:
        sets = {name: found.figures() for name, found in quality.items()}
        self.journal.emit(event, **validation.mean(quality).figures(), sets=sets, **values)

    def _guard(self, losses: dict[str, float]) -> None:
        """Stop before a checkpoint of broken weights can replace a good one."""
        bad = [name for name, value in losses.items() if not math.isfinite(value)]
        if not bad and bool(tf.reduce_all([tf.reduce_all(tf.math.is_finite(v)) for v in self.average.variables])):
            return
        saved = saved_steps(self.checkpoints.folder)
        good = f"the last checkpoint is of step {saved[-1]}" if saved else "no checkpoint was written yet"
        what = bad[0] if bad else "a weight of the generator"
        raise SrganEdgeError(f"{what} is no longer a finite number at step {int(self.step)}; {good}")


@contextmanager
def _stop_on_signals() -> Iterator[list[int]]:
    """The SIGINT and SIGTERM that came, caught so that the step under way can end and be saved.

    Python gives signals to its main thread alone: a training in another ends with its process.
    """
    received: list[int] = []
    caught = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    previous = {s: signal.signal(s, lambda number, _: received.append(number)) for s in caught}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
