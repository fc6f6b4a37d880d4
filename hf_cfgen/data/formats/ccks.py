"""CCKS: JSON lines of a clinical text and its entities, as in the CCKS-2019 task."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...errors import CfgenError
from .records import BadRecord, Record, Row, checked_span, checked_text, parse_each
from .text_files import head_objects, json_lines, json_object, shown

_LAYOUT = (
    '{"originalText": str, "entities": [{"label_type": str, "start_pos": int, "end_pos": int}, ...]}, ends excluded'
)


def matches(head: str) -> bool:
    """Tell whether a text looks like CCKS: its first JSON object has an original text.

    Args:
        head (`str`): The beginning of the file.

    Returns:
        `bool`: Whether `read` is the reader for it.

    Example:

    >>> matches('{"originalText": "肺癌", "entities": []}'), matches('{"text": "肺癌", "entities": []}')
    (True, False)
    """
    return isinstance(next(head_objects(head), {}).get("originalText"), str)


def read(path: Path) -> Iterator[Record | Row | BadRecord]:
    """Read the records of a CCKS file.

    Args:
        path (`Path`): The file, in UTF-8.

    Returns:
        `Iterator[Record | BadRecord]`: The records, with all entities, also those that overlap; bad is one that is not
        laid out so, or has an entity outside the text.

    Raises:
        CfgenError: The file is not UTF-8.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "train.txt")
    >>> entity = '{"label_type": "疾病和诊断", "overlap": 0, "start_pos": 3, "end_pos": 5}'
    >>> _ = path.write_text('{"originalText": "诊断为肺癌。", "entities": [' + entity + "]}", encoding="utf-8")
    >>> next(read(path)).spans
    [Span(start=3, end=5, label='疾病和诊断')]
    """
    return parse_each(json_lines(path), _parse)


def write(records: Iterable[Record], path: Path, like: Path) -> None:
    """Write records as CCKS.

    Args:
        records (`Iterable[Record]`): The records.
        path (`Path`): The file to write.
        like (`Path`): A file of the same format; not looked at, the format has one layout.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for _, text, spans in records:
            entities = [
                {"label_type": label, "overlap": 0, "start_pos": start, "end_pos": end} for start, end, label in spans
            ]
            file.write(json.dumps({"originalText": text, "entities": entities}, ensure_ascii=False) + "\n")


def _parse(where: str, line: str) -> list[Record]:
    record = json_object(where, line, _LAYOUT)
    text = checked_text(where, record.get("originalText"), _LAYOUT)
    entities = record.get("entities")
    if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
        raise CfgenError(
            f'{where}: "entities" is {shown(entities)}: a record is {_LAYOUT}; write [] where nothing is labelled'
        )
    return [
        Record(
            where,
            text,
            [
                checked_span(where, text, entity.get("start_pos"), entity.get("end_pos"), entity.get("label_type"))
                for entity in entities
            ],
        )
    ]
