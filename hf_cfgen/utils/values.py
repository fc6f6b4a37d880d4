"""Convert values from YAML, JSON and the command line to typed values, checked against type hints."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from ..errors import CfgenError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list"}


def read_yaml(path: Path) -> dict[str, object]:
    """Read a YAML mapping of names to values; a `CfgenError` says why it cannot be read."""
    try:
        values: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CfgenError(f"{path}: not a readable YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise CfgenError(f"{path}: not a mapping: write one 'name: value' per line")
    return {str(name): value for name, value in values.items()}


def typed_value(value: object, hint: Any, name: str) -> Any:
    """Check a value against a type hint, and convert it if nothing is lost.

    A whole number is accepted as a float, a list as a tuple, and a string as the number it contains, because YAML
    reads `1e-3` as a string. A mapping becomes a dataclass; its unknown keys are ignored.

    Args:
        value (`object`): A value read from YAML or JSON.
        hint (`Any`): A plain type, a dataclass, `Literal`, `list`, `tuple`, `dict`, or a union of these.
        name (`str`): The name of the value, for messages.

    Returns:
        `Any`: The value with the type of the hint.

    Raises:
        CfgenError: The value has the wrong type.

    Example:

    >>> typed_value([8, 1, 1], tuple[int, int, int] | None, "split_sizes"), typed_value("1e-3", float, "learning_rate")
    ((8, 1, 1), 0.001)
    >>> typed_value({"k": 2.5}, dict[str, int], "budget")
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: budget.k is 2.5: give a whole number
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if value is None and NoneType in inner:
            return None
        *others, last = (each for each in inner if each is not NoneType)
        for each in others:
            try:
                return typed_value(value, each, name)
            except CfgenError:
                continue
        return typed_value(value, last, name)
    if origin is Literal:
        if value in inner and not isinstance(value, bool):
            return value
        raise CfgenError(f"{name} is {value!r}: choose one of {', '.join(map(str, inner))}")
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(value, Mapping):
        return _record(value, hint, f"{name}." if name else "")
    if origin is list and isinstance(value, list):
        return [typed_value(item, inner[0], f"{name}[{i}]") for i, item in enumerate(value)]
    if origin is tuple and isinstance(value, list | tuple) and len(value) == len(inner):
        return tuple(typed_value(item, each, f"{name}[{i}]") for i, (item, each) in enumerate(zip(value, inner)))
    if origin is dict and isinstance(value, Mapping):
        pairs = ((typed_value(key, inner[0], name), key, item) for key, item in value.items())
        return {key: typed_value(item, inner[1], f"{name}.{old}") for key, old, item in pairs}
    if hint is Any or (hint is dict and isinstance(value, dict)):
        return value
    if (hint in (int, float) and isinstance(value, str)) or (hint is float and type(value) is int):
        try:
            return hint(value)
        except ValueError:
            pass
    elif isinstance(hint, type) and isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    wanted = f"a list of {len(inner)}" if origin is tuple else _NAMES.get(origin or hint, "names with values")
    raise CfgenError(f"{name or 'the record'} is {value!r}: give {wanted}")


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _record(values: Mapping[str, object], cls: type[T], prefix: str) -> T:
    given = {}
    for field in fields(cls):
        if field.name in values:
            given[field.name] = typed_value(values[field.name], _hints(cls)[field.name], prefix + field.name)
        elif field.init and field.default is MISSING and field.default_factory is MISSING:
            raise CfgenError(f"it lacks {prefix}{field.name}")
    return cls(**given)


def from_values(cls: type[T], values: Mapping[str, object]) -> T:
    """Create a dataclass of options from values read from YAML.

    Args:
        cls (`type`): The dataclass.
        values (`Mapping[str, object]`): Values by name. `None` means the default.

    Returns:
        `cls`: An instance.

    Raises:
        CfgenError: A name is unknown, or a value has the wrong type.
    """
    names = [field.name for field in fields(cls) if field.init]
    for name in values:
        if name not in names:
            raise CfgenError(f"unknown option {name}: {nearest(name, names)}")
    return _record({name: value for name, value in values.items() if value is not None}, cls, "")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the nearest known name, or all known names if none is similar.

    Example:

    >>> nearest("--recepi", ["--recipe", "--k"]), nearest("x", ["run", "push"])
    ('did you mean --recipe?', 'choose one of run, push')
    """
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"choose one of {', '.join(known)}"


def parse_map(items: Sequence[str], name: str) -> dict[str, str]:
    """Parse `OLD=NEW` items of the option `name` into a dictionary. Each OLD must occur once.

    Example:

    >>> parse_map(["PER=person", "MISC=O"], "label_map")
    {'PER': 'person', 'MISC': 'O'}
    """
    parsed: dict[str, str] = {}
    for item in items:
        old, _, new = item.partition("=")
        if not old or not new or old in parsed:
            raise CfgenError(f"--{name} {item!r}: give each name once, as in OLD=NEW")
        parsed[old] = new
    return parsed
