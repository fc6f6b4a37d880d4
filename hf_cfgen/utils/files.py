"""Files and folders that appear only when they are complete."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import CfgenError


@contextmanager
def finished_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to write to. It replaces `path` when the block is complete."""
    partial = path.with_name(path.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    shutil.rmtree(path, ignore_errors=True)
    partial.replace(path)


def write_json(path: Path, value: object, indent: int | None = 1) -> None:
    """Write a JSON file in one step; `indent` is the number of spaces per level, `None` for one line."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step, so that readers never see a part of it."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def check_new(*paths: Path | None) -> None:
    """Check that output files do not exist, and that their folders do. `None` is skipped.

    Example:

    >>> check_new(Path("no-such-folder/out.json"))
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: no-such-folder is not a folder: create it, or choose another output
    """
    for path in paths:
        if path is None:
            continue
        if path.name in ("", ".."):
            raise CfgenError(f"{path} is a folder: name a file in it")
        if path.exists():
            raise CfgenError(f"{path} already exists: choose another output, or delete it")
        if not path.parent.is_dir():
            raise CfgenError(f"{path.parent} is not a folder: create it, or choose another output")


def write_json_lines(path: Path, records: Iterable[Mapping[str, object]]) -> None:
    """Write a JSON Lines file in one step, one record per line."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
    partial.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; a `CfgenError` says if the file is not one.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_json(Path(folder) / "a.json", {"f1": 0.5})
    ...     read_json(Path(folder) / "a.json")
    {'f1': 0.5}
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CfgenError(f"{path}: not a JSON file ({error}): delete it") from None
    if not isinstance(value, dict):
        raise CfgenError(f"{path}: a JSON {type(value).__name__}, not an object: delete it")
    return value
