"""Records: what is written to JSON is read back, and bad values are named by their path."""

import json
from dataclasses import dataclass, field
from typing import Literal

import pytest

from hf_cfgen.errors import CfgenError
from hf_cfgen.utils.records import Record


@dataclass(frozen=True)
class Inner(Record):
    value: float
    ends: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Outer(Record):
    name: str | None
    level: Literal["strict", "token"] = "strict"
    by_type: dict[str, Inner]
    rows: list[Inner] = field(default_factory=list)


OUTER = Outer(name=None, by_type={"A": Inner(0.5)}, rows=[Inner(1.0, (0.25, 0.75))])
WRITTEN = {
    "name": None,
    "level": "strict",
    "by_type": {"A": {"value": 0.5, "ends": [0.0, 1.0]}},
    "rows": [{"value": 1.0, "ends": [0.25, 0.75]}],
}


def test_a_record_is_written_as_plain_json_and_read_back():
    assert OUTER.to_dict() == WRITTEN == json.loads(json.dumps(OUTER.to_dict()))
    assert Outer.from_dict(WRITTEN) == OUTER


def test_unknown_keys_are_ignored_defaults_are_used_and_integers_are_floats():
    assert Outer.from_dict({"name": "x", "by_type": {"A": {"value": 1}}, "new": 2}) == Outer(
        name="x", by_type={"A": Inner(1.0)}
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"by_type": {"A": {}}}, r"it lacks by_type\.A\.value"),
        ({"rows": [{"value": "x"}]}, r"rows\[0\]\.value is 'x': give a number"),
        ({"level": "loose"}, "level is 'loose'"),
        ({"name": 3}, "name is 3"),
        ({"by_type": []}, r"by_type is \[\]"),
    ],
)
def test_a_bad_value_is_an_error_with_its_path(changes, message):
    with pytest.raises(CfgenError, match=message):
        Outer.from_dict(WRITTEN | changes)
