"""Label Studio's JSON-MIN export: an array of annotations, each with the fields of its task and its regions."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import CfgenError
from .label_studio import (
    Region,
    find_regions,
    located_items,
    read_items,
    text_and_controls,
    write_items,
    written_values,
)
from .records import BadRecord, Record, Row, check_offsets
from .text_files import head_items, json_type

logger = logging.getLogger(__name__)

_LAYOUT = '{"id": int, "text": str, "label": [{"start": int, "end": int, "text": str, "labels": [str]}]}'

_ABOUT = ("id", "annotator", "created_at", "updated_at")  # about the annotation, none of which is the text


def matches(head: str) -> bool:
    """Tell whether a text looks like a JSON-MIN export of Label Studio: an array with an object that has regions.

    Args:
        head (`str`): The beginning of the file.

    Returns:
        `bool`: Whether `read` is the reader for it.

    Example:

    >>> matches('[{"id": 1, "text": "Bo ran", "ner": [{"start": 0, "end": 2, "labels": ["PER"]}]}]')
    True
    >>> matches('[{"id": 1, "text": "Bo ran", "label": [[0, 2, "PER"]]}]')
    False
    """
    return any(map(_has_regions, head_items(head)))


def read(path: Path, *, offsets: str = "auto") -> Iterator[Record | Row | BadRecord]:
    """Read the annotations of a JSON-MIN export.

    Regions are under the names of their controls, which may be several; the field of the text and the unit of the
    offsets are found as for `label_studio`. An annotation without a region has no mentions. Of annotations with the
    same `id` the first stays; the number of the others is a warning.

    Args:
        path (`Path`): The file, in UTF-8.
        offsets (`str`, *optional*, defaults to `"auto"`): What offsets count, `"characters"` (code points) or
            `"utf16"` (its units, as in browsers). With `"auto"` a record is bad where this makes a difference and the
            texts of its regions do not tell.

    Returns:
        `Iterator[Record | BadRecord]`: The records; bad is one that is not laid out so, or has a region without one
        label, outside the text, or with another text than is there.

    Raises:
        CfgenError: The file is not UTF-8 or no JSON array, no annotation in it has a region, several fields may hold
            the text, or `offsets` is none of these.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "export.json")
    >>> _ = path.write_text('[{"id": 1, "text": "Bo ran", "ner": [{"start": 0, "end": 2, "labels": ["PER"]}]}]')
    >>> [(text, spans) for _, text, spans in read(path)]
    [('Bo ran', [Span(start=0, end=2, label='PER')])]
    """
    check_offsets(offsets)
    items = located_items(path, _LAYOUT)
    if not any(_has_regions(item) for _, item in items):
        raise CfgenError(f"{path}: no region in it, so nothing tells that it was labelled: an item is {_LAYOUT}")
    first: dict[Any, tuple[str, Any]] = {}
    for where, item in items:
        number = item.get("id") if isinstance(item, dict) else None
        # An item without an id is only like itself.
        first.setdefault(number if isinstance(number, (int, str)) else (where,), (where, item))
    if len(first) < len(items):
        logger.warning("%s: %d annotation(s) left out of tasks that have one before it", path, len(items) - len(first))
    yield from read_items(path, list(first.values()), _split, _LAYOUT, offsets)


def write(records: Iterable[Record], path: Path, like: Path, *, offsets: str = "auto") -> None:
    """Write records as JSON-MIN.

    Args:
        records (`Iterable[Record]`): The records.
        path (`Path`): The file to write.
        like (`Path`): An export, from which the field of the text and the controls of the labels are taken.
        offsets (`str`, *optional*, defaults to `"auto"`): What offsets are to count: `"utf16"` its units, else code
            points.

    Raises:
        CfgenError: `like` is not UTF-8 or no JSON array, several of its fields may hold the text, or `offsets` is none
            of these.
    """
    check_offsets(offsets)
    field, controls = text_and_controls(like, located_items(like, _LAYOUT), _split, offsets)
    default = next(iter(controls.values()), "label")
    written = []
    for number, (_, text, spans) in enumerate(records, start=1):
        item: dict[str, Any] = {"id": number, field: text}
        for span, value in zip(spans, written_values(text, spans, offsets)):
            item.setdefault(controls.get(span.label, default), []).append(value)
        written.append(item)
    write_items(written, path)


def _has_regions(item: Any) -> bool:
    return isinstance(item, dict) and any(
        isinstance(value, dict) and {"start", "end", "labels"} <= value.keys() for _, value in _values(item)
    )


def _values(item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, values in item.items():
        if isinstance(values, list):
            for value in values:
                yield name, value


def _split(where: str, item: Any) -> tuple[Mapping[str, Any], list[Region]]:
    if not isinstance(item, dict):
        raise CfgenError(f"{where}: {json_type(item)}, no object: an item is {_LAYOUT}; correct it")
    fields = {name: value for name, value in item.items() if name not in _ABOUT}
    return fields, find_regions(where, _values(item))
