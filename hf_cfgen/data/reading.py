"""Read splits from files, folders, Hub datasets, and the demo corpus."""

import logging
import os
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from datasets import Dataset, Features, load_from_disk
from datasets.exceptions import DatasetsError
from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES

from ..errors import CfgenError
from ..tagging.spans import check_scheme, split_tag
from ..utils.text import UNITS
from .columns import tag_column
from .formats.base import AnyFormat, find_format, registered_formats
from .formats.detection import detect_format
from .formats.records import BadRecord
from .formats.rows import Rows, read_rows
from .formats.tables import load, read_tables
from .formats.text_files import shown
from .normalization import conform
from .splits import files_by_split, named_splits

logger = logging.getLogger(__name__)


class Source(NamedTuple):
    """Store the splits and how they were read.

    Args:
        splits (`dict[str, Dataset]`): Some of train, validation, and test, with the standard columns.
        texts (`dict[str, list[str]]` or `None`): The original text of each row; `None` if the data is already
            split into words.
        files (`dict[str, list[Path]]`): The files by split; empty if the data is not in files.
        format (`str` or `None`): The format of the files.
        unit (`str` or `None`): The tokens of text, one of `UNITS`; `None` if the data is already in words.
        features (`dict[str, Features]`): The original columns of the splits.
        skipped (`list[BadRecord]`): The unusable records.
    """

    splits: dict[str, Dataset]
    texts: dict[str, list[str]] | None
    files: dict[str, list[Path]]
    format: str | None
    unit: str | None
    features: dict[str, Features]
    skipped: list[BadRecord]


@contextmanager
def readable() -> Iterator[None]:
    """Turn an `OSError` of the block into a `CfgenError`."""
    try:
        yield
    except OSError as error:
        what = error.filename or "a file"
        reason = error.strerror or " ".join(str(error).split())
        raise CfgenError(f"{what} can't be read ({reason}): correct the path or its permissions") from error


@readable()
def read_splits(
    path: str | os.PathLike[str],
    *,
    format: str = "auto",
    scheme: str | None = None,
    tokens_column: str = "tokens",
    tags_column: str = "ner_tags",
    tag_names: Sequence[str] | None = None,
    label_map: Mapping[str, str] | None = None,
    types: Sequence[str] | None = None,
    tokenization: str = "auto",
    max_length: int | None = None,
    skip_bad_records: bool = False,
    unique_ids: bool = False,
    labeled: bool = True,
    **load_kwargs: object,
) -> Source:
    """Read the existing splits and record their source.

    Args:
        path (`str` or `os.PathLike`): The data. For this and the other arguments, see `load_ner_dataset`.
        skip_bad_records (`bool`, *optional*, defaults to `False`): Skip bad records and return them, instead of
            raising an error.
        unique_ids (`bool`, *optional*, defaults to `False`): Make ids unique across splits.
        labeled (`bool`, *optional*, defaults to `True`): Raise an error if there are no mentions.

    Returns:
        `Source`: The splits and how they were read.

    Raises:
        CfgenError: The arguments, files, or columns are invalid.
    """
    if not isinstance(path, str | os.PathLike):
        raise CfgenError(f"path is a {type(path).__name__}: give a file, a folder, a Hub name or 'demo:en'")
    scheme = check_scheme(scheme) if scheme else None
    if tokens_column in (tags_column, "ner_tags") or tags_column == "tokens":
        raise CfgenError(f"tokens_column is {tokens_column!r}, tags_column {tags_column!r}: name a column for each")
    if tokenization not in ("auto", *UNITS):
        raise CfgenError(f"unknown tokenization {tokenization!r}: choose one of auto, {', '.join(UNITS)}")
    if max_length is not None and (not isinstance(max_length, int) or max_length < 1):
        raise CfgenError(f"max_length is {max_length!r}: give a number of tokens, at least 1")
    for name, given in {"types": types, "tag_names": tag_names}.items():
        if isinstance(given, str):
            raise CfgenError(f"{name} is the text {given!r}: give a list of names")
    _check_tag_names(tag_names or ())
    given_path = os.fspath(path)
    if not given_path:
        raise CfgenError("path is empty: give a file, a folder, a Hub name or 'demo:en'")
    skipped: list[BadRecord] | None = [] if skip_bad_records else None
    files, kind, reader = _find_files(given_path, format)
    if reader is None or reader.tokenization == "given":
        for name, is_set in {"tokenization": tokenization != "auto", "max_length": max_length is not None}.items():
            if is_set:
                raise CfgenError(
                    f"{name} is for formats of text and spans, and {given_path} is in words: leave it out"
                )
    texts: dict[str, list[str]] | None = None
    where: Mapping[str, Sequence[str]] | None = None
    unit = None
    if reader is not None:
        columns = {"tokens_column": tokens_column, "tags_column": tags_column}
        load_kwargs |= {name: column for name, column in columns.items() if name in reader.option_names()}
        files = _labeled(files, reader)
        rows, unit = read_rows(
            reader.with_options(load_kwargs),
            files,
            scheme=scheme,
            types=types,
            tokenization=tokenization,
            max_length=max_length,
            skipped=skipped,
        )
        splits = {name: _to_dataset(part) for name, part in rows.items()}
        where = {name: part.where for name, part in rows.items()}
        if unit is not None:
            texts = {name: part.texts for name, part in rows.items()}
            types = None  # already applied, before the check for overlapping mentions
    elif kind is not None:
        splits, where = read_tables(files, kind, load_kwargs, skipped)
    else:
        splits = _read_other(given_path, load_kwargs)
    features = {name: part.features for name, part in splits.items()}
    rename = {tokens_column: "tokens", tags_column: "ner_tags"} if unit is None else {}
    splits = conform(
        splits,
        given_path,
        rename,
        scheme,
        unique_ids,
        tag_names=tag_names,
        label_map=label_map,
        types=types,
        skipped=skipped,
        row_name=partial(_row_name, where) if where else None,
    )
    if labeled and not any(tag != "O" for part in splits.values() for tags in tag_column(part) for tag in tags):
        count = sum(map(len, splits.values()))
        remedy = "label some" if unit else "label some, or name the tags' column"
        raise CfgenError(f"{given_path}: no mention in any of its {count} sentence(s): {remedy}")
    return Source(splits, texts, files, kind, unit, features, skipped or [])


def _check_tag_names(names: Sequence[str]) -> None:
    for name in names:
        if list(names).count(name) > 1:
            raise CfgenError(f"tag_names has {name!r} twice: name every tag once")
        try:
            split_tag(name)
        except CfgenError as error:
            raise CfgenError(f"tag_names: {error}: correct it") from None


def _find_files(source: str, format: str) -> tuple[dict[str, list[Path]], str | None, AnyFormat | None]:
    """Return the files of a path by split, the name of their format, and the format unless they are tables.

    Without data files, the format is `None`.
    """
    named = None if format == "auto" else find_format(format)
    path = Path(source).expanduser()
    saved = any((path / name).is_file() for name in ("dataset_dict.json", "state.json"))
    if source.startswith("demo:") or saved or not path.exists():
        if format != "auto":
            raise CfgenError(f"format is {format!r}, but {source} is not a data file or folder: leave it out")
        return {}, None, None
    for each in registered_formats() if format == "auto" else [named] if named else []:
        if found := each.find(path):
            return found, each.name, each
    groups = files_by_split(path) if path.is_dir() else {"train": [path]}
    if format != "auto":
        return groups, named.name if named else format, named
    formats = {file: detect_format(file) for file in chain(*groups.values())}
    if len(set(formats.values())) > 1:
        detected = ", ".join(f"{file} ({name})" for file, name in formats.items())
        raise CfgenError(f"files of more than one format: {detected}: keep one format per folder, or name it (format)")
    (name,) = set(formats.values())
    return groups, name, find_format(name)


def _labeled(groups: Mapping[str, list[Path]], format: AnyFormat) -> dict[str, list[Path]]:
    """Leave out test files that are published without labels."""
    left_out = [file for file in groups.get("test", []) if format.is_unlabeled(file)]
    for file in left_out:
        logger.warning("%s: left out, none of its records has a label", file)
    kept = {name: [file for file in files if file not in left_out] for name, files in groups.items()}
    return {name: files for name, files in kept.items() if files}


def _to_dataset(rows: Rows) -> Dataset:
    columns = {}
    for name in dict.fromkeys(chain.from_iterable(rows.columns)):
        values = [row.get(name) for row in rows.columns]
        columns[name] = _to_array(values)
        if columns[name] is None:
            at = bisect_left(range(1, len(values)), True, key=lambda count: _to_array(values[:count]) is None)
            raise CfgenError(
                f"{rows.where[at]}: {name} is {shown(values[at])}, of another type than in the records before, or too "
                "large: give one type a column"
            )
    return Dataset(pa.table(columns))


def _to_array(values: list[object]) -> pa.Array | None:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return None


def _row_name(where: Mapping[str, Sequence[str]], split: str, row: int) -> str:
    return where[split][row]


def _read_other(source: str, load_kwargs: Mapping[str, object]) -> dict[str, Dataset]:
    path = Path(source).expanduser()
    demo = source.startswith("demo:")
    if not demo and not path.exists():
        return _from_hub(source, load_kwargs)
    if load_kwargs:
        raise CfgenError(f"{source} takes no {', '.join(load_kwargs)}: leave it out")
    if not demo:
        try:
            loaded = load_from_disk(str(path))
        except (DatasetsError, LookupError, OSError, TypeError, ValueError):  # includes pyarrow's errors
            raise CfgenError(
                f"{source}: an incomplete dataset of save_to_disk, a file is missing or damaged: save or copy it again"
            ) from None
        return named_splits(loaded, source)
    language = source.removeprefix("demo:")
    from .demo_corpus import demo_corpus

    return {name: Dataset.from_list(rows) for name, rows in demo_corpus(language).items()}


# names with such endings are files, too; a Hub lookup takes half a minute without a network
_OTHER_ENDINGS = {".csv", ".parquet", ".yaml", ".zip"}


def _from_hub(source: str, load_kwargs: Mapping[str, object]) -> dict[str, Dataset]:
    endings = _OTHER_ENDINGS.union(*(format.endings for format in registered_formats()))
    if Path(source).suffix.lower() in endings:
        raise CfgenError(f"there is no file {source}: correct the path")
    # load_dataset treats anything else as a path or pattern, and its error message is unclear.
    if not re.fullmatch(r"\w[\w.-]*(/[\w.-]+)?", source):
        raise CfgenError(f"{source!r} is neither a file or folder nor a Hub name: correct the path")
    if source in _PACKAGED_DATASETS_MODULES and not {"data_files", "data_dir"} & set(load_kwargs):
        raise CfgenError(f"{source!r} is a format, and load_dataset would read this folder: name the file or folder")
    where = f"{source!r} is neither a file nor a folder, and as a Hub name"
    return named_splits(load(source, where, load_kwargs), source)
