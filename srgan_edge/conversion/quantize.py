"""The second stage, for INT8: calibrated, rounded by GPTQ, fine-tuned with fake quantization, exported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from srgan_edge.conversion import export, fake_quantization, fold
from srgan_edge.conversion.fine_tune import Selection, fine_tune
from srgan_edge.conversion.gptq import gptq
from srgan_edge.conversion.layer_noise import without_rounding
from srgan_edge.conversion.prepare import Prepared
from srgan_edge.conversion.progress import Progress, Say, unseen
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.training.data.crops import batches
from srgan_edge.training.steps import RateSchedule, make_optimizer


def int8(prepared: Prepared, settings: Conversion, say: Say, progress: Progress = unseen) -> tuple[bytes, Any]:
    """The INT8 export, calibrated and fine-tuned, and its float twin: the export's weights before their rounding."""
    network = fold.sums_apart(prepared.network)
    samplers = prepared.samplers(settings, say)
    photo_count = len(samplers.calibration.photos)
    say(f"calibrating on {settings.calibration_batches * settings.batch} crops of {photo_count} photos")
    calibration = list(batches(samplers.calibration, 0, settings.calibration_batches))
    quantized = fake_quantization.fake_quantize(gptq(network, calibration), calibration, settings.clip_ratio)

    def content() -> bytes:
        given = fake_quantization.in_bytes(quantized, network) if settings.io == "float32" else quantized
        return export.export_int8(given, settings.tile, settings.io)

    if settings.qat_steps:
        fine_tune(
            quantized,
            network,
            batches(samplers.fine_tuning, 0, settings.qat_steps),
            settings.qat_steps,
            _optimizer(settings),
            prepared.luma,
            settings.truth_weight,
            _selection(prepared, content, settings),
            say,
            progress,
        )
    return content(), without_rounding(quantized, network)


def _optimizer(settings: Conversion) -> Any:
    """A new one for the fine-tuning; its learning rate falls to 0 by half a cosine."""
    schedule = RateSchedule(settings.learning_rate, "cosine", settings.qat_steps)
    return make_optimizer(settings.optimizer, schedule, clip_norm=0.5, precision="float32")


def _selection(prepared: Prepared, content: Callable[[], bytes], settings: Conversion) -> Selection:
    """Of fine-tuned weights by what they export: nearest to the truth, or, of a GAN, to its own float result."""
    to_truth, photos = not prepared.recipe.gan.steps, settings.check_photos
    return Selection(lambda: prepared.checker.psnr(content(), photos, to_truth), settings.check_every)
