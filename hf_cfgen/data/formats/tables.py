"""Tables on disk: Parquet and CSV files, which `datasets` reads once they are found to be whole."""

import csv
import glob
import io
import tempfile
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict, Features, IterableDataset, IterableDatasetDict, Value, load_dataset
from datasets.exceptions import DatasetsError

from ...errors import CfgenError
from .records import BadRecord
from .text_files import read_text

# of a damaged file, what datasets wrote into it included, and of a wrong option; pyarrow's errors are such, too
_FAILURES = (AttributeError, DatasetsError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)


class _Table(NamedTuple):
    columns: Mapping[str, Any]  # and what a file says of them
    where: Sequence[str]  # of every row
    good: str | None = None  # a CSV without its bad rows, where it has such


def read_tables(
    groups: Mapping[str, Sequence[Path]], kind: str, load_kwargs: Mapping[str, Any], skipped: list[BadRecord] | None
) -> tuple[dict[str, Dataset], dict[str, Sequence[str]]]:
    """Read the files of all splits.

    Args:
        groups (`Mapping[str, Sequence[Path]]`): Files by split.
        kind (`str`): `"csv"` or `"parquet"`.
        load_kwargs (`Mapping[str, Any]`): For `datasets.load_dataset`.
        skipped (`list[BadRecord]`, *optional*): Takes the rows of CSV files that have too many cells; the first one is
            an error where it is not given.

    Returns:
        `tuple[dict[str, Dataset], dict[str, Sequence[str]]]`: Rows by split, and of every row where it stands.

    Raises:
        CfgenError: A file is damaged or has no row, those of a split have other columns, or an option is wrong.
    """
    splits: dict[str, Dataset] = {}
    where: dict[str, Sequence[str]] = {}
    for split, files in groups.items():
        # how a CSV is laid out may be in the options
        tables = [] if kind == "csv" and load_kwargs else [_TABLES[kind](file, skipped) for file in files]
        for file, table in zip(files, tables):
            if table.columns != tables[0].columns:
                raise CfgenError(
                    f"{file}: the columns, or the names of their tags, are other than in {files[0]}: make them equal"
                )
            if not table.where:
                raise CfgenError(f"{file}: no row in it: remove the file or give one with sentences")
        with tempfile.TemporaryDirectory() as folder:
            paths = [str(file) for file in files]
            for number, table in enumerate(tables):
                if table.good is not None:
                    paths[number] = f"{folder}/{number}.csv"
                    Path(paths[number]).write_text(table.good, encoding="utf-8", newline="")
            # datasets takes file names for patterns
            data_files = [glob.escape(path) for path in paths]
            names = ", ".join(map(str, files))
            try:
                texts: dict[str, Any] = {}
                if kind == "csv" and tables and tables[0].columns:  # else "007" would become 7, and "NA" nothing
                    features = Features({name: Value("string") for name in tables[0].columns})
                    texts = {"features": features, "keep_default_na": False}
                loaded = load(kind, names, {"data_files": data_files, "split": "train", **texts, **load_kwargs})
            except CfgenError:
                if load_kwargs:
                    raise
                raise CfgenError(_damaged(names, kind)) from None
        splits[split] = loaded
        found = list(chain.from_iterable(table.where for table in tables))
        counted = [f"{names}, record {row} (from 0)" for row in range(len(loaded))]
        where[split] = found if len(found) == len(loaded) else counted
    return splits, where


def load(path: str, where: str, load_kwargs: Mapping[str, Any]) -> Any:
    """Call `datasets.load_dataset`.

    Args:
        path (`str`): What to load.
        where (`str`): What it is, for messages.
        load_kwargs (`Mapping[str, Any]`): For `load_dataset`.

    Returns:
        `Dataset` or `DatasetDict`: What it gives.

    Raises:
        CfgenError: It fails, or gives a stream.
    """
    try:
        loaded: Dataset | DatasetDict = load_dataset(path, **load_kwargs)
    except _FAILURES as error:
        cause = error.__cause__ or error
        reason = " ".join(str(cause).split()) or type(cause).__name__
        raise CfgenError(f"{where} can't be loaded: {reason}: correct the name, the files or the options") from error
    if isinstance(loaded, (IterableDataset, IterableDatasetDict)):
        raise CfgenError(f"{where} can't be streamed, its splits are checked and carved whole: leave out streaming")
    return loaded


def _parquet(file: Path, skipped: list[BadRecord] | None) -> _Table:
    try:
        with pq.ParquetFile(file) as table:
            columns, count = _columns(table.schema_arrow), table.metadata.num_rows
    except _FAILURES as error:
        raise CfgenError(_damaged(str(file), "parquet")) from error
    return _Table(columns, [f"{file}, record {row} (from 0)" for row in range(count)])


def _csv(file: Path, skipped: list[BadRecord] | None) -> _Table:
    """Check that no row has more cells than the header, after which others would be read shifted."""
    reader = csv.reader(io.StringIO(read_text(file), newline=""))
    header: list[str] = []
    rows, where = [], []
    bad = False
    begin = 1
    try:
        for cells in reader:
            at, begin = f"{file}:{begin}", reader.line_num + 1
            if len(cells) < 2 and not "".join(cells).strip():
                continue
            if not header:
                header = cells
                for name in header:
                    if header.count(name) > 1:
                        raise CfgenError(f"{at}: the column {name!r} twice: name every column once")
                continue
            if len(cells) > len(header):
                reason = f"{at}: {len(cells)} cells, and the header has {len(header)}: quote cells that hold commas"
                if skipped is None:
                    raise CfgenError(reason)
                skipped.append(BadRecord(at, reason, cells))
                bad = True
            else:
                rows.append(cells)
                where.append(at)
    except csv.Error:  # a cell too long for this module: datasets reads it
        return _Table({}, ["?"])
    good = io.StringIO(newline="")
    if bad:
        csv.writer(good).writerows([header, *rows])
    return _Table(dict.fromkeys(header), where, good.getvalue() if bad else None)


_TABLES = {"csv": _csv, "parquet": _parquet}


def _columns(schema: pa.Schema) -> dict[str, str]:
    # of integers with names the names, too
    return {name: str(feature) for name, feature in Features.from_arrow_schema(schema).items()}


def _damaged(where: str, kind: str) -> str:
    return f"{where}: not a {kind} file, or a damaged one: write or copy it again, or name another format"
