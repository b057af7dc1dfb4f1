from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from srgan_edge import recipes
from srgan_edge.conversion.recipe import Conversion
from srgan_edge.errors import UsageError
from srgan_edge.training.recipe import Recipe


@pytest.mark.parametrize("path", sorted(recipes.recipe_folder("train").glob("*.toml")), ids=lambda p: p.stem)
def test_every_training_recipe_is_valid(path: Path) -> None:
    assert recipes.load(Recipe, "train", path.stem).note


@pytest.mark.parametrize("path", sorted(recipes.recipe_folder("convert").glob("*.toml")), ids=lambda p: p.stem)
def test_every_conversion_recipe_is_valid(path: Path) -> None:
    assert recipes.load(Conversion, "convert", path.stem).note


def test_what_is_saved_is_what_was_meant(tmp_path: Path) -> None:
    recipe = recipes.load(
        Recipe, "train", "sample", ("pretrain.steps=7", "data.source=some/folder", "gan.learning_rate=1e-5")
    )
    recipes.save(recipe, tmp_path / "recipe.toml")
    assert recipes.load(Recipe, "train", str(tmp_path / "recipe.toml")) == recipe
    assert (recipe.pretrain.steps, recipe.data.source, recipe.gan.learning_rate) == (7, "some/folder", 1e-5)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("pretrain.step=7", r"unknown key in .* 'pretrain.step': did you mean 'pretrain.steps'\?"),
        ("nmae=x", r"'nmae': did you mean 'name'\?"),
        ("pretrain.steps=many", "pretrain.steps = 'many': input should be a valid integer"),
        ("pretrain.steps=-1", "pretrain.steps = -1: .*greater than or equal to 0"),
        ("pretrain.optimizer=sgd", r"--set pretrain\.optimizer=sgd: .* = 'sgd': input should be 'adam' or 'muon'"),
        (
            "pretrain.losses.l3=1",
            r"unknown key in --set pretrain\.losses\.l3=1 .*'pretrain\.losses\.l1'\?",
        ),
        ("pretrain.losses.adversarial=1", "pretrain.losses.adversarial needs a discriminator"),
        ("pretrain.losses.distillation=1", "losses.distillation needs a teacher"),
        ("teacher=runs/large", "teacher is used by losses.distillation alone"),
        ("loop.keep=1.5", r"--set loop\.keep=1\.5: loop\.keep = 1\.5: input should be a valid integer"),
        ("data.source=5", r"^--set data\.source=5: data\.source = 5: input should be a valid string"),
        ("data.low=5", r"^--set data\.low=5: data\.low = 5: "),
        ("data.source=[1]", r"^--set data\.source=\[1\]: data\.source = "),
        ("pretrain.losses={}", "pretrain.losses: all weights are 0, and nothing would be learnt"),
        ("gan.crop=2", "gan.crop: 2 is too small: 0, or at least 8"),
        ("gan.max_psnr_drop=inf", "gan.max_psnr_drop = inf: input should be a finite number"),
        ('licence="two\\nlines"', "licence.is to be one line of printable characters"),
        ("generator.scale=5", "generator.scale = 5: input should be 2, 3 or 4"),
        ("name.x=1", "name is a value, not a table"),
        ("steps", "write it as table.key=value"),
    ],
)
def test_refused_settings(setting: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        recipes.load(Recipe, "train", "sample", (setting,))


def test_a_recipe_without_steps_is_refused() -> None:
    nothing = {f"{phase}.steps": 0 for phase in ("pretrain", "finetune", "gan")}
    with pytest.raises(UsageError, match=r"the recipe has no steps: set pretrain\.steps"):
        recipes.load(Recipe, "train", "sample", nothing)


def test_dead_channels_of_plain_chains_alone_are_revived() -> None:
    for recipe, changes in (("edge-m-real", ()), ("sample", ("generator.collapsible=true",))):
        with pytest.raises(UsageError, match=r"finetune\.revive is for chains of plain convolutions, not "):
            recipes.load(Recipe, "train", recipe, ("finetune.revive=true", *changes))


def test_crops_in_which_vgg19_sees_nothing_are_refused() -> None:
    small = {"generator.scale": 2, "data.crop": 11, "gan.crop": 0, "perceptual.network": "vgg19"}
    for phase in ("pretrain", "gan"):
        changes = {**small, "gan.steps": 0, f"{phase}.steps": 1, f"{phase}.losses": {"dists": 1.0}}
        with pytest.raises(UsageError, match=f"{phase}: VGG19 needs HR crops of 24 pixels, and 22 are too few"):
            recipes.load(Recipe, "train", "sample", changes)
        assert recipes.load(Recipe, "train", "sample", {**changes, "data.crop": 12})
        assert recipes.load(Recipe, "train", "sample", {**changes, "perceptual.network": "efficientnet-lite0"})


def test_a_changed_recipe_is_checked_too() -> None:
    recipe = recipes.load(Recipe, "train", "edge-m-real", ())
    assert recipe.changed(gan={"steps": 3}).gan.steps == 3
    assert recipe.changed() == recipe
    with pytest.raises(UsageError, match=r"did you mean 'gan\.steps'"):
        recipe.changed(gan={"stepz": 3})
    with pytest.raises(UsageError, match=r"data\.crop = 'large'"):
        recipe.changed(data={"crop": "large"})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("max_drop=inf", "a finite number"),
        ("tile=8193", "less than or equal to 8192"),
        ("min_gain=nan", "a finite number"),
    ],
)
def test_refused_settings_of_a_conversion(setting: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        recipes.load(Conversion, "convert", "default", (setting,))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("pretrain.steps=1e3", 1000), ("data.flip_rotate=False", False), ("loop.ema=.5", 0.5), ("data.crop=4_8", 48)],
)
def test_values_are_taken_as_people_type_them(setting: str, value: object) -> None:
    table, key = setting.partition("=")[0].split(".")
    assert getattr(getattr(recipes.load(Recipe, "train", "sample", (setting,)), table), key) == value


@pytest.mark.parametrize(("old", "new"), Recipe.renamed.items())
def test_a_renamed_key_is_refused_with_its_new_name(old: str, new: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as given:
        recipes.load(Recipe, "train", "sample", (f"{old}=1",))
    assert str(given.value) == f"--set {old}=1: {old} is now {new}"
    *tables, key = old.split(".")
    (tmp_path / "old.toml").write_text("".join(f"[{table}]\n" for table in tables) + f"{key} = 1\n")
    with pytest.raises(UsageError, match=r"old\.toml: "):
        recipes.load(Recipe, "train", str(tmp_path / "old.toml"))


def test_what_took_a_keys_place_exists() -> None:
    known = flat(Recipe().model_dump())
    for kind, keys in ((Recipe, known), (Conversion, flat(Conversion().model_dump()))):
        for old, new in kind.renamed.items():
            assert new.split(" ")[0] in keys, old
            assert old not in keys


def flat(values: dict[str, Any], prefix: str = "") -> set[str]:
    """The keys of all tables, and of values."""
    keys = {prefix + key for key in values}
    for key, value in values.items():
        if isinstance(value, dict):
            keys |= flat(value, f"{prefix}{key}.")
    return keys


def test_unknown_recipes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown train recipe 'sampel': did you mean 'sample'\?"):
        recipes.load(Recipe, "train", "sampel")
    with pytest.raises(UsageError, match="no such recipe file"):
        recipes.load(Recipe, "train", str(tmp_path / "none.toml"))
    (tmp_path / "bad.toml").write_text("name = ")
    with pytest.raises(UsageError, match="not valid TOML"):
        recipes.load(Recipe, "train", str(tmp_path / "bad.toml"))


def test_recipes_in_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + 'note = "für Fotos"\n'.encode())  # a mark, as editors on Windows write
    assert recipes.load(Recipe, "train", str(path)).note == "für Fotos"
    path.write_bytes('name = "x"\nnote = "für Fotos"\n'.encode("latin-1"))
    with pytest.raises(UsageError, match=r"mine\.toml: is not UTF-8 \(line 2\)"):
        recipes.load(Recipe, "train", str(path))
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match="no such recipe file"):
        recipes.load(Recipe, "train", str(path))


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "", "a/b", "a\\b", ".hidden", "a\x1bb", "a\nb"])
def test_a_name_stays_in_its_folder(name: str) -> None:
    with pytest.raises(UsageError, match="name = "):
        recipes.load(Recipe, "train", "sample", (f"name={recipes.literal(name)}",))
    for good in ("edge-m x4 (2)", "größer_2.1+"):
        assert recipes.load(Recipe, "train", "sample", (f"name={recipes.literal(good)}",)).name == good


def test_changed_keys() -> None:
    one = recipes.load(Recipe, "train", "sample")
    two = recipes.load(Recipe, "train", "sample", ("generator.scale=2", "note=other", "loop.seed=7"))
    assert recipes.changed_keys(one, two) == ["note", "generator.scale", "loop.seed"]
    assert recipes.changed_keys(one, one) == []


def test_a_value_that_python_cannot_print() -> None:
    """The parser of TOML gives up later than `repr`."""
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(ValidationError) as refused:
        Recipe.model_validate({"loop": {"seed": nested}})
    sentence = str(recipes._explain(Recipe, refused.value, "mine.toml", ()))
    assert sentence.startswith("mine.toml: loop.seed = a value nested without end: ")


def test_toml_made_to_bring_the_parser_down() -> None:
    for text, reason in (("x = " + "[" * 3000, "nested too deeply"), ("x = " + "9" * 5000, "digits")):
        with pytest.raises(UsageError, match=rf"^mine\.toml: not valid TOML: .*{reason}"):
            recipes.from_toml(Recipe, text, "mine.toml")
        with pytest.raises(UsageError):
            recipes.from_toml(Recipe, "", "mine.toml", (f"loop.seed={text[4:]}",))
