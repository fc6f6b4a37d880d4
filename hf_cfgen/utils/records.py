"""Frozen dataclasses that convert to and from JSON."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

from ..errors import CfgenError


class Record:
    """A base class that gives a dataclass `to_dict` and `from_dict`.

    Example:

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Effect(Record):
    ...     ri: float
    ...     interval: tuple[float, float] = (0.0, 0.0)
    >>> Effect(0.5).to_dict()
    {'ri': 0.5, 'interval': [0.0, 0.0]}
    >>> Effect.from_dict({"ri": 0.5, "interval": [0.25, 0.75]})
    Effect(ri=0.5, interval=(0.25, 0.75))
    """

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a dictionary of JSON values; nested records become dictionaries, tuples lists."""
        return {name: _to_json(getattr(self, name)) for name in _types(type(self))}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read a record from JSON values.

        Args:
            values (`Mapping[str, Any]`): The result of `to_dict`. Unknown keys are ignored.

        Returns:
            `Self`: The record.

        Raises:
            CfgenError: A key without a default is missing, or a value has the wrong type. The message names the path.
        """
        return _from_json(cls, values, "")


@cache
def _types(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


def _to_json(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _to_json(item) for key, item in value.items()}
    return [_to_json(item) for item in value] if isinstance(value, list | tuple) else value


def _from_json(kind: Any, value: Any, path: str) -> Any:
    """Convert a JSON value to a type; messages refer to it as `path`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if value is None and NoneType in arguments:
            return None
        (kind,) = (argument for argument in arguments if argument is not NoneType)
        return _from_json(kind, value, path)
    if is_dataclass(kind) and isinstance(value, Mapping):
        prefix = f"{path}." if path else ""
        for field in fields(kind):
            if field.name not in value and field.default is MISSING and field.default_factory is MISSING:
                raise CfgenError(f"it lacks {prefix}{field.name}")
        types = _types(kind)  # type: ignore[arg-type]
        known = {name: _from_json(types[name], value[name], f"{prefix}{name}") for name in types if name in value}
        return kind(**known)  # type: ignore[operator]
    if origin is dict and isinstance(value, Mapping):
        return {key: _from_json(arguments[1], item, f"{path}.{key}") for key, item in value.items()}
    if origin in (list, tuple) and isinstance(value, list | tuple):
        return origin(_from_json(arguments[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    if kind is Any or (origin is Literal and value in arguments):
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and origin is None and isinstance(value, kind):
        return value
    raise CfgenError(f"{path or 'the record'} is {value!r}, not {getattr(kind, '__name__', kind)}")
