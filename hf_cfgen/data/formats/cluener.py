"""CLUENER: JSON lines of a text and, by entity type and surface form, the ranges of its mentions."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...errors import CfgenError
from ...tagging.spans import Span
from .records import BadRecord, Record, Row, check_label, checked_text, parse_each
from .text_files import head_objects, json_lines, json_object, shown

_LAYOUT = '{"text": str, "label": {type: {surface form: [[first, last], ...]}}}, both ends included'


def matches(head: str) -> bool:
    """Tell whether a text looks like CLUENER: its first JSON object has a text, and a label of nested objects or none.

    Args:
        head (`str`): The beginning of the file.

    Returns:
        `bool`: Whether `read` is the reader for it.

    Example:

    >>> matches('{"text": "ab", "label": {"name": {"a": [[0, 0]]}}}'), matches('{"text": "ab", "tags": []}')
    (True, False)
    """
    record = next(head_objects(head), {})
    if not isinstance(record.get("text"), str):
        return False
    label = record.get("label")
    if label is None:
        return set(record) <= {"id", "text", "label"}
    return isinstance(label, dict) and all(isinstance(forms, dict) for forms in label.values())


def unlabelled(path: Path) -> bool:
    """Tell whether no record of a CLUENER file carries a label, as in the public test split.

    Args:
        path (`Path`): The file, in UTF-8.

    Returns:
        `bool`: Whether there is nothing to read.

    Raises:
        CfgenError: The file is not UTF-8 or a line is not a JSON object.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "test.json")
    >>> _ = path.write_text('{"id": 0, "text": "ab"}')
    >>> unlabelled(path)
    True
    """
    return all(json_object(where, line, _LAYOUT).get("label") is None for where, line in json_lines(path))


def read(path: Path) -> Iterator[Record | Row | BadRecord]:
    """Read the records of a CLUENER file.

    Args:
        path (`Path`): The file, in UTF-8.

    Returns:
        `Iterator[Record | BadRecord]`: The records; bad is one that is not laid out so, or has a range that lies
        outside the text or does not hold its surface form.

    Raises:
        CfgenError: The file is not UTF-8.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "train.json")
    >>> _ = path.write_text('{"text": "abcab", "label": {"name": {"ab": [[0, 1], [3, 4]]}}}')
    >>> next(read(path)).spans
    [Span(start=0, end=2, label='name'), Span(start=3, end=5, label='name')]
    """
    return parse_each(json_lines(path), _parse)


def write(records: Iterable[Record], path: Path, like: Path) -> None:
    """Write records as CLUENER.

    Args:
        records (`Iterable[Record]`): The records.
        path (`Path`): The file to write.
        like (`Path`): A file of the same format; not looked at, the format has one layout.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for _, text, spans in records:
            label: dict[str, dict[str, list[list[int]]]] = {}
            for start, end, kind in spans:
                label.setdefault(kind, {}).setdefault(text[start:end], []).append([start, end - 1])
            file.write(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n")


def _parse(where: str, line: str) -> list[Record]:
    record = json_object(where, line, _LAYOUT)
    text = checked_text(where, record.get("text"), _LAYOUT)
    return [Record(where, text, _spans(record.get("label"), text, where))]


def _spans(label: Any, text: str, where: str) -> list[Span]:
    if not isinstance(label, dict) or not all(isinstance(forms, dict) for forms in label.values()):
        raise CfgenError(
            f'{where}: "label" is {shown(label)}: a record is {_LAYOUT}; write {{}} where nothing is labelled'
        )
    spans = []
    for kind, forms in label.items():
        check_label(f"{where}: a mention", kind)
        for form, ranges in forms.items():
            if not isinstance(ranges, list) or not ranges:
                raise CfgenError(
                    f"{where}: {kind} {form!r} has no list of ranges but {shown(ranges)}: a record is {_LAYOUT}"
                )
            for given in ranges:
                if not isinstance(given, list) or [type(end) for end in given] != [int, int]:
                    raise CfgenError(
                        f"{where}: range {shown(given)} of {kind} {form!r} is not [first, last], two integers: "
                        "correct it"
                    )
                first, last = given
                if first > last:
                    raise CfgenError(
                        f"{where}: range {given} of {kind} {form!r} ends before it starts: correct the range (both "
                        "ends are included)"
                    )
                if first < 0 or last >= len(text):
                    raise CfgenError(
                        f"{where}: range {given} of {kind} {form!r} is outside the text, whose positions are 0 to "
                        f"{len(text) - 1}: correct the range (both ends are included)"
                    )
                if text[first : last + 1] != form:
                    raise CfgenError(
                        f"{where}: range {given} of {kind} {form!r} holds {text[first : last + 1]!r}: correct the "
                        "range (both ends are included) or the surface form"
                    )
                spans.append(Span(first, last + 1, kind))
    return spans
