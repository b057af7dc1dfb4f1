"""What fuzz.py tries of cards and recipes, and what must hold of the results."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
from fuzz_damage import Case, mutated


def cards_case() -> Case:
    """A card beside a model, its sha256 right, and the Upscaler that believes it."""
    from srgan_edge import Upscaler
    from srgan_edge.models import WEIGHTS, find_model

    model = WEIGHTS / "edge-s-x4-int8.tflite"
    card = json.loads(model.with_suffix(".json").read_text(encoding="utf-8"))
    image = np.zeros((30, 40, 3), np.uint8)
    image[10:20] = 200
    with Upscaler("edge-s-x4-int8", delegate="cpu", threads=1) as upscaler:
        wanted = upscaler(image)
    numbers = [0, 1, -1, 2, 3, 5, 64, 127, 128, 1e9, 10**30, -(10**30), 0.5, 4.0, float("nan"), float("inf")]
    odd = [None, True, False, *numbers, "", "4", "x" * 10**5, "../../x", "<script>", "\0", "é\ud800", [], [4], {}]

    def case(r: random.Random, folder: Path) -> None:
        changed = dict(card)
        for _ in range(r.choice((1, 1, 2, 5))):
            key = r.choice([*(k for k in card if k != "sha256"), "scale", "overlap", "tile", "quality"])
            if r.random() < 0.1:
                changed.pop(key, None)
            else:
                changed[key] = r.choice(odd)
        text = json.dumps(changed)
        if r.random() < 0.15:
            text = mutated(r, text.encode()).decode("latin-1")
        if r.random() < 0.05:
            text = r.choice(("[" * 10**5, "{}", "null", "3", "[]", '{"scale":' * 5000, "\ufeff" + text))
        shutil.copy(model, folder / "x.tflite")
        (folder / "x.json").write_text(text, encoding="utf-8", errors="surrogatepass")
        with Upscaler(find_model(str(folder / "x.tflite")), delegate="cpu", threads=1) as upscaler:
            result = upscaler(image)
        if not np.array_equal(result, wanted):
            raise AssertionError("a wrong result without an error")

    return case


def recipes_case() -> Case:
    """A recipe as somebody sends it: what is accepted is the same once it is saved."""
    from srgan_edge import recipes
    from srgan_edge.conversion.recipe import Conversion
    from srgan_edge.training.recipe import Recipe

    kinds: dict[recipes.Stage, type[recipes.Table]] = {"train": Recipe, "convert": Conversion}
    samples: list[tuple[recipes.Stage, Path]] = [
        (stage, path) for stage in kinds for path in sorted(recipes.recipe_folder(stage).glob("*.toml"))
    ]
    odd = ["nan", "inf", "-1", "0", "1", "2.5", "1e400", "9" * 5000, '"x"', '""', "[]", "{}", "true", "1979-05-27"]
    odd += ['"\\u0000"', "[[1]]", "[1, 2]", '"../../x"', "0x7fffffffffffffff", "1e-400", "[nan]", "{ a = 1 }"]
    lines = ["[a.b.c]", "[[generator]]", "x" * 9, "[generator.name]", "generator = 3", "[]", "= 3"]
    lines += ["a" + ".a" * 2000 + " = 1", "x = " + "[" * 3000, "x = " + "[" * 500 + "]" * 500]
    settings = [*[()] * 12, ("a=1",), ("data.source.x=1",), ("pretrain.steps=nan",), ("=",), (".=1",), ("name=[",)]

    def case(r: random.Random, folder: Path) -> None:
        stage, path = r.choice(samples)
        text = path.read_text(encoding="utf-8").splitlines()
        for _ in range(r.choice((1, 1, 2, 4))):
            number = r.randrange(len(text))
            key, equals, _ = text[number].partition("=")
            text[number] = f"{key}= {r.choice(odd)}" if equals else r.choice(lines)
        data = "\n".join(text).encode()
        changed = folder / "x.toml"
        changed.write_bytes(mutated(r, data) if r.random() < 0.3 else data)
        recipe = recipes.load(kinds[stage], stage, str(changed), r.choice(settings))
        recipes.save(recipe, changed)
        if recipes.load(kinds[stage], stage, str(changed)) != recipe:
            raise AssertionError("a saved recipe is another one")

    return case
