"""Photos and models that the tests share; every image is made here or comes with scikit-image."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# The C++ log of TensorFlow, before anything imports it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from PIL import Image

from srgan_edge.imaging import Bytes

DATA = Path(__file__).parent / "data"
WITHOUT_TENSORFLOW = Path(__file__).parent / "without_tensorflow"
# Fixtures that train.
TRAINED = {"run_folder", "exports"}
SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="Only what needs no TensorFlow, which cannot be imported.")


def pytest_configure(config: pytest.Config) -> None:
    """With --quick, importing TensorFlow is an error, in this process and its children: a wrong mark is seen."""
    if config.getoption("--quick"):
        folder = str(WITHOUT_TENSORFLOW)
        sys.path.insert(0, folder)
        os.environ |= importing_first(WITHOUT_TENSORFLOW)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A module marked as a whole may import TensorFlow at its top."""
    if config.getoption("--quick") and collection_path.suffix == ".py":
        return True if "\npytestmark = pytest.mark.tensorflow" in collection_path.read_text(encoding="utf-8") else None
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        left = [item for item in items if not _is_long(item)]
        config.hook.pytest_deselected(items=[item for item in items if _is_long(item)])
        items[:] = left


def _is_long(item: pytest.Item) -> bool:
    marks = {mark.name for mark in item.iter_markers()}
    return bool(marks & {"tensorflow", "slow"} or TRAINED & set(getattr(item, "fixturenames", ())))


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Random weights are the same in each run, whichever tests ran before in this process."""
    if "tensorflow" in sys.modules:
        import tf_keras as keras

        keras.utils.set_random_seed(0)


def importing_first(folder: Path) -> dict[str, str]:
    """The environment of a process that looks for modules in a folder first, then where this one does."""
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture(scope="session")
def shared() -> Path:
    """The benchmark photos beside the checkout; tests that need them are skipped without."""
    if not SHARED.is_dir():
        pytest.skip("no benchmark photos beside this checkout")
    return SHARED


def photo(height: int, width: int, seed: int = 0) -> Bytes:
    """Something like a photo: smooth areas, edges and some grain."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    planes = [
        128 + 70 * np.sin(x / random.uniform(6, 20) + phase) * np.cos(y / random.uniform(6, 20)) for phase in range(3)
    ]
    image = np.stack(planes, axis=-1)
    image[(x + y) % 61 < 9] += 50
    image += random.normal(0, 3, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def encoded(suffix: str) -> bytes:
    """A small photo as a file."""
    buffer = io.BytesIO()
    Image.fromarray(photo(40, 60)).save(buffer, {".jpg": "JPEG", ".tif": "TIFF"}.get(suffix, suffix[1:].upper()))
    return buffer.getvalue()


def digest(*arrays: Any) -> str:
    """What arrays of equal shapes and values have in common."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(str(np.shape(array)).encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes what the user's own runs remember."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def no_rights(tmp_path: Path) -> Iterator[None]:
    """The process without root's rights, where it has them."""
    if not hasattr(os, "geteuid"):
        pytest.skip("no users here")
    before = os.geteuid()
    if before == 0:
        for folder in (tmp_path, *tmp_path.parents):
            if folder.stat().st_uid == 0 and folder.name.startswith(("pytest-", "popen-")):
                folder.chmod(0o755)
        os.chown(tmp_path, 65534, -1)
        os.seteuid(65534)
    yield
    os.seteuid(before)


@pytest.fixture(scope="session")
def coffee() -> Bytes:
    """A real photo, 400x600."""
    from skimage import data

    return data.coffee()


Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """`once(name, make)` is a folder that the first of all worker processes makes, and the others wait for."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with waiting_lock(shared / f"{name}.lock"):
            if not done.exists():
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def photos(once: Once, coffee: Bytes) -> Path:
    """A folder of five photos of different sizes and formats, cut from a real one."""

    def cut(folder: Path) -> None:
        for index, suffix in enumerate((".png", ".jpg", ".webp", ".bmp", ".tif")):
            part = coffee[index * 30 : index * 30 + 240, index * 40 : index * 40 + 280 + index]
            Image.fromarray(part).save(folder / f"photo{index}{suffix}")

    return once("photos", cut)


@contextlib.contextmanager
def waiting_lock(path: Path) -> Iterator[None]:
    """Nobody else has it meanwhile."""
    with path.open("ab") as file:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def run_folder(once: Once, photos: Path) -> Path:
    """A run of edge-s, trained for a moment on real photos."""

    def train(folder: Path) -> None:
        from srgan_edge import recipes
        from srgan_edge.training.loop import Trainer
        from srgan_edge.training.recipe import Recipe

        settings = (
            "name=tiny",
            f"data.source={photos}",
            "data.batch=4",
            "data.crop=24",
            "pretrain.steps=400",
            "gan.steps=0",
            "pretrain.warmup=20",
            "pretrain.learning_rate=2e-3",
            "loop.ema=0.9",
            "loop.log_every=50",
            "loop.validate_every=400",
        )
        Trainer(recipes.load(Recipe, "train", "sample", settings), folder / "tiny", False, lambda event: None).run()

    return once("run", train) / "tiny"


@pytest.fixture(scope="session")
def exports(once: Once, run_folder: Path) -> Path:
    """INT8 and FP16 exports of that run with tiles of 48 pixels, and of any size in the folder any/."""

    def make(folder: Path) -> None:
        from srgan_edge.conversion.convert import convert
        from srgan_edge.conversion.recipe import Conversion

        settings = Conversion(tile=48, qat_steps=10, batch=4, crop=24, calibration_batches=4, max_drop=0.5)
        convert(run_folder, settings, folder, lambda text: None)
        convert(run_folder, settings.model_copy(update={"tile": 0}), folder / "any", lambda text: None)

    return once("exports", make)
