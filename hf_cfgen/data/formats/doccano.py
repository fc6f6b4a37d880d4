"""doccano's JSON lines: a text and a list of its mentions, end excluded."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import CfgenError
from ...tagging.spans import Span
from .records import (
    BadRecord,
    Record,
    Row,
    check_offsets,
    checked_span,
    checked_text,
    first_value,
    offset_units,
    parse_each,
    spans_in,
)
from .text_files import head_objects, json_lines, json_object, read_text, shown

_LAYOUT = (
    '{"text": str, "label": [[start, end, type], ...]} or '
    '{"text": str, "entities": [{"start_offset": int, "end_offset": int, "label": type}, ...]}, the end excluded'
)

_TEXTS = ("text", "data")

_LISTS = ("label", "labels", "entities")

_OFFSETS = ("start_offset", "end_offset")


def matches(head: str) -> bool:
    """Tell whether a text looks like doccano's JSON lines: one has a text and a list of mentions as doccano has them.

    Args:
        head (`str`): The beginning of the file.

    Returns:
        `bool`: Whether `read` is the reader for it.

    Example:

    >>> matches('{"text": "Bo ran", "label": [[0, 2, "PER"]]}'), matches('{"text": "Bo ran", "label": ["sports"]}')
    (True, False)
    """
    return bool(typical_records(head, _TEXTS, _LISTS, _is_mention))


def read(path: Path, *, offsets: str = "auto") -> Iterator[Record | Row | BadRecord]:
    """Read the records of an export of doccano.

    The text is `text` or `data`; mentions are `label`, `labels` or `entities`.

    Args:
        path (`Path`): The file, in UTF-8.
        offsets (`str`, *optional*, defaults to `"auto"`): What offsets count, `"characters"` (code points) or
            `"utf16"` (its units, as in browsers). With `"auto"` a record is bad where this makes a difference.

    Returns:
        `Iterator[Record | BadRecord]`: The records; bad is one that is not laid out so, or has a mention without a
        type or outside the text.

    Raises:
        CfgenError: The file is not UTF-8, or `offsets` is none of these.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "all.jsonl")
    >>> _ = path.write_text('{"id": 1, "text": "Bo ran", "label": [[0, 2, "PER"]]}')
    >>> next(read(path)).spans
    [Span(start=0, end=2, label='PER')]
    """
    check_offsets(offsets)

    def parse(where: str, line: str) -> list[Record]:
        record = json_object(where, line, _LAYOUT)
        name = first_value([record], _TEXTS)
        text = checked_text(where, record.get(name or "text"), _LAYOUT)
        return [Record(where, text, parse_mentions(where, text, record, _LISTS, _OFFSETS, _LAYOUT, offsets))]

    return parse_each(json_lines(path), parse)


def write(records: Iterable[Record], path: Path, like: Path, *, offsets: str = "auto") -> None:
    """Write records as doccano exports them.

    Args:
        records (`Iterable[Record]`): The records.
        path (`Path`): The file to write.
        like (`Path`): An export, from which the names of the fields and the layout of mentions are taken.
        offsets (`str`, *optional*, defaults to `"auto"`): What offsets are to count: `"utf16"` its units, else code
            points.

    Raises:
        CfgenError: `like` is not UTF-8, or `offsets` is none of these.
    """
    check_offsets(offsets)
    typical = typical_records(read_text(like), _TEXTS, _LISTS, _is_mention)
    example, name = next(iter(typical), ({"id": 1, "text": ""}, "label"))
    text_name = first_value([example], _TEXTS) or "text"

    def rows() -> Iterator[dict[str, Any]]:
        mentions = 0
        for number, (_, text, given) in enumerate(records, start=1):
            spans = spans_in(offsets, text, given)
            row = {"id": number, text_name: text} if "id" in example else {text_name: text}
            if name == "entities":
                items = [
                    {"id": mentions + place, "label": label, "start_offset": start, "end_offset": end}
                    for place, (start, end, label) in enumerate(spans, start=1)
                ]
                mentions += len(spans)
                yield {**row, name: items, "relations": []}
            else:
                yield {**row, name: [list(span) for span in spans]}

    write_lines(rows(), path)


def typical_records(
    head: str, texts: Sequence[str], lists: Sequence[str], is_mention: Callable[[str, Any], bool]
) -> list[tuple[dict[str, Any], str]]:
    """The JSON lines from which the layout of a file can be told.

    Args:
        head (`str`): A file, or its beginning.
        texts (`Sequence[str]`): Names that the text may have.
        lists (`Sequence[str]`): Names that the list of mentions may have.
        is_mention (`Callable[[str, Any], bool]`): Takes the name of a list and its first item; tells whether this is
            laid out as a mention.

    Returns:
        `list[tuple[dict, str]]`: Records with a mention, and the name of their list; where no list in the file holds
        anything, the records with an empty list.

    Example:

    >>> lines = '{"text": "a", "label": []}\\n{"text": "b", "label": [[0, 1, "PER"]]}'
    >>> typical_records(lines, ["text"], ["label"], lambda name, item: len(item) == 3)
    [({'text': 'b', 'label': [[0, 1, 'PER']]}, 'label')]
    """
    found = [
        (record, name)
        for record in head_objects(head)
        if any(isinstance(record.get(text), str) for text in texts) and (name := list_name(record, lists)) is not None
    ]
    filled = [(record, name) for record, name in found if record[name]]
    return [(record, name) for record, name in filled if is_mention(name, record[name][0])] if filled else found


def list_name(record: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first of some names under which a record has a list, one that is not empty before others.

    Args:
        record (`Mapping[str, Any]`): A record.
        names (`Sequence[str]`): Names, by preference.

    Returns:
        `str` or `None`: The name; `None` where there is no list.

    Example:

    >>> list_name({"spans": {}, "ents": []}, ["spans", "ents"])
    'ents'
    >>> list_name({"spans": [], "ents": [[0, 2, "PER"]]}, ["spans", "ents"])
    'ents'
    """
    lists = [name for name in names if isinstance(record.get(name), list)]
    return next((name for name in lists if record[name]), lists[0] if lists else None)


def is_triple(item: Any) -> bool:
    """Tell whether an item looks like `[start, end, type]`.

    Args:
        item (`Any`): The item.

    Returns:
        `bool`: Whether it does; offsets are not looked at.

    Example:

    >>> is_triple([0, 2, "PER"]), is_triple("PER")
    (True, False)
    """
    return isinstance(item, list) and len(item) == 3 and isinstance(item[2], str)


def parse_mentions(
    where: str,
    text: str,
    record: Mapping[str, Any],
    lists: Sequence[str],
    edges: tuple[str, str],
    layout: str,
    offsets: str = "characters",
) -> list[Span]:
    """Parse the mentions of a record, lists of start, end and type or objects.

    Args:
        where (`str`): Where the record stands.
        text (`str`): Its text.
        record (`Mapping[str, Any]`): The record.
        lists (`Sequence[str]`): Names that the list of mentions may have.
        edges (`tuple[str, str]`): What objects call the start and the end.
        layout (`str`): What a record looks like, for the message.
        offsets (`str`, *optional*, defaults to `"characters"`): What offsets count, one of `OFFSETS`.

    Returns:
        `list[Span]`: The mentions.

    Raises:
        CfgenError: There is no list, an item is neither, a mention is not one of the text, or it can't be told what
            offsets count.
    """
    name = list_name(record, lists)
    if name is None:
        raise CfgenError(
            f"{where}: no list of mentions among {', '.join(record)}: a record is {layout}; write [] where nothing "
            "is labelled"
        )
    mentions: list[tuple[Any, Any, Any, Any]] = []
    for item in record[name]:
        if isinstance(item, list) and len(item) == 3:
            mentions.append((item[0], item[1], item[2], None))
        elif isinstance(item, dict):
            start, end = map(item.get, edges)
            mentions.append((start, end, item.get("label"), item.get("text")))
        else:
            raise CfgenError(f"{where}: {shown(item)} in {name} is no mention: a record is {layout}; correct it")
    units = offset_units(where, text, [mention[1] for mention in mentions], offsets)
    return [checked_span(where, text, *mention, units) for mention in mentions]


def write_lines(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write JSON lines.

    Args:
        rows (`Iterable[Mapping[str, Any]]`): The objects.
        path (`Path`): The file to write.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _is_mention(name: str, item: Any) -> bool:
    return isinstance(item, dict) and _OFFSETS[0] in item if name == "entities" else is_triple(item)
