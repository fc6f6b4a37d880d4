"""Files that appear only when they are whole."""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import CfgenError


@contextmanager
def finished_folder(path: Path) -> Iterator[Path]:
    """A folder that appears only when all in it is written, in place of what was there.

    Args:
        path (`Path`): Where it shall be.

    Returns:
        `Iterator[Path]`: The folder to write to.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     with finished_folder(Path(parent) / "kept") as folder:
    ...         _ = (folder / "rows").write_text("1")
    ...     (Path(parent) / "kept" / "rows").read_text()
    '1'
    """
    partial = path.with_name(path.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    shutil.rmtree(path, ignore_errors=True)
    partial.replace(path)


def write_json(path: Path, value: Any, indent: int | None = 1) -> None:
    """Write a JSON file in one step.

    Args:
        path (`Path`): The file; its folder must be there.
        value (`Any`): What it shall hold.
        indent (`int`, *optional*, defaults to 1): Blanks a level; `None` for all on one line.
    """
    write_text(path, json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step.

    Args:
        path (`Path`): The file; its folder must be there.
        text (`str`): What it shall hold.
    """
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def check_new(*paths: Path | None) -> None:
    """Check that files to write are not there yet, and that their folders are.

    Args:
        paths (`Path` or `None`): The files; `None` is passed over.

    Raises:
        CfgenError: A file is there, or its folder is not.

    Example:

    >>> check_new(Path("no-such-folder/out.json"))
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: no-such-folder is no folder: create it, or choose another output
    """
    for path in paths:
        if path is None:
            continue
        if path.name in ("", ".."):
            raise CfgenError(f"{path} is a folder: name a file in it")
        if path.exists():
            raise CfgenError(f"{path} is there already: choose another output, or delete it")
        if not path.parent.is_dir():
            raise CfgenError(f"{path.parent} is no folder: create it, or choose another output")


def write_json_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write a file of JSON lines in one step.

    Args:
        path (`Path`): The file; its folder must be there.
        records (`Iterable[dict]`): What its lines shall hold.
    """
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
    partial.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path (`Path`): The file.

    Returns:
        `dict`: What it holds.

    Raises:
        CfgenError: It is no JSON object.

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
        raise CfgenError(f"{path}: a JSON {type(value).__name__}, no object: delete it")
    return value
