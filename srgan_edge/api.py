"""Training and conversion from Python: what `srgan-edge train` and `srgan-edge convert` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srgan_edge.errors import UsageError
from srgan_edge.runtime.captured import captured_output

if TYPE_CHECKING:
    from srgan_edge.conversion.publish import Export
    from srgan_edge.conversion.recipe import Conversion
    from srgan_edge.recipes import Changes
    from srgan_edge.runtime.ranges import Range
    from srgan_edge.training.loop import Outcome
    from srgan_edge.training.recipe import Recipe


def train(
    recipe: str | Path | Recipe | None = None,
    *,
    data: str | Path | None = None,
    out: str | Path | None = None,
    changes: Changes = (),
    resume: bool = False,
    report: Callable[[dict[str, Any]], None] | None = None,
) -> Outcome:
    """Train a generator into a run folder.

        outcome = train("edge-m", data="photos/", changes={"pretrain.steps": 5000})
        print(outcome.score.psnr, "dB, bicubic", outcome.bicubic.psnr)

    Args:
        recipe: a recipe of train/ by name, a .toml file, or a Recipe. None: `sample`, or that of the run to resume.
        data: a folder of photos, or "tfds:NAME". None: the recipe's.
        out: the run folder. None: runs/NAME of the recipe.
        changes: values of the recipe's keys, `{"pretrain.steps": 5000}` or `["pretrain.steps=5000"]`.
        resume: continue from the newest checkpoint of `out`.
        report: called with each event of the log: `{"event": "train", "step", ...}`, `{"event": "validation", ...}`.

    Returns:
        The last step, whether the run is finished, and the mean PSNR and SSIM on the held-out photos, of the
        generator and of bicubic interpolation.

    Raises:
        UsageError: an unknown key, no photos, or the folder holds another run.
        SrganEdgeError: the loss is no longer a finite number, or nothing can be written.
    """
    from srgan_edge.training.claim import check_request

    found = training_recipe(recipe, data=data, out=out, changes=changes, resume=resume)
    folder = Path(out) if out else Path("runs") / found.name
    check_request(found, folder, resume)
    import_tensorflow()
    from srgan_edge.training.loop import Trainer

    return Trainer(found, folder, resume, report or (lambda event: None)).run()


def training_recipe(
    recipe: str | Path | Recipe | None = None,
    *,
    data: str | Path | None = None,
    out: str | Path | None = None,
    changes: Changes = (),
    resume: bool = False,
) -> Recipe:
    """The recipe that `train` would follow, checked key by key.

        training_recipe("edge-m", changes={"data.crop": 64}).data.crop

    Args:
        recipe: as `train`.
        data: as `train`.
        out: as `train`.
        changes: as `train`.
        resume: as `train`.

    Raises:
        UsageError: no such recipe or key, or a value of another type.
    """
    from srgan_edge import recipes
    from srgan_edge.training.recipe import Recipe

    if isinstance(recipe, Recipe):
        if data is not None or changes:
            raise UsageError("a Recipe takes no data and changes: use its own `changed`")
        return recipe
    if resume:
        if out is None or recipe is not None:
            raise UsageError("--resume takes the run folder as --out, and the recipe that is saved in it")
        recipe = Path(out) / "recipe.toml"
    of_data = {} if data is None else {"data.source": str(data)}
    return recipes.load(Recipe, "train", str(recipe or "sample"), changes, of_data)


def convert(
    source: str | Path | None = None,
    *,
    recipe: str | Path | Conversion = "default",
    out: str | Path | None = None,
    changes: Changes = (),
    input_range: Range | None = None,
    output_range: Range | None = None,
    trust: bool = False,
    report: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Export]:
    """Quantize and export a network, verify each export and write its card.

        for export in convert("runs/edge-m-x4", changes={"formats": ["int8"], "qat_steps": 500}):
            print(export.path, export.drop_db)

    Args:
        source: a run folder, or a third-party network: a .keras or .h5 file or a SavedModel, which is only
            calibrated, not fine-tuned. None: the newest run under runs/.
        recipe: a recipe of convert/ by name, a .toml file, or a Conversion.
        out: the folder of the exports. None: RUN/exports.
        changes: values of the recipe's keys, `{"tile": 96}` or `["tile=96"]`; for a third-party network, no keys of
            fine-tuning.
        input_range: values of black and white in a third-party network's input, such as (-1, 1).
        output_range: those in its output. None: the same.
        trust: let a third-party network run its own Python code and access files.
        report: called with each line of progress messages.
        progress: called with the number of fine-tuning steps done and their total.

    Raises:
        UsageError: an unknown key, no run, no photos, or the network does not upscale images.
        GateFailedError: an export fails verification; it is not written.
    """
    from srgan_edge import recipes
    from srgan_edge.conversion.recipe import OF_RUNS, Conversion

    say = report or (lambda line: None)
    changes = changes if isinstance(changes, Mapping) else list(changes)
    if isinstance(recipe, Conversion):
        if changes:
            raise UsageError("a Conversion takes no changes: use its own `model_copy`")
        settings = recipe
    else:
        settings = recipes.load(Conversion, "convert", str(recipe), changes)
    from srgan_edge.conversion.origin import find_foreign, newest_run
    from srgan_edge.runtime.ranges import Ranges

    if source is None:
        source = newest_run()
        say(f"No run named: converting the newest, {source}.")
    path = Path(source)
    foreign = find_foreign(path)
    if foreign is None and (input_range or output_range or trust):
        option = "--trust" if trust else "--input-range"
        raise UsageError(f"{option} is for third-party networks, and {path} is not a Keras file or SavedModel")
    import_tensorflow()
    from srgan_edge.conversion import convert as stages

    stages.targets_of(settings)  # a package that is missing is found now, and not after the fine-tuning
    if foreign is not None:
        for key, value, _ in recipes.settings_of(changes):
            if key in OF_RUNS and value:
                raise UsageError(f"{key}: a third-party network is only calibrated, not fine-tuned or mixed")
        folder = Path(out) if out else foreign.with_name(f"{foreign.stem}-exports")
        return stages.convert_foreign(foreign, Ranges(input_range, output_range), settings, folder, say, trust)
    folder = Path(out) if out else path / "exports"
    return stages.convert(path, settings, folder, say, progress or (lambda done, total: None))


def import_tensorflow() -> None:
    """Import TensorFlow; what its native parts say of this machine meanwhile is nothing a user can act on."""
    with captured_output():
        import tensorflow  # noqa: F401, RUF100
