"""JSON lines of tokens and tags: one sentence a line, or an array of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import CfgenError
from ...tagging.spans import split_tag
from ..columns import check_lengths
from .records import BadRecord, Record, Row, parse_each
from .text_files import head_items, head_objects, json_array, json_lines, json_object, json_type, read_text, shown

_LAYOUT = '{"tokens": [str, ...], "ner_tags": [str or int, ...]}'


def matches(head: str) -> bool:
    """Tell whether a text looks like JSON lines, or a JSON array, of objects with two lists, one of them of strings.

    Args:
        head (`str`): The beginning of the file.

    Returns:
        `bool`: Whether `read` is the reader for it.

    Example:

    >>> matches('{"words": ["a"], "labels": [0]}'), matches('{"text": "a", "label": []}')
    (True, False)
    """
    record = next(head_items(head) if head.lstrip().startswith("[") else head_objects(head), {})
    lists = [value for value in record.values() if isinstance(value, list) and value]
    flat = [value for value in lists if all(isinstance(item, (str, int)) for item in value)]
    return len(flat) > 1 and any(isinstance(value[0], str) for value in flat)


def read(
    path: Path, *, tokens_column: str = "tokens", tags_column: str = "ner_tags"
) -> Iterator[Record | Row | BadRecord]:
    """Read the sentences of a file of JSON lines, or of one JSON array.

    Args:
        path (`Path`): The file, in UTF-8.
        tokens_column (`str`, *optional*, defaults to `"tokens"`): The field of the tokens.
        tags_column (`str`, *optional*, defaults to `"ner_tags"`): The field of the tags, strings or integers.

    Returns:
        `Iterator[Row | BadRecord]`: Rows with all fields of the records; bad is one that is no object, lacks one of
        the two lists, or has not a tag for each token.

    Raises:
        CfgenError: The file is not UTF-8, or an array that is no JSON.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "train.json")
    >>> _ = path.write_text('{"id": 1, "tokens": ["a"], "ner_tags": ["O"]}\\n')
    >>> next(read(path)).columns
    {'id': 1, 'tokens': ['a'], 'ner_tags': ['O']}
    """

    is_array = read_text(path).lstrip().startswith("[")

    def parse(where: str, raw: Any) -> list[Row]:
        record = raw if is_array else json_object(where, raw, _LAYOUT)
        if not isinstance(record, dict):
            raise CfgenError(f"{where}: {json_type(record)}, no object: a record is {_LAYOUT}")
        tokens, tags = (_list(where, record, name) for name in (tokens_column, tags_column))
        if not all(isinstance(token, str) for token in tokens):
            raise CfgenError(f"{where}: {tokens_column} holds more than strings: give a list of strings")
        if not tokens:
            raise CfgenError(f"{where}: no tokens: remove the record or give it tokens")
        check_lengths(where, len(tokens), len(tags))
        for tag in tags:
            if isinstance(tag, str):
                _check_tag(where, tag)
            elif type(tag) is not int or not -(2**63) <= tag < 2**63:
                raise CfgenError(f"{where}: the tag {shown(tag)} is neither a string nor a 64-bit integer: correct it")
        if len(set(map(type, tags))) > 1:
            raise CfgenError(f"{where}: tags are strings and integers, {shown(tags)}: give one of the two")
        try:
            json.dumps(record, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise CfgenError(f"{where}: half of a surrogate pair in a text: correct it") from None
        return [Row(where, record)]

    if is_array:
        items = json_array(path, f"an array of {_LAYOUT}")
        return parse_each(((f"{path}, record {place} (from 0)", item) for place, item in enumerate(items)), parse)
    return parse_each(json_lines(path), parse)


def _list(where: str, record: dict[str, Any], name: str) -> list[Any]:
    if name not in record:
        raise CfgenError(
            f"{where}: no {name!r} among {', '.join(record)}: add it, or name the columns with tokens_column and "
            "tags_column"
        )
    if not isinstance(record[name], list):
        raise CfgenError(f"{where}: {name} is {shown(record[name])}: give a list")
    return record[name]


def _check_tag(where: str, tag: str) -> None:
    try:
        split_tag(tag)
    except CfgenError as error:
        raise CfgenError(f"{where}: {error}: correct it, or name the right column with tags_column") from None
