"""JSON lines of spaCy and Prodigy: a text and a list of its mentions, end excluded."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...errors import CfgenError
from .doccano import is_triple, list_name, parse_mentions, typical_records, write_lines
from .records import BadRecord, Record, Row, checked_text, parse_each
from .text_files import json_lines, json_object, read_text

logger = logging.getLogger(__name__)

_LAYOUT = (
    '{"text": str, "entities": [[start, end, type], ...]} or '
    '{"text": str, "spans": [{"start": int, "end": int, "label": type}, ...]}, the end excluded'
)

_LISTS = ("spans", "entities", "ents")

_OFFSETS = ("start", "end")

_NOT_ACCEPTED = ("reject", "ignore")


def matches(head: str) -> bool:
    """Tell whether a text looks like JSON lines of spaCy or Prodigy: one has a text and mentions as these do.

    Args:
        head (`str`): The beginning of the file.

    Returns:
        `bool`: Whether `read` is the reader for it.

    Example:

    >>> matches('{"text": "Bo ran", "entities": [[0, 2, "PER"]]}'), matches('{"text": "Bo ran", "label": []}')
    (True, False)
    """
    return bool(typical_records(head, ["text"], _LISTS, _is_mention))


def read(path: Path) -> Iterator[Record | Row | BadRecord]:
    """Read the records of a file of spaCy or Prodigy.

    Mentions are `spans`, `entities` or `ents` (`Doc.to_json`), the first of these lists that is not empty. What
    was answered `reject` or `ignore` in Prodigy is left out: records, whose number is a warning, and single spans. A
    record with another answer and no list has no mentions.

    Args:
        path (`Path`): The file, in UTF-8.

    Returns:
        `Iterator[Record | BadRecord]`: The records; bad is one that is not laid out so, or has a mention without a
        type or outside the text, lists that differ, or one judgement only (Prodigy's `_is_binary`).

    Raises:
        CfgenError: The file is not UTF-8, or all in it was left out.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "train.jsonl")
    >>> _ = path.write_text('{"text": "Bo ran", "spans": [{"start": 0, "end": 2, "label": "PER"}]}')
    >>> next(read(path)).spans
    [Span(start=0, end=2, label='PER')]
    """
    left_out = 0

    def parse(where: str, line: str) -> list[Record]:
        nonlocal left_out
        record = json_object(where, line, _LAYOUT)
        if record.get("_is_binary") is True:
            raise CfgenError(
                f"{where}: one judgement about one mention (_is_binary), not a labelled sentence: export merged "
                "annotations"
            )
        if _is_rejected(record):
            left_out += 1
            return []
        text = checked_text(where, record.get("text"), _LAYOUT)
        if list_name(record, _LISTS) is None and "answer" in record:
            record["spans"] = []
        names = [name for name in _LISTS if isinstance(record.get(name), list)]
        for name in names:
            record[name] = [item for item in record[name] if not _is_rejected(item)]
        spans = parse_mentions(where, text, record, _LISTS, _OFFSETS, _LAYOUT)
        first = list_name(record, _LISTS)
        for name in names:
            if record[name] and set(parse_mentions(where, text, record, [name], _OFFSETS, _LAYOUT)) != set(spans):
                raise CfgenError(
                    f"{where}: the mentions in {first} and in {name} differ: keep one of the two lists, or make them "
                    "the same"
                )
        return [Record(where, text, spans)]

    found = False
    for record in parse_each(json_lines(path), parse):
        found = True
        yield record
    if left_out and not found:
        raise CfgenError(
            f"{path}: each of its {left_out} record(s) was answered {' or '.join(_NOT_ACCEPTED)}: give accepted ones"
        )
    if left_out:
        logger.warning("%s: %d record(s) left out, answered %s", path, left_out, " or ".join(_NOT_ACCEPTED))


def write(records: Iterable[Record], path: Path, like: Path) -> None:
    """Write records as spaCy or Prodigy would.

    Args:
        records (`Iterable[Record]`): The records.
        path (`Path`): The file to write.
        like (`Path`): A file of the same format, from which the name and the layout of mentions are taken.

    Raises:
        CfgenError: `like` is not UTF-8.
    """
    typical = typical_records(read_text(like), ["text"], _LISTS, _is_mention)
    example, name = next(iter(typical), ({"entities": []}, "entities"))
    as_lists = is_triple(example[name][0]) if example[name] else name == "entities"

    def rows() -> Iterator[dict[str, Any]]:
        for _, text, spans in records:
            yield {"text": text, name: [list(span) if as_lists else span._asdict() for span in spans]}

    write_lines(rows(), path)


def _is_mention(name: str, item: Any) -> bool:
    return is_triple(item) or (isinstance(item, dict) and _OFFSETS[0] in item)


def _is_rejected(given: Any) -> bool:
    return isinstance(given, dict) and given.get("answer") in _NOT_ACCEPTED
