"""The JSON format of tokens and tags."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import CfgenError
from ...tagging.spans import split_tag
from ...utils.text import check_encodable
from ..columns import unequal
from .base import Format
from .records import BadRecord, WordRecord, parse_each
from .text_files import (
    head_items,
    head_objects,
    json_array,
    json_lines,
    json_object,
    json_type,
    read_text,
    shown,
    write_lines,
)

_LAYOUT = '{"tokens": [str, ...], "ner_tags": [str or int, ...]}'


@dataclass
class JsonRows(Format[WordRecord]):
    """JSON lines of tokens and tags: one sentence per line, or an array of sentences.

    Args:
        tokens_column (`str`, *optional*, defaults to `"tokens"`): The field of the tokens.
        tags_column (`str`, *optional*, defaults to `"ner_tags"`): The field of the tags, strings or integers.
    """

    name = "json"
    endings = (".json", ".jsonl")
    tokenization = "given"
    tokens_column: str = "tokens"
    tags_column: str = "ner_tags"

    def detect(self, head: str) -> bool:
        record = next(head_items(head) if _is_array(head) else head_objects(head), {})
        lists = [value for value in record.values() if isinstance(value, list) and value]
        flat = [value for value in lists if all(isinstance(item, str | int) for item in value)]
        return len(flat) > 1 and any(isinstance(value[0], str) for value in flat)

    def read(self, path: Path) -> Iterator[WordRecord | BadRecord]:
        if _is_array(read_text(path)):
            return parse_each(json_array(path, _LAYOUT), self._parse)
        return parse_each(json_lines(path), self._parse_line)

    def _parse_line(self, where: str, line: str) -> Iterator[WordRecord]:
        return self._parse(where, json_object(where, line, _LAYOUT))

    def _parse(self, where: str, record: object) -> Iterator[WordRecord]:
        if not isinstance(record, dict):
            raise CfgenError(f"{where}: {json_type(record)}, not an object: a record is {_LAYOUT}")
        tokens, tags = (_list(where, record, name) for name in (self.tokens_column, self.tags_column))
        if not all(isinstance(token, str) for token in tokens):
            raise CfgenError(f"{where}: {self.tokens_column} holds more than strings: give a list of strings")
        if not tokens:
            raise CfgenError(f"{where}: no tokens: remove the record or give it tokens")
        if len(tokens) != len(tags):
            raise CfgenError(f"{where}: {unequal(len(tokens), len(tags))}")
        for tag in tags:
            if isinstance(tag, str):
                _check_tag(where, tag)
            elif type(tag) is not int or not -(2**63) <= tag < 2**63:
                raise CfgenError(f"{where}: the tag {shown(tag)} is neither a string nor a 64-bit integer: correct it")
        if len(set(map(type, tags))) > 1:
            raise CfgenError(f"{where}: tags are strings and integers, {shown(tags)}: give one of the two")
        check_encodable(f"{where}: a text", json.dumps(record, ensure_ascii=False))
        yield WordRecord(where, record)

    def write(self, records: Iterable[WordRecord], path: Path, sources: Sequence[Path]) -> None:
        # Arrow gives every object the fields of all objects
        rows = ({name: _without_nulls(value) for name, value in record.columns.items()} for record in records)
        if _is_array(read_text(sources[0])):
            path.write_text(json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        else:
            write_lines(path, rows)


def _is_array(text: str) -> bool:
    return text.lstrip().startswith("[")


def _list(where: str, record: Mapping[str, object], name: str) -> list[object]:
    if name not in record:
        raise CfgenError(
            f"{where}: no {name!r} among {', '.join(record)}: add it, or name the columns with tokens_column and "
            "tags_column"
        )
    values = record[name]
    if not isinstance(values, list):
        raise CfgenError(f"{where}: {name} is {shown(values)}: give a list")
    return values


def _check_tag(where: str, tag: str) -> None:
    try:
        split_tag(tag)
    except CfgenError as error:
        raise CfgenError(f"{where}: {error}: correct it, or name the right column with tags_column") from None


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
