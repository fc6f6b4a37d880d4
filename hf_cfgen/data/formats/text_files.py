"""How readers open their files: UTF-8 text, JSON lines, JSON arrays."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import CfgenError

_BLANKS = re.compile(r"[ \t\r\n]*")

_JSON_TYPES = {dict: "object", list: "array", str: "string", int: "number", float: "number", bool: "boolean"}


class _KeyTwice(ValueError):
    pass


def read_text(path: Path) -> str:
    """Read a UTF-8 file whole, without its byte-order mark.

    Line ends are left as they are: a reader splits on `"\\n"`, since tokens may hold the other line separators of
    Unicode.

    Args:
        path (`Path`): The file.

    Returns:
        `str`: Its text.

    Raises:
        CfgenError: The bytes are not UTF-8.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "a.txt")
    >>> _ = path.write_bytes(b"\\xef\\xbb\\xbfa\\r\\n")
    >>> read_text(path)
    'a\\r\\n'
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
    """The lines of a file of JSON lines, those that are not blank.

    Args:
        path (`Path`): The file, in UTF-8.

    Returns:
        `Iterator[tuple[str, str]]`: Where a line stands, `"path:number"` counted from 1, and the line.

    Raises:
        CfgenError: The bytes are not UTF-8.
    """
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield f"{path}:{number}", line.removesuffix("\r")


def json_object(where: str, line: str, layout: str) -> dict[str, Any]:
    """Parse a line that shall hold one JSON object.

    Args:
        where (`str`): Where the line stands.
        line (`str`): The line.
        layout (`str`): What a record looks like, for the message.

    Returns:
        `dict[str, Any]`: The object.

    Raises:
        CfgenError: It is no JSON, no object, or has a key twice.

    Example:

    >>> json_object("a.json:7", "[1]", '{"text": str}')
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: a.json:7: a JSON array, no object: give one record a line, {"text": str}
    """
    try:
        record = json.loads(line, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise CfgenError(f"{where}: bad JSON ({_reason(error)}): give one record a line, {layout}") from None
    if not isinstance(record, dict):
        raise CfgenError(f"{where}: {json_type(record)}, no object: give one record a line, {layout}")
    return record


def json_array(path: Path, layout: str) -> list[Any]:
    """Parse a file that shall hold one JSON array.

    Args:
        path (`Path`): The file, in UTF-8.
        layout (`str`): What the array holds, for the message.

    Returns:
        `list`: Its items.

    Raises:
        CfgenError: It is not UTF-8, no JSON or no array, or has a key twice.
    """
    text = read_text(path)
    try:
        items = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise CfgenError(f"{path}{line}: bad JSON ({_reason(error)}): give {layout}") from None
    if not isinstance(items, list):
        raise CfgenError(f"{path}: {json_type(items)}, no array: give {layout}")
    return items


def json_type(value: Any) -> str:
    """What a value is called in JSON.

    Args:
        value (`Any`): What `json.loads` gave.

    Returns:
        `str`: Its type, with an article.

    Example:

    >>> json_type([1]), json_type(None)
    ('a JSON array', 'a JSON null')
    """
    return f"a JSON {_JSON_TYPES.get(type(value), 'null')}"


def shown(value: Any) -> str:
    """A value as JSON has it, cut off where it is long, for a message.

    Args:
        value (`Any`): The value.

    Returns:
        `str`: At most 80 characters.

    Example:

    >>> print(shown({"人": ["0", None]}))
    {"人": ["0", null]}
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = text if len(text) <= 80 else text[:77] + "..."
    return text.encode("utf-8", "backslashreplace").decode()


def head_objects(head: str) -> Iterator[dict[str, Any]]:
    """The JSON objects at the beginning of JSON lines; lines that are not whole objects are passed over.

    Args:
        head (`str`): The beginning of a file.

    Returns:
        `Iterator[dict[str, Any]]`: The objects.

    Example:

    >>> list(head_objects('{"a": 1}\\n{"a": \\n{"a": 2}'))
    [{'a': 1}, {'a': 2}]
    """
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
    """The whole JSON objects at the beginning of a JSON array.

    Args:
        head (`str`): The beginning of a file.

    Returns:
        `Iterator[dict[str, Any]]`: The objects; none where the text is no array.

    Example:

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


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # json.loads keeps the last of equal keys, which would lose the mentions under the others.
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _KeyTwice(f"the key {shown(next(key for key in keys if keys.count(key) > 1))} twice")
    return record


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, column {error.colno}"
    if isinstance(error, _KeyTwice):
        return str(error)
    return "nested too deeply" if isinstance(error, RecursionError) else "a number of too many digits"
