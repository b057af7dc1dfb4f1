"""Recipes: typed, validated TOML records in train/ and convert/, by name or path."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar, cast, get_origin

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from srgan_edge.errors import UnknownNameError, UsageError
from srgan_edge.files.atomic import write_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Stage = Literal["train", "convert"]
Positive = Annotated[int, Field(gt=0)]
Natural = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^\w[\w.+() -]*$", max_length=100)]
"""Of files and folders that are made: nothing that leads out of a folder."""
Changes = Mapping[str, Any] | Iterable[str | tuple[str, Any]]
"""Of a recipe: values by `table.key`, lines `table.key=value`, or both kinds in a list."""
Rate = Annotated[float, Field(gt=0, le=1)]
Text = Annotated[str, Field(max_length=10_000)]
"""As long as a model's card takes it."""

_PACKAGE = Path(__file__).parent


class Table(BaseModel):
    """A table of a recipe: immutable, no unknown keys, no silent conversion of types, finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    renamed: ClassVar[dict[str, str]] = {}
    """Of a whole recipe: keys of earlier versions, and what took their place."""


T = TypeVar("T", bound=Table)


def recipe_folder(stage: Stage) -> Path:
    """The folder of a stage's recipes."""
    # A wheel carries them inside the package; a checkout has them beside it.
    installed = _PACKAGE / "_recipes" / stage
    return installed if installed.is_dir() else _PACKAGE.parent / stage


def find_recipe(stage: Stage, name_or_path: str) -> Path:
    """The recipe file of a name (`edge-m`) or a path (`my/recipe.toml`).

    Raises:
        UsageError: there is no such recipe; a name gets a suggestion.
    """
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        if not path.is_file():
            raise UsageError(f"{path}: no such recipe file")
        return path
    path = recipe_folder(stage) / f"{name_or_path}.toml"
    if not path.is_file():
        raise UnknownNameError(f"{stage} recipe", name_or_path, (p.stem for p in recipe_folder(stage).glob("*.toml")))
    return path


def load(kind: type[T], stage: Stage, name_or_path: str, *changes: Changes) -> T:
    """The recipe of a name or a file, with `changes` of the form `table.key=value`, or values by `table.key`.

    Raises:
        UsageError: an unknown key (with a suggestion), a value of the wrong type, or no such recipe.
    """
    path = find_recipe(stage, name_or_path)
    return from_toml(kind, _text(path), str(path), *changes)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # editors on Windows begin a file with a mark
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}: is not UTF-8 (line {line}): save it in this encoding") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def from_toml(kind: type[T], text: str, origin: str, *changes: Changes) -> T:
    """Parse and validate a recipe's TOML; `origin` names it in errors."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of many thousand digits are no TOMLDecodeError
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise UsageError(f"{origin}: not valid TOML: {reason}") from error
    return _validated(kind, values, origin, changes)


def changed(recipe: T, changes: Changes) -> T:
    """A copy of a recipe with other values.

    Raises:
        UsageError: as `load`.
    """
    return _validated(type(recipe), recipe.model_dump(), "the recipe", (changes,))


def _validated(kind: type[T], values: dict[str, Any], origin: str, changes: Iterable[Changes]) -> T:
    settings: list[str] = []
    for change in changes:
        for key, value, setting in settings_of(change):
            _apply(values, key, value, setting)
            settings.append(setting)
    _refuse_renamed(kind, values, origin, settings)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise _explain(kind, error, origin, settings) from error


def save(recipe: Table, path: Path) -> None:
    """Write every key of the recipe, defaults included, as TOML."""
    write_text(path, tomli_w.dumps(recipe.model_dump()))


def changed_keys(old: Table, new: Table) -> list[str]:
    """The keys that differ between two recipes of a kind, as `table.key`."""
    keys = []
    for name in type(old).model_fields:
        one, two = getattr(old, name), getattr(new, name)
        if isinstance(one, Table) and isinstance(two, Table):
            keys += [f"{name}.{key}" for key in changed_keys(one, two)]
        elif one != two:
            keys.append(name)
    return keys


def literal(value: Any) -> str:
    """A value as TOML, for `--set table.key=value`."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").strip()


def settings_of(changes: Changes) -> Iterator[tuple[str, Any, str]]:
    """Of each change its key, its value, and how they are written on the command line.

    Raises:
        UsageError: a line is none of the form `table.key=value`.
    """
    entries = changes.items() if isinstance(changes, Mapping) else changes
    for entry in entries:
        yield _setting(cast("str | tuple[str, Any]", entry))


def _setting(entry: str | tuple[str, Any]) -> tuple[str, Any, str]:
    if isinstance(entry, tuple):
        key, value = entry
        return key, str(value) if isinstance(value, Path) else value, f"{key}={value}"
    key, equals, text = entry.partition("=")
    if not equals:
        raise UsageError(f"--set {entry}: write it as table.key=value")
    return key, _value(text), entry


def _apply(values: dict[str, Any], key: str, value: Any, setting: str) -> None:
    *tables, last = key.strip().split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise UsageError(f"--set {setting}: {table} is a value, not a table")
    values[last] = value


def _value(text: str) -> Any:
    """What a person means by a value: TOML's or Python's spelling, else a string."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        try:
            value = ast.literal_eval(text.strip())  # True, .5, 1.
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text
    # 1e3 is a number of steps too.
    return int(value) if isinstance(value, float) and "e" in text.lower() and value.is_integer() else value


def _place(keys: list[str], origin: str, settings: Sequence[str]) -> str:
    """Where a key was given: the last `--set` of it, or the recipe's file."""
    key = ".".join(keys)
    for setting in reversed(settings):
        given = setting.partition("=")[0].strip()
        if given == key or given.startswith(f"{key}."):
            return f"--set {setting}"
    return origin


def _refuse_renamed(kind: type[Table], values: dict[str, Any], origin: str, settings: Sequence[str]) -> None:
    for old, new in kind.renamed.items():
        *tables, last = old.split(".")
        table: Any = values
        for name in tables:
            table = table.get(name) if isinstance(table, dict) else None
        if isinstance(table, dict) and last in table:
            raise UsageError(f"{_place(old.split('.'), origin, settings)}: {old} is now {new}")


def _explain(kind: type[Table], error: ValidationError, origin: str, settings: Sequence[str]) -> UsageError:
    first = error.errors()[0]
    place, table = [], kind
    for part in first["loc"]:  # among them are indices and unions' members
        found = getattr(table, "model_fields", {}).get(part)
        if found is not None:
            table = found.annotation
        elif not (first["type"] == "extra_forbidden" or (get_origin(table) is dict and str(part).isidentifier())):
            continue
        place.append(str(part))
    where = _place(place, origin, settings)
    if first["type"] == "extra_forbidden":
        table: Any = kind
        for part in place[:-1]:
            table = table.model_fields[part].annotation
        known = [".".join([*place[:-1], field]) for field in table.model_fields]
        return UnknownNameError(f"key in {where}", ".".join(place), known)
    if first["type"] == "value_error":
        return UsageError(f"{where}: {'.'.join([*place, ''])}{first['msg'].removeprefix('Value error, ')}")
    try:
        given = repr(first["input"])
    except RecursionError:
        given = "a value nested without end"
    return UsageError(f"{where}: {'.'.join(place)} = {given}: {first['msg'].lower()}")
