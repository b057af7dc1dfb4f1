from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import photo
from PIL import Image, ImageCms, PngImagePlugin

from srgan_edge import Upscaler
from srgan_edge.errors import SrganEdgeError, SrganEdgeWarning, UsageError
from srgan_edge.imaging import Bytes, metrics, resample
from srgan_edge.models import Model, bundled
from srgan_edge.runtime import tiling
from srgan_edge.runtime.interpreter import interpreter_package
from srgan_edge.runtime.session import Session
from srgan_edge.runtime.upscaler import luma


@pytest.mark.parametrize("quantization", ["int8", "fp16"])
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (33, 34), (48, 48), (70, 101)])
def test_tiled_equals_untiled(exports: Path, quantization: str, size: tuple[int, int]) -> None:
    image = photo(*size)
    with Upscaler(exports / f"tiny-{quantization}.tflite") as upscaler:
        tiled = upscaler(image)
        overlap = upscaler.overlap
    with Session(exports / "any" / f"tiny-{quantization}.tflite") as session:
        # The whole image in one tile.
        plan = tiling.plan(*size, tile=max(size) + 2 * overlap, overlap=overlap)
        untiled = np.concatenate(list(tiling.strips(image, plan, 4, session.run)))
    assert tiled.shape == (size[0] * 4, size[1] * 4, 3)
    assert np.abs(tiled.astype(int) - untiled).max() <= (0 if quantization == "int8" else 1)


@pytest.mark.parametrize("way", [Image.open, str])
def test_a_colour_profile_goes_into_the_result(tmp_path: Path, way: Callable[[Path], Any]) -> None:
    """Whose numbers would be shown in other colours without."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(photo(12, 12)).save(tmp_path / "photo.jpg", icc_profile=profile)
    with Upscaler("edge-s-x4") as upscaler:
        upscaler(way(tmp_path / "photo.jpg")).save(tmp_path / "photo_x4.png")
    with Image.open(tmp_path / "photo_x4.png") as result:
        assert result.info["icc_profile"] == profile and result.size == (48, 48)


def _with_sizes() -> Iterator[Any]:
    """Each bundled model and sizes of one tile, a row of them and several; srgan's tiles cost thirty others."""
    for model in bundled():
        large = model.name.startswith("srgan")
        for size in [(1, 1), (127, 129)] if large else [(1, 1), (3, 1000), (127, 129), (300, 270)]:
            yield pytest.param(model, size, id=f"{model.name}-{size}", marks=[pytest.mark.slow] if large else [])


@pytest.mark.parametrize(("model", "size"), _with_sizes())
def test_bundled_models_have_no_seams(model: Model, size: tuple[int, int]) -> None:
    """The whole image in one run of the same file, its input resized, is what the tiles give."""
    image = photo(*size)
    with Upscaler(model, delegate="cpu") as upscaler:
        tiled, scale, m = upscaler(image), upscaler.scale, upscaler.overlap
    interpreter = interpreter_package().interpreter(model_path=str(model.path), num_threads=2)
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    rows, columns = (tiling.reflected(-m, length + 2 * m, length) for length in size)
    padded = image[rows][:, columns]
    interpreter.resize_tensor_input(given["index"], (1, *padded.shape))
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], padded[None].astype(given["dtype"]))
    interpreter.invoke()
    whole = interpreter.get_tensor(made["index"])[0, m * scale : -m * scale, m * scale : -m * scale]
    if model.path.stem.endswith("int8"):
        np.testing.assert_array_equal(tiled, whole)
    else:
        assert np.abs(tiled - np.clip(whole, 0, 255)).max() <= 1


def test_any_size_model(exports: Path) -> None:
    image = photo(70, 101)
    with Upscaler(exports / "tiny-int8.tflite") as fixed, Upscaler(exports / "any" / "tiny-int8.tflite") as dynamic:
        assert dynamic.scale == 4
        np.testing.assert_array_equal(fixed(image), dynamic(image))


def test_better_than_bicubic(exports: Path, coffee: Bytes) -> None:
    low = resample.downscale(coffee, 4)
    with Upscaler(exports / "tiny-int8.tflite") as upscaler:
        ours = metrics.score(upscaler(low), coffee, 4)
    assert ours.psnr > metrics.score(resample.upscale(low, 4), coffee, 4).psnr


def test_a_model_without_card(exports: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.tflite"
    alone.write_bytes((exports / "tiny-int8.tflite").read_bytes())
    image = photo(60, 60)
    with Upscaler(alone) as bare, Upscaler(exports / "tiny-int8.tflite") as carded:
        np.testing.assert_array_equal(bare(image), carded(image))


def test_pil_images_keep_their_kind(exports: Path) -> None:
    with Upscaler(exports / "tiny-int8.tflite") as upscaler:
        rgba = Image.fromarray(np.dstack([photo(9, 11), photo(9, 11)[..., 0]]))
        large = upscaler(rgba)
        assert (large.mode, large.size) == ("RGBA", (44, 36))
        grey = upscaler(Image.fromarray(photo(9, 11)[..., 0]))
        assert (grey.mode, grey.size) == ("L", (44, 36))
        opaque = upscaler(Image.fromarray(photo(9, 11)).convert("RGBA"))
        assert np.asarray(opaque)[..., 3].min() == 255


@pytest.fixture(scope="module")
def small() -> Iterator[Upscaler]:
    with Upscaler("edge-s-x4", delegate="cpu", threads=1) as upscaler:
        yield upscaler


def test_what_is_done_to_a_photo_is_warned_of(small: Upscaler, tmp_path: Path) -> None:
    path, grey = tmp_path / "a.png", np.full((6, 7), 30_000, np.uint16)
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "Grey")
    Image.fromarray(grey).save(path, pnginfo=text)
    said = r"16-bit grey reduced to 8 bits, texts not kept$"
    with Image.open(path) as opened:
        for given in (path, str(path), opened):
            with pytest.warns(SrganEdgeWarning, match=rf"a\.png: {said}") as warned:
                assert small(given).size == (28, 24)
            assert warned[0].filename == __file__  # the caller's line, and not one of the package
    with pytest.warns(SrganEdgeWarning, match=rf"^bytes: {said}"):
        small(path.read_bytes())
    frames = [Image.fromarray(photo(8, 9, seed)) for seed in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.warns(SrganEdgeWarning, match=r"a\.gif: first of 3 frames"):
        small(tmp_path / "a.gif")


def test_nothing_is_said_of_a_plain_photo(small: Upscaler, tmp_path: Path) -> None:
    Image.fromarray(photo(8, 9)).save(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for given in (tmp_path / "a.png", Image.fromarray(photo(8, 9)), photo(8, 9)):
            small(given)


def test_threads_of_callers_get_their_own_results(exports: Path) -> None:
    pictures = [photo(50 + i, 60, i) for i in range(4)]
    with Upscaler(exports / "tiny-int8.tflite") as upscaler:
        expected = [upscaler(p) for p in pictures]
        got: dict[int, Bytes] = {}
        workers = [threading.Thread(target=lambda i=i: got.update({i: upscaler(pictures[i])})) for i in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    for index, want in enumerate(expected):
        np.testing.assert_array_equal(got[index], want)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_refused_arrays(exports: Path, shape: tuple[int, ...]) -> None:
    with Upscaler(exports / "tiny-int8.tflite") as upscaler:
        with pytest.raises(UsageError, match="uint8 of shape"):
            upscaler(np.zeros(shape, np.uint8))
        with pytest.raises(UsageError, match="not float64"):
            upscaler(np.zeros((4, 4, 3)))  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_refused_models(exports: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such model file"):
        Upscaler(tmp_path / "none.tflite")
    (tmp_path / "text.tflite").write_text("no model at all")
    with pytest.raises(SrganEdgeError, match=r"text\.tflite: not a TFLite model"):
        Upscaler(tmp_path / "text.tflite")
    whole = (exports / "tiny-int8.tflite").read_bytes()
    (tmp_path / "cut.tflite").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SrganEdgeError, match=r"cut\.tflite: a damaged TFLite model"):
        Upscaler(tmp_path / "cut.tflite")
    with pytest.raises(UsageError, match="unknown delegate 'cpo': did you mean 'cpu'"):
        Upscaler(exports / "tiny-int8.tflite", delegate="cpo")


@pytest.mark.tensorflow
def test_a_classifier_is_refused(tmp_path: Path) -> None:
    import tensorflow as tf

    function = tf.function(lambda x: tf.reduce_mean(x, axis=(1, 2)), input_signature=[tf.TensorSpec((1, 8, 8, 3))])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    (tmp_path / "classifier.tflite").write_bytes(converter.convert())
    with pytest.raises(SrganEdgeError, match=r"its output has shape \[1, 3\], not that of an image"):
        Upscaler(tmp_path / "classifier.tflite")


def test_after_a_fork_it_says_so() -> None:
    """Its threads are the parent's: the child would wait for them for ever."""
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    upscaler = Upscaler("edge-s-x4", delegate="cpu", threads=2)
    wanted = upscaler(photo(20, 20))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for call in (lambda: upscaler(photo(20, 20)), lambda: upscaler.tile_alone(photo(128, 128))):
                with pytest.raises(UsageError, match="opened before the process forked"):
                    call()
            upscaler.close()
            with Upscaler("edge-s-x4", delegate="cpu", threads=2) as mine:
                code = 0 if np.array_equal(mine(photo(20, 20)), wanted) else 2
        finally:
            os._exit(code)
    signal.alarm(60)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        signal.alarm(0)
    upscaler.close()


def test_closed_by_another_thread() -> None:
    upscaler = Upscaler("edge-s-x4", delegate="cpu", threads=2)
    said: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                upscaler(photo(300, 300))
        except BaseException as error:
            said.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    upscaler.close()
    for thread in threads:
        thread.join(30)
    assert [str(error) for error in said] == ["this Upscaler is closed"] * 3
    with pytest.raises(UsageError, match="is closed"):
        upscaler(photo(9, 9))
    upscaler.close()


def test_closed_twice() -> None:
    """A session on a GPU has nothing left to free then."""
    closed: list[int] = []
    with Upscaler("edge-s-x4", delegate="cpu", threads=2) as upscaler:
        for number, session in enumerate(upscaler._sessions):
            session.close = lambda number=number: closed.append(number)
        upscaler.close()
    assert closed == [0, 1]


@pytest.mark.parametrize("threads", [100_000, 10**11, -1])
def test_absurd_threads_are_refused(threads: int) -> None:
    with pytest.raises(UsageError, match=rf"{threads} threads: from 1 to \d+ are possible here"):
        Upscaler("edge-s-x4", delegate="cpu", threads=threads)


def test_greys_are_pillows() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    rgb[0, :2] = [[0, 0, 0], [255, 255, 255]]
    np.testing.assert_array_equal(luma(rgb), np.asarray(Image.fromarray(rgb).convert("L")))
