"""Dataclasses that convert to and from JSON."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

from .values import typed_value


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
        return {field.name: _to_json(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Self:
        """Read a record from JSON values, such as the result of `to_dict`. Unknown keys are ignored.

        Raises:
            CfgenError: A key without a default is missing, or a value has the wrong type. The message names the path.
        """
        return typed_value(values, cls, "")


def _to_json(value: object) -> object:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _to_json(item) for key, item in value.items()}
    return [_to_json(item) for item in value] if isinstance(value, list | tuple) else value
