"""Detect the format of a file by its content."""

import codecs
import csv
from itertools import chain
from pathlib import Path

from ...errors import CfgenError
from .base import format_names, registered_formats
from .text_files import head_items, head_objects, read_text

_HEAD_BYTES = 1 << 20

PLAIN_TEXT = "text"


def detect_format(file: Path, plain_text: bool = False) -> str:
    """Detect the format of a file from its start, never from its name.

    Args:
        file (`Path`): The file.
        plain_text (`bool`, *optional*, defaults to `False`): Accept text in no format, except JSON.

    Returns:
        `str`: The name of a registered format, `"csv"`, `"parquet"`, or `PLAIN_TEXT`.

    Raises:
        CfgenError: The file is empty, an archive, or not UTF-8, or it looks like no format, or like several.
    """
    with file.open("rb") as stream:
        data = stream.read(_HEAD_BYTES)
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith((b"PK\x03\x04", b"\x1f\x8b")):  # zip and gzip
        raise CfgenError(f"{file} is an archive: unpack it and give what is inside")
    try:
        head = codecs.getincrementaldecoder("utf-8")().decode(data).removeprefix("\ufeff")
    except UnicodeDecodeError:
        read_text(file)  # raises the one error for this
        raise
    if not head.strip():
        raise CfgenError(f"{file} is empty: remove it or give one with sentences")
    found = [format.name for format in registered_formats() if format.detect(head)] + ["csv"] * _is_csv(head)
    if not found and "\0" in head:
        raise CfgenError(f"{file} has zero bytes, like UTF-16 text and binary files: convert it to UTF-8 text")
    if plain_text and not found:
        if any(chain(head_objects(head), head_items(head))):
            raise CfgenError(f"{file} has JSON of no known format: give text, one sentence per line")
        return PLAIN_TEXT
    if len(found) != 1:
        what = f"looks like {' and '.join(found)}" if found else "looks like no known format"
        raise CfgenError(f"{file} {what}: name it (format), one of {', '.join(format_names())}")
    return found[0]


def _is_csv(head: str) -> bool:
    if head.lstrip().startswith(("{", "[")):  # JSON without spaces after its commas
        return False
    try:
        rows = list(csv.reader(head.split("\n")[:2]))
    except csv.Error:
        return False
    return len(rows) == 2 and len(rows[0]) == len(rows[1]) and sum(cell.startswith("[") for cell in rows[1]) > 1
