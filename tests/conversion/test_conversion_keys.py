"""Every key of a conversion's recipe reaches where it acts, and nothing else; what it does there, others test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import digest
from PIL import Image

from srgan_edge import recipes
from srgan_edge.conversion import convert as module
from srgan_edge.conversion import quantize, verify
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.training.run_folder import load_generator

pytestmark = pytest.mark.tensorflow

BASE = ("tile=48", "qat_steps=20", "batch=2", "crop=16", "calibration_batches=6", "check_every=5", "check_photos=1")

CASES: list[tuple[str, set[str]]] = [
    # Key and value, and what it changes.
    ('formats=["int8"]', {"floats"}),
    ("io=int8", {"int8"}),
    ('blend={"{run}" = 0.5}', {"weights", "floats"}),
    ("tile=0", {"int8", "floats"}),
    ("qat_steps=30", {"steps", "rate", "crops"}),
    ("optimizer=muon", {"optimizer"}),
    ("learning_rate=0.3", {"rate"}),
    ("truth_weight=0.5", {"truth"}),
    ("clip_ratio=0.9", {"clip"}),
    ("check_every=7", {"every"}),
    ("check_photos=2", {"measured"}),
    ("batch=3", {"calibration", "crops"}),
    ("crop=12", {"calibration", "crops"}),
    ("calibration_batches=3", {"calibration"}),
    ("calibration={other}", {"calibration", "crops"}),  # verified is on what the run held out
    ("verify={other}", {"calibration", "crops", "pairs"}),  # what was held out joins what is calibrated on
    ("transpose_conv=true", {"transposed"}),
    ("onnx=true", {"targets"}),
    ('npu=["SM8650"]', {"targets"}),
    ("seed=1", {"calibration", "crops"}),
]
ELSEWHERE = {
    "note": "for readers alone",
    "max_drop": "tests/cli/test_main.py, test_convert.py: the gate",
    "min_gain": "test_verify.py: an export below bicubic fails",
}


def test_every_key_is_tested() -> None:
    assert {setting.partition("=")[0] for setting, _ in CASES} | set(ELSEWHERE) == set(Conversion.model_fields)


@pytest.fixture(scope="module")
def places(photos: Path, run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The run with other weights, and photos unlike its own."""
    from srgan_edge.imaging.metrics import Score
    from srgan_edge.training.recipe import Recipe
    from srgan_edge.training.run_folder import save_generator

    root = tmp_path_factory.mktemp("keys")
    (root / "other").mkdir()
    for path in photos.iterdir():
        Image.fromarray(255 - np.asarray(Image.open(path).convert("RGB"))).save(root / "other" / f"{path.stem}.png")
    trained = load_generator(run_folder)
    trained.model.set_weights([weight / 2 for weight in trained.model.get_weights()])
    (root / "half").mkdir()
    recipe = recipes.load(Recipe, "train", str(run_folder / "recipe.toml"))
    recipes.save(recipe, root / "half" / "recipe.toml")
    save_generator(trained.model, recipe, root / "half" / "generator", 1, Score(0, 0))
    return {"run": str(root / "half"), "other": str(root / "other")}


@pytest.fixture
def look(run_folder: Path, places: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """What each part of a conversion is given; none does its work."""

    def look(*settings: str) -> dict[str, Any]:
        seen: dict[str, Any] = {"int8": [], "floats": [], "transposed": 0}

        def rounded(network: Any, batches: Any) -> Any:
            seen["weights"] = digest(*network.get_weights())
            seen["calibration"] = digest(*(array for batch in batches for array in batch))
            return network

        def quantized(network: Any, batches: Any, clip: float) -> Any:
            seen["clip"] = clip
            return network

        def tuned(
            network: Any,
            teacher: Any,
            batches: Any,
            steps: int,
            optimizer: Any,
            luma: float,
            truth: float,
            selection: Any,
            *rest: Any,
        ) -> None:
            seen.update(steps=steps, truth=truth, every=selection.every, optimizer=type(optimizer).__name__)
            seen["rate"] = [float(optimizer._learning_rate(step)) for step in range(20)]
            seen["crops"] = digest(*(array for batch in batches for array in batch))
            selection.measure()

        def measured(self: verify.Checker, content: bytes, count: int, to_truth: bool) -> float:
            seen["measured"] = count, to_truth
            return 30.0

        def published(content: bytes, name: str, provenance: Any, *rest: Any) -> Any:
            checker = rest[2]
            seen["pairs"] = digest(*(array for pair in checker.pairs for array in (pair.lr, pair.hr)))
            return SimpleNamespace(path=Path(f"{name}.tflite")), None, None

        def targets(given: Conversion) -> list[Any]:
            seen["targets"] = given.onnx, given.npu
            return []

        def transposed(content: bytes) -> bytes:
            seen["transposed"] += 1
            return content

        def int8(network: Any, *given: Any) -> bytes:
            seen["int8"].append(given)
            return b""

        def floats(network: Any, *given: Any) -> bytes:
            seen["floats"].append((digest(*network.get_weights()), *given))
            return b""

        with monkeypatch.context() as patch:
            patch.setattr(quantize, "gptq", rounded)
            patch.setattr(quantize.fake_quantization, "fake_quantize", quantized)
            patch.setattr(quantize, "fine_tune", tuned)
            patch.setattr(verify.Checker, "psnr", measured)
            patch.setattr(module.export, "export_int8", int8)
            patch.setattr(module.export, "export_float", floats)
            patch.setattr(module, "publish", published)
            patch.setattr(module, "targets_of", targets)
            patch.setattr(module, "transposed", transposed)
            patch.setattr(quantize, "without_rounding", lambda *given: None)
            for name in ("layer_noise", "write_report"):
                patch.setattr(module, name, lambda *given: None)
            whole = [s.replace("{run}", places["run"]).replace("{other}", places["other"]) for s in (*BASE, *settings)]
            conversion = recipes.load(Conversion, "convert", "default", tuple(whole))
            module.convert(run_folder, conversion, Path("out"), lambda text: None)
        return {**seen, "int8": seen["int8"][-1:]}  # that of the measurement and the last are alike

    return look


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    """What is seen without a change: filled once."""
    return {}


@pytest.mark.parametrize(("setting", "where"), CASES, ids=[setting for setting, _ in CASES])
def test_a_key(setting: str, where: set[str], look: Callable[..., dict[str, Any]], before: dict[str, Any]) -> None:
    before.update(before or look())
    after = look(setting)
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == where
