"""Convert values from YAML and the command line to typed Python values, checked against type hints."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from ..errors import CfgenError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_NAMES: dict[Any, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping of names to values.

    Args:
        path (`Path`): The file.

    Returns:
        `dict[str, Any]`: Its values by name.

    Raises:
        CfgenError: The file cannot be read, or is not a mapping.
    """
    try:
        values: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CfgenError(f"{path}: not a readable YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise CfgenError(f"{path}: not a mapping: write one 'name: value' per line")
    return {str(name): value for name, value in values.items()}


def typed_value(value: Any, hint: Any, name: str) -> Any:
    """Check a value against a type hint, and convert it if nothing is lost.

    A whole number is accepted as a float, a list as a tuple, and a string as the number it contains, because YAML
    reads `1e-3` as a string.

    Args:
        value (`Any`): A value read from YAML.
        hint (`Any`): The type hint: a plain type, `Literal`, `list`, `tuple`, `dict`, or a union of these.
        name (`str`): The name of the value, for messages.

    Returns:
        `Any`: The value with the type of the hint.

    Raises:
        CfgenError: The value has the wrong type.

    Example:

    >>> typed_value([8, 1, 1], tuple[int, int, int] | None, "split_sizes"), typed_value("1e-3", float, "learning_rate")
    ((8, 1, 1), 0.001)
    >>> typed_value(2.5, int, "k")
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: k is 2.5: give a whole number
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
    if origin is list and isinstance(value, list):
        return [typed_value(item, inner[0], name) for item in value]
    if origin is tuple and isinstance(value, list) and len(value) == len(inner):
        return tuple(typed_value(item, each, name) for item, each in zip(value, inner))
    if origin is dict and isinstance(value, dict):
        return {typed_value(key, inner[0], name): typed_value(item, inner[1], name) for key, item in value.items()}
    if hint is Any or (hint is dict and isinstance(value, dict)):
        return value
    if (hint in (int, float) and isinstance(value, str)) or (hint is float and type(value) is int):
        try:
            return hint(value)
        except ValueError:
            pass
    elif isinstance(hint, type) and isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    wanted = {list: "a list", tuple: f"a list of {len(inner)}", dict: "names with values"}.get(
        origin, _NAMES.get(hint)
    )
    raise CfgenError(f"{name} is {value!r}: give {wanted or 'another value'}")


def from_values(cls: type[T], values: Mapping[str, Any]) -> T:
    """Create a dataclass of options from values read from YAML.

    Args:
        cls (`type`): The dataclass.
        values (`Mapping[str, Any]`): Values by name. `None` means the default.

    Returns:
        `cls`: An instance.

    Raises:
        CfgenError: A name is unknown, or a value has the wrong type.
    """
    hints = get_type_hints(cls)
    names = [field.name for field in fields(cls) if field.init]
    for name in values:
        if name not in names:
            raise CfgenError(f"unknown option {name}: {nearest(name, names)}")
    given = {name: typed_value(value, hints[name], name) for name, value in values.items() if value is not None}
    return cls(**given)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name, such as a misspelled option.

    Args:
        name (`str`): An unknown name.
        known (`Iterable[str]`): The known names.

    Returns:
        `str`: A hint with the nearest known name, or with all known names if none is similar.

    Example:

    >>> nearest("--recepi", ["--recipe", "--k"]), nearest("x", ["run", "push"])
    ('did you mean --recipe?', 'choose one of run, push')
    """
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"choose one of {', '.join(known)}"


def parse_map(items: Sequence[str], name: str) -> dict[str, str]:
    """Parse `OLD=NEW` items into a dictionary.

    Args:
        items (`Sequence[str]`): The items.
        name (`str`): The name of the option, for messages.

    Returns:
        `dict[str, str]`: The NEW values by OLD key.

    Raises:
        CfgenError: An item has no `=`, OLD or NEW is missing, or an OLD is given twice.

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
