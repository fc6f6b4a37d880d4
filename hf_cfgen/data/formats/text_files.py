"""UTF-8 text, JSON lines, and JSON arrays."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import CfgenError

_BLANKS = re.compile(r"[ \t\r\n]*")

_JSON_TYPES = {dict: "object", list: "array", str: "string", int: "number", float: "number", bool: "boolean"}


def read_text(path: Path) -> str:
    """Read a UTF-8 file without its byte-order mark. Line ends stay as they are.

    Readers split at `"\\n"`, because tokens can contain the other line separators of Unicode.
    """
    data = path.read_bytes()
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise CfgenError(
                f"{path}: UTF-16 by its first two bytes: convert the file to UTF-8, with iconv -f UTF-16 -t UTF-8"
            ) from None
        raise CfgenError(
            f"{path}: byte {error.start} (0x{data[error.start]:02x}) is not UTF-8: convert the file to UTF-8, for "
            "example with iconv -f GB18030 -t UTF-8"
        ) from None


def json_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Return the location (`"path:number"`) and the text of each line that is not blank."""
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield f"{path}:{number}", line.removesuffix("\r")


def json_object(where: str, line: str, layout: str) -> dict[str, Any]:
    """Parse a line of JSON. Raise a `CfgenError` that shows the `layout` of a record if it is not an object.

    >>> json_object("a.json:7", "[1]", '{"text": str}')
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: a.json:7: a JSON array, not an object: write one record per line, {"text": str}
    """
    try:
        record = json.loads(line, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise CfgenError(f"{where}: bad JSON ({_reason(error)}): write one record per line, {layout}") from None
    if not isinstance(record, dict):
        raise CfgenError(f"{where}: {json_type(record)}, not an object: write one record per line, {layout}")
    return record


def json_array(path: Path, layout: str) -> list[tuple[str, object]]:
    """Parse a file that is one JSON array, and return the location and the value of each item.

    A location has the position of an item, from 0, or its integer `id`.
    """
    text = read_text(path)
    try:
        items = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise CfgenError(f"{path}{line}: bad JSON ({_reason(error)}): write an array of {layout}") from None
    if not isinstance(items, list):
        raise CfgenError(f"{path}: {json_type(items)}, not an array: write an array of {layout}")
    return [(f"{path}, record {place} ({_identity(item)})", item) for place, item in enumerate(items)]


def write_lines(path: Path, records: Iterable[Mapping[str, object]]) -> None:
    """Write JSON lines."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def json_type(value: object) -> str:
    """Return the JSON type of a value, with an article: `"a JSON array"`."""
    return f"a JSON {_JSON_TYPES.get(type(value), 'null')}"


def shown(value: object) -> str:
    """Return a value as at most 80 characters of JSON, for messages.

    >>> print(shown({"人": ["0", None]}))
    {"人": ["0", null]}
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = text if len(text) <= 80 else text[:77] + "..."
    return text.encode("utf-8", "backslashreplace").decode()


def head_objects(head: str) -> Iterator[dict[str, Any]]:
    """Return the complete JSON objects at the start of a file of JSON lines."""
    for line in head.split("\n"):
        if not line.lstrip(" \t\r").startswith("{"):
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def head_items(head: str) -> Iterator[dict[str, Any]]:
    """Return the complete JSON objects at the start of a JSON array.

    >>> list(head_items('[{"a": 1}, {"a": 2}, {"a"'))
    [{'a': 1}, {'a': 2}]
    """
    decoder = json.JSONDecoder()
    position, separator = 0, "["
    while True:
        position = _BLANKS.match(head, position).end()  # type: ignore[union-attr]
        if not head.startswith(separator, position):
            return
        position = _BLANKS.match(head, position + 1).end()  # type: ignore[union-attr]
        try:
            item, position = decoder.raw_decode(head, position)
        except (ValueError, RecursionError):
            return
        separator = ","
        if isinstance(item, dict):
            yield item


def _identity(item: object) -> str:
    number = item.get("id") if isinstance(item, dict) else None
    return f"id {number}" if type(number) is int else "from 0"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key twice: `json.loads` would lose the mentions under the first."""
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        raise CfgenError(f"the key {shown(next(key for key in keys if keys.count(key) > 1))} twice")
    return record


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, column {error.colno}"
    if isinstance(error, CfgenError):
        return str(error)
    return "nested too deeply" if isinstance(error, RecursionError) else "a number of too many digits"
