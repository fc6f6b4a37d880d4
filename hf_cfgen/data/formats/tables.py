"""Tables: CSV and Parquet files, and everything else that `datasets.load_dataset` loads."""

import csv
import glob
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict, Features, IterableDataset, IterableDatasetDict, load_dataset
from datasets.exceptions import DatasetsError

from ...errors import CfgenError
from .records import BadRecord
from .text_files import read_text

# of damaged files, including what datasets wrote for them, and of wrong options; includes the errors of pyarrow
_FAILURES = (AttributeError, DatasetsError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)

csv.field_size_limit(2**31 - 1)  # the default is 128 KiB a cell


def read_tables(
    groups: Mapping[str, Sequence[Path]],
    kind: str,
    load_kwargs: Mapping[str, object],
    skipped: list[BadRecord] | None,
) -> tuple[dict[str, Dataset], dict[str, Sequence[str]]]:
    """Read the CSV or Parquet files of all splits. The cells of CSV files are strings.

    Args:
        groups (`Mapping[str, Sequence[Path]]`): The files of each split.
        kind (`str`): `"csv"` or `"parquet"`.
        load_kwargs (`Mapping[str, object]`): Options for `datasets.load_dataset`.
        skipped (`list[BadRecord]`, *optional*): A list to which CSV rows with too many cells are appended. If omitted,
            the first one raises an error.

    Returns:
        `tuple[dict[str, Dataset], dict[str, Sequence[str]]]`: The rows of each split, and their locations.

    Raises:
        CfgenError: A file is damaged or has no rows, the files of a split have different columns, or an option is
            wrong.
    """
    splits: dict[str, Dataset] = {}
    where: dict[str, Sequence[str]] = {}
    for split, files in groups.items():
        if kind == "csv" and not load_kwargs:
            splits[split], where[split] = _read_csv(files, skipped)
            continue
        counts = [] if kind == "csv" else _check_parquet(files)
        names = ", ".join(map(str, files))
        # datasets treats file names as patterns
        options = {"data_files": [glob.escape(str(file)) for file in files], "split": "train", **load_kwargs}
        try:
            splits[split] = load(kind, names, options)
        except CfgenError:
            if load_kwargs:
                raise
            raise CfgenError(_damaged(names, kind)) from None
        located = zip(files, counts) if counts else [(names, len(splits[split]))]
        where[split] = [f"{name}, record {row} (from 0)" for name, count in located for row in range(count)]
    return splits, where


def load(path: str, where: str, load_kwargs: Mapping[str, object]) -> Dataset | DatasetDict:
    """Call `datasets.load_dataset`, and return its result. Errors become a `CfgenError` that starts with `where`."""
    try:
        loaded: Dataset | DatasetDict = load_dataset(path, **load_kwargs)
    except _FAILURES as error:
        cause = error.__cause__ or error
        reason = " ".join(str(cause).split()) or type(cause).__name__
        raise CfgenError(f"{where} can't be loaded: {reason}: correct the name, the files or the options") from error
    if isinstance(loaded, IterableDataset | IterableDatasetDict):
        raise CfgenError(f"{where} can't be streamed, because whole splits are checked: leave out streaming")
    return loaded


def _check_parquet(files: Sequence[Path]) -> list[int]:
    """Check that files are complete and have the same columns, and return their numbers of rows."""
    columns, counts = [], []
    for file in files:
        try:
            with pq.ParquetFile(file) as table:
                features = Features.from_arrow_schema(table.schema_arrow)
                columns.append({name: str(feature) for name, feature in features.items()})  # with names of integers
                counts.append(table.metadata.num_rows)
        except _FAILURES as error:
            raise CfgenError(_damaged(str(file), "parquet")) from error
        _check_table(file, files[0], columns[-1] == columns[0], counts[-1])
    return counts


def _read_csv(files: Sequence[Path], skipped: list[BadRecord] | None) -> tuple[Dataset, list[str]]:
    headers: list[list[str]] = []
    rows: list[dict[str, str]] = []
    where: list[str] = []
    for file in files:
        before = len(rows)
        header: list[str] = []
        for at, cells in _csv_rows(file):
            if not header:
                header = cells
                if repeated := [name for name in header if header.count(name) > 1]:
                    raise CfgenError(f"{at}: the column {repeated[0]!r} twice: name every column once")
            elif len(cells) > len(header):  # datasets would read the row shifted
                reason = f"{at}: {len(cells)} cells, and the header has {len(header)}: quote cells that contain commas"
                if skipped is None:
                    raise CfgenError(reason)
                skipped.append(BadRecord(at, reason, cells))
            else:
                rows.append(dict(zip(header, cells)))
                where.append(at)
        headers.append(header)
        _check_table(file, files[0], sorted(header) == sorted(headers[0]), len(rows) - before)
    columns = {name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in headers[0]}
    return Dataset(pa.table(columns)), where


def _csv_rows(file: Path) -> list[tuple[str, list[str]]]:
    """Return the location and the cells of each row that is not blank."""
    reader = csv.reader(io.StringIO(read_text(file), newline=""))
    rows, line = [], 1
    try:
        for cells in reader:
            if len(cells) > 1 or "".join(cells).strip():
                rows.append((f"{file}:{line}", cells))
            line = reader.line_num + 1
    except csv.Error:
        raise CfgenError(_damaged(str(file), "csv")) from None
    return rows


def _check_table(file: Path, first: Path, has_same_columns: bool, count: int) -> None:
    if not has_same_columns:
        raise CfgenError(
            f"{file}: the columns, or the names of their tags, are different from those of {first}: make them equal"
        )
    if not count:
        raise CfgenError(f"{file}: no row in it: remove the file or give one with sentences")


def _damaged(where: str, kind: str) -> str:
    return f"{where}: not a {kind} file, or a damaged one: write or copy it again, or name another format"
