"""The custom training loop: a pretrain phase on pixels, then a GAN phase."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf
import tf_keras as keras

from srgan_edge import recipes
from srgan_edge.errors import SrganEdgeError, UsageError
from srgan_edge.metrics import Score
from srgan_edge.training import data, precision, steps, validation
from srgan_edge.training.checkpoints import Checkpoints
from srgan_edge.training.discriminator import discriminator
from srgan_edge.training.generators import ARCHITECTURES, build_generator
from srgan_edge.training.recipe import Recipe
from srgan_edge.training.run_folder import save_generator

Event = dict[str, Any]
Report = Callable[[Event], None]


class Outcome(NamedTuple):
    """How a training ended."""

    step: int
    finished: bool
    """False: stopped by SIGINT or SIGTERM, to be resumed."""
    score: Score
    bicubic: Score


class _Phase(NamedTuple):
    name: str
    first: int
    last: int
    step: steps.Step


class Trainer:
    """One run: its networks, optimizers, data and folder."""

    def __init__(self, recipe: Recipe, out: Path, resume: bool, report: Report) -> None:
        """Build everything, and load the newest checkpoint if `resume`.

        Raises:
            UsageError: the folder holds a run and `resume` is off, or the recipe cannot work.
        """
        self.recipe, self.out = recipe, out
        self._report = report
        self.architecture = ARCHITECTURES[recipe.generator.name]
        self.log = out / "log.jsonl"
        if self.log.exists() and not resume:
            raise UsageError(f"{out} holds a run already: continue it with --resume, or name another folder with --out")
        keras.utils.set_random_seed(recipe.loop.seed)
        self._load_data()
        self._build()
        self.checkpoints = Checkpoints(
            out / "checkpoints", recipe.loop.keep, step=self.step, **self.networks, **self.optimizers
        )
        if resume:
            self._resume()
        recipes.save(recipe, out / "recipe.toml")

    def run(self) -> Outcome:
        """Train to the end of the recipe or to a signal, and leave `generator/` as good as it was at best.

        Raises:
            SrganEdgeError: a loss is no longer a finite number.
        """
        last = self.phases[-1].last
        bicubic = validation.bicubic_score(self.valid, self.recipe.generator.scale)
        self._emit(event="bicubic", psnr=bicubic.psnr, ssim=bicubic.ssim)
        score = None
        with _stop_on_signals() as stopped, self._tensorboard():
            for phase in self.phases:
                if int(self.step) < phase.last:
                    score = self._run_phase(phase, stopped)
                if stopped():
                    break
            score = score or self._validate()
        self._emit(event="end", finished=int(self.step) >= last, psnr=score.psnr, ssim=score.ssim)
        return Outcome(int(self.step), int(self.step) >= last, score, bicubic)

    def _load_data(self) -> None:
        settings, generator = self.recipe.data, self.recipe.generator
        found = data.photos(settings.source, settings.valid)
        self._emit(event="data", text=found.description)

        def warn(text: str) -> None:
            self._emit(event="warning", text=text)

        pairs = data.load_pairs(found.train, generator.scale, settings.crop, warn)
        self.valid = data.load_pairs(found.valid[: self.recipe.loop.validate_photos], generator.scale, 16, warn)
        self.sampler = data.CropSampler(
            pairs, generator.scale, settings.crop, settings.batch, settings.flips, self.recipe.loop.seed
        )

    def _build(self) -> None:
        recipe = self.recipe
        options = recipe.generator.model_dump()
        options["scale"] = int(options["scale"])
        self.policy, why = precision.choose(recipe.loop.precision)
        self._emit(event="precision", text=f"{self.policy} ({why})")
        keras.mixed_precision.set_global_policy(self.policy)
        try:
            self.generator = build_generator(**options)
            critic = discriminator(recipe.data.crop * recipe.generator.scale) if recipe.gan.steps else None
        finally:
            keras.mixed_precision.set_global_policy("float32")
        self.average = build_generator(**options)
        self.average.set_weights(self.generator.get_weights())
        self.inference = validation.Inference(self.average, recipe.generator.scale, self.architecture.value_range)
        self.step = tf.Variable(tf.constant(0, tf.int64), trainable=False, name="step")
        self.networks: dict[str, Any] = {"generator": self.generator, "average": self.average}
        self.optimizers: dict[str, Any] = {}
        self.phases: list[_Phase] = []
        if recipe.pretrain.steps:
            self._add_pretrain()
        if critic is not None:
            self._add_gan(critic)
        if not self.phases:
            raise UsageError("the recipe has no steps: set pretrain.steps or gan.steps")
        self.update_average = steps.ema_step(self.average, self.generator, recipe.loop.ema, self.step)

    def _add_pretrain(self) -> None:
        settings = self.recipe.pretrain
        rate = steps.RateSchedule(settings.rate, settings.schedule, settings.steps, settings.warmup)
        optimizer = steps.adam(rate, settings.clip, self.policy)
        optimizer.build(self.generator.trainable_variables)
        self.optimizers["pretrain_optimizer"] = optimizer
        step = steps.pretrain_step(self.generator, optimizer, settings, self.architecture.value_range)
        self.phases.append(_Phase("pretrain", 0, settings.steps, step))

    def _add_gan(self, critic: Any) -> None:
        from srgan_edge.training.perceptual import ContentLoss

        settings = self.recipe.gan
        rate = steps.RateSchedule(settings.rate, settings.schedule, settings.steps)
        pair = steps.adam(rate, 0, self.policy), steps.adam(rate, 0, self.policy)
        pair[0].build(self.generator.trainable_variables)
        pair[1].build(critic.trainable_variables)
        self.networks["discriminator"] = critic
        self.optimizers |= {"gan_optimizer": pair[0], "discriminator_optimizer": pair[1]}
        content_loss = ContentLoss(self.recipe.perceptual.weights)
        step = steps.gan_step(self.generator, critic, pair, content_loss, settings, self.architecture.value_range)
        first = self.recipe.pretrain.steps
        self.phases.append(_Phase("gan", first, first + settings.steps, step))

    def _resume(self) -> None:
        step = self.checkpoints.restore(lambda text: self._emit(event="warning", text=text))
        if step is None:
            raise UsageError(f"{self.out}: no checkpoint to resume from")
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]
        kept = [line for line in lines if line["step"] <= step]
        self.log.write_text("".join(json.dumps(line) + "\n" for line in kept))
        self._emit(event="resume", text=f"resumed at step {step}")

    def _run_phase(self, phase: _Phase, stopped: Callable[[], bool]) -> Score | None:
        loop = self.recipe.loop
        start, count, score = time.perf_counter(), 0, None
        for low, high in data.batches(self.sampler, int(self.step), phase.last):
            losses = phase.step(low, high)
            self.update_average()
            self.step.assign_add(1)
            count += 1
            step = int(self.step)
            leaving = stopped()  # asked once a step: a signal from here on waits for the next
            ending = leaving or step == phase.last
            if step % loop.log_every == 0 or ending:
                values = {name: float(value) for name, value in losses.items()}
                self._guard(values)
                now = time.perf_counter()
                speed = count * self.recipe.data.batch / (now - start)
                self._emit(event="train", phase=phase.name, last=phase.last, images_per_second=speed, **values)
                start, count = now, 0
            if step % loop.checkpoint_every == 0 or ending:
                self.checkpoints.save(step)
            if step % loop.validate_every == 0 or ending:
                score = self._validate()
                start, count = time.perf_counter(), 0
            if leaving:
                break
        return score

    def _validate(self) -> Score:
        score = validation.validate(self.inference, self.valid)
        step = int(self.step)
        self._emit(event="validation", psnr=score.psnr, ssim=score.ssim)
        validation.write_sample(self.inference, self.valid[:4], self.out / "samples" / f"step-{step}.png")
        save_generator(self.average, self.recipe, self.out / "generator", step, score)
        return score

    def _guard(self, losses: dict[str, float]) -> None:
        bad = [name for name, value in losses.items() if not math.isfinite(value)]
        if bad:
            saved = self.checkpoints.steps()
            good = f"the last checkpoint is of step {saved[-1]}" if saved else "no checkpoint was written yet"
            raise SrganEdgeError(f"{bad[0]} is no longer a finite number at step {int(self.step)}; {good}")

    @contextmanager
    def _tensorboard(self) -> Iterator[None]:
        self._writer = tf.summary.create_file_writer(str(self.out / "events"))
        try:
            yield
        finally:
            self._writer.close()

    def _emit(self, event: str, **values: Any) -> None:
        step = int(self.step) if hasattr(self, "step") else 0
        line = {"event": event, "step": step, "time": round(time.time(), 3), **values}
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        if event in ("train", "validation") and hasattr(self, "_writer"):
            with self._writer.as_default(step=step):
                for name, value in values.items():
                    if isinstance(value, float):
                        tf.summary.scalar(f"{event}/{name}", value)
        self._report(line)


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], bool]]:
    """A flag that SIGINT and SIGTERM raise, so that the step under way can end and be saved."""
    received: list[int] = []
    previous = {s: signal.signal(s, lambda number, _: received.append(number)) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
