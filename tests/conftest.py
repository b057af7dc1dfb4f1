"""Photos and models that the tests share; every image is made here or comes with scikit-image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# The C++ log of TensorFlow, before anything imports it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from PIL import Image

from srgan_edge.imaging import Bytes

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


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
            if folder.stat().st_uid == 0 and folder.name.startswith("pytest-"):
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


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory, coffee: Bytes) -> Path:
    """A folder of five photos of different sizes and formats, cut from a real one."""
    folder = tmp_path_factory.mktemp("photos")
    for index, suffix in enumerate((".png", ".jpg", ".webp", ".bmp", ".tif")):
        cut = coffee[index * 30 : index * 30 + 240, index * 40 : index * 40 + 280 + index]
        Image.fromarray(cut).save(folder / f"photo{index}{suffix}")
    return folder


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """A run of edge-s, trained for a moment on real photos."""
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
    out = tmp_path_factory.mktemp("runs") / "tiny"
    Trainer(recipes.load(Recipe, "train", "sample", settings), out, False, lambda event: None).run()
    return out


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> Path:
    """INT8 and FP16 exports of that run with tiles of 48 pixels, and of any size in the folder any/."""
    from srgan_edge.conversion.convert import convert
    from srgan_edge.conversion.recipe import Conversion

    out = tmp_path_factory.mktemp("exports")
    settings = Conversion(tile=48, qat_steps=10, batch=4, crop=24, calibration_batches=4, max_drop=0.5)
    convert(run_folder, settings, out, lambda text: None)
    convert(run_folder, settings.model_copy(update={"tile": 0}), out / "any", lambda text: None)
    return out
