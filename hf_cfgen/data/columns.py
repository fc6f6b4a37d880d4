"""Define and check the columns of observational and counterfactual rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import (
    ClassLabel,
    Dataset,
    DatasetDict,
    Features,
    IterableDataset,
    IterableDatasetDict,
    LargeList,
    List,
    Value,
)

from ..errors import CfgenError
from ..tagging.span_table import SpanTable
from ..utils.arrow_arrays import RaggedArray, flatten_lists

BATCH_ROWS = 10_000

COUNTERFACTUAL_FEATURES = Features(
    {
        "source_id": Value("string"),
        "is_counterfactual": Value("bool"),
        "replaced": List(
            {
                "start": Value("int32"),
                "end": Value("int32"),
                "label": Value("string"),
                "original": List(Value("string")),
                "replacement": List(Value("string")),
            }
        ),
        "score": Value("float32"),
        "reason": Value("string"),
    }
)


def check_columns(dataset: object, required: Sequence[str] = ("tokens", "ner_tags")) -> None:
    """Check that a dataset is one split with the required columns and one tag per token.

    Does not check the rows of an `IterableDataset`.

    Args:
        dataset (`Dataset` or `IterableDataset`): The dataset.
        required (`Sequence[str]`, *optional*, defaults to `("tokens", "ner_tags")`): Column names.

    Raises:
        CfgenError: The input is not one split, a column is missing or does not hold variable-length lists, or a row
            is invalid, see `row_errors`.
    """
    if isinstance(dataset, (DatasetDict, IterableDatasetDict)):
        raise CfgenError(f"a DatasetDict was given where one split is needed: choose one of {', '.join(dataset)}")
    if not isinstance(dataset, (Dataset, IterableDataset)):
        raise CfgenError(f"a Dataset or IterableDataset is needed, not {type(dataset).__name__}")
    columns = dataset.column_names if dataset.column_names is not None else list(next(iter(dataset), {}))
    missing = [name for name in required if name not in columns]
    if missing:
        raise CfgenError(
            f"no column {', '.join(missing)} among {', '.join(columns)}: rename the columns, or load the data with "
            "load_ner_dataset, which adds what is missing"
        )
    for name in ("tokens", "ner_tags") if dataset.features is not None else ():
        feature = dataset.features[name]
        if not isinstance(feature, (List, LargeList)):
            raise CfgenError(f"{name} holds {feature}: give a list of strings or of labels a row")
        if isinstance(feature, List) and feature.length >= 0:
            raise CfgenError(f"{name} holds lists of the fixed length {feature.length}: cast it to List without one")
    if isinstance(dataset, Dataset):
        for _ in checked_batches(dataset):
            pass


def check_observational(dataset: Dataset | IterableDataset, required: Sequence[str] = ("tokens", "ner_tags")) -> None:
    """Check a dataset with `check_columns`, and check that it has no counterfactual columns."""
    check_columns(dataset, required)
    taken = [name for name in COUNTERFACTUAL_FEATURES if name in (dataset.column_names or ())]
    if taken:
        raise CfgenError(
            f"the examples have columns {', '.join(taken)}, which counterfactual rows add: give observational "
            "examples, or rename or remove these columns"
        )


def check_labels(known: Iterable[str], tags: Iterable[str]) -> None:
    """Raise a `CfgenError` if a model, which knows some labels, cannot predict a tag of the data."""
    known = sorted(known)
    unknown = sorted(set(tags) - set(known))
    if unknown:
        raise CfgenError(
            f"the data has tags {', '.join(unknown)}, which the model lacks; it has {', '.join(known)}: "
            "train it on this data, or rename the labels of one side"
        )


def row_errors(
    tokens: pa.Array | pa.ChunkedArray, tags: pa.Array | pa.ChunkedArray, names: Sequence[str] | None
) -> dict[int, str]:
    """Return what is wrong with the rows of two columns of lists.

    Args:
        tokens (`pa.Array` or `pa.ChunkedArray`): The tokens of each row.
        tags (`pa.Array` or `pa.ChunkedArray`): The tags of each row.
        names (`Sequence[str]` or `None`): The names of integer tags; `None` if the tags are strings.

    Returns:
        `dict[int, str]`: By row, the first reason: a list is null, a value is null, the numbers of tokens and tags
        differ, or a tag has no name.

    Example:

    >>> row_errors(pa.array([["a"], ["b"]]), pa.array([["O"], []]), None)
    {1: '1 tokens and 0 tags: give one tag a token'}
    """
    wrong: dict[int, str] = {}
    for name, column in (("tokens", tokens), ("ner_tags", tags)):
        if column.null_count:
            reason = f"{name} is null: give a list or remove the record"
            wrong = dict.fromkeys(np.flatnonzero(column.is_null()).tolist(), reason) | wrong
        values = pc.list_flatten(column)
        if values.null_count:
            rows = pc.list_parent_indices(column).filter(values.is_null()).to_pylist()
            wrong = dict.fromkeys(rows, f"null in the list of {name}: give a value or remove the record") | wrong
    of_tokens, of_tags = (pc.fill_null(pc.list_value_length(column), 0).to_numpy() for column in (tokens, tags))
    for row in np.flatnonzero(of_tokens != of_tags).tolist():
        wrong.setdefault(row, unequal(of_tokens[row], of_tags[row]))
    if names is not None:
        values = pc.fill_null(pc.list_flatten(tags), 0)
        outside = pc.or_(pc.less(values, 0), pc.greater_equal(values, len(names)))
        if pc.any(outside).as_py():
            rows = pc.list_parent_indices(tags).filter(outside).to_pylist()
            for row, tag in zip(rows, values.filter(outside).to_pylist()):
                wrong.setdefault(row, nameless(tag, names))
    return wrong


def unequal(tokens: int, tags: int) -> str:
    """Return the error message for a row whose numbers of tokens and tags differ."""
    return f"{tokens} tokens and {tags} tags: give one tag a token"


def nameless(tag: int, names: Sequence[str]) -> str:
    """Return the error message for a tag without a name, such as -1 in an unlabeled row."""
    return (
        f"tag {tag} has no name, there are {len(names)} names from 0: correct it or, where a split is unlabelled, "
        "leave the split out"
    )


def arrow_batches(dataset: Dataset | IterableDataset, *columns: str) -> Iterator[pa.Table]:
    """Iterate over columns as Arrow tables of up to `BATCH_ROWS` rows.

    A dataset in Arrow format can return other columns, too, because selecting columns is slower than reading a few
    hundred rows.

    Example:

    >>> [table.num_rows for table in arrow_batches(Dataset.from_dict({"id": ["a", "b"]}), "id")]
    [2]
    """
    if isinstance(dataset, IterableDataset):
        dataset = dataset.select_columns(list(columns)).with_format("arrow")
    elif dataset.format["type"] != "arrow" or not set(columns) <= set(dataset.format["columns"]):
        dataset = dataset.with_format("arrow", columns=list(columns))
    yield from dataset.iter(BATCH_ROWS)


def checked_batches(dataset: Dataset | IterableDataset) -> Iterator[pa.Table]:
    """Iterate over tokens and tags as Arrow tables, and raise a `CfgenError` if a row is invalid."""
    done, names = 0, tag_names(dataset)
    for table in arrow_batches(dataset, "tokens", "ner_tags"):
        check_table(table, names, partial(_record, done))
        done += len(table)
        yield table


def _record(before: int, row: int) -> str:
    return f"record {before + row}"


def check_table(table: pa.Table, names: Sequence[str] | None, where: Callable[[int], str]) -> None:
    """Raise a `CfgenError` if a row is invalid, see `row_errors`; `where` returns its name for messages."""
    wrong = row_errors(table["tokens"], table["ner_tags"], names)
    if wrong:
        raise CfgenError(f"{where(min(wrong))}: {wrong[min(wrong)]}")


def tag_names(dataset: Dataset | IterableDataset) -> tuple[str, ...] | None:
    """Return the names of an integer `ner_tags` column, or `None` if the tags are strings.

    Raises:
        CfgenError: The tags are integers without names.

    Example:

    >>> tag_names(Dataset.from_dict({"tokens": [["a"]], "ner_tags": [["O"]]})) is None
    True
    """
    if dataset.features is None:
        first = next((tag for row in dataset for tag in row["ner_tags"]), "")
        if not isinstance(first, str):
            raise CfgenError(f"ner_tags holds {type(first).__name__} without names: give the stream its features")
        return None
    feature = getattr(dataset.features["ner_tags"], "feature", None)
    if isinstance(feature, ClassLabel):
        return tuple(feature.names)
    if feature is not None and feature.dtype not in ("string", "large_string"):
        raise CfgenError(
            f"ner_tags holds {feature.dtype} without names: cast it to a List(ClassLabel(names=...)) or to strings"
        )
    return None


def tag_strings(tags: Sequence[Any], names: Sequence[str] | None) -> list[str]:
    """Convert the tags of a row to strings; `names` is the result of `tag_names`.

    Raises:
        CfgenError: A tag has no name.

    Example:

    >>> tag_strings([0, 1], ["O", "B-A"])
    ['O', 'B-A']
    """
    if names is None:
        return list(tags)
    for tag in {*tags}:
        if not 0 <= tag < len(names):
            raise CfgenError(nameless(tag, names))
    return [names[tag] for tag in tags]


def tag_column(dataset: Dataset | IterableDataset) -> list[list[str]]:
    """Return all tags of a split as strings, one list per row.

    Example:

    >>> tag_column(Dataset.from_dict({"tokens": [["a"]], "ner_tags": [["O"]]}))
    [['O']]
    """
    names = tag_names(dataset)
    dataset = dataset.with_format(None)
    rows = dataset["ner_tags"] if isinstance(dataset, Dataset) else (row["ner_tags"] for row in dataset)
    return [tag_strings(tags, names) for tags in rows]


def counterfactual_features(dataset: Dataset | IterableDataset) -> Features | None:
    """Return the features of counterfactual rows, if the dataset has features."""
    if dataset.features is None:
        return None
    return Features({**dataset.features, "id": Value("string"), **COUNTERFACTUAL_FEATURES})


def set_reasons(rows: Dataset, reasons: Sequence[str | None]) -> Dataset:
    """Set the `reason` column of counterfactual rows."""
    changed = rows.remove_columns("reason").add_column("reason", reasons, feature=Value("string"))
    return changed.select_columns(rows.column_names)


class TagBatch(NamedTuple):
    """Store the tags of several sentences.

    Args:
        codes (`np.ndarray` of shape (words,), int): For each word, the position of its tag in `tags`.
        tags (`list[str]`): The tags.
        offsets (`np.ndarray` of shape (sentences + 1,), int64): Where each sentence starts, then the number of words.

    Example:

    >>> TagBatch.from_arrays(flatten_lists(pa.array([["O", "B-A"], ["O"]])), None)
    TagBatch(codes=array([0, 1, 0], dtype=int32), tags=['O', 'B-A'], offsets=array([0, 2, 3]))
    """

    codes: np.ndarray
    tags: list[str]
    offsets: np.ndarray

    @classmethod
    def from_arrays(cls, tags: RaggedArray, names: Sequence[str] | None) -> Self:
        """Encode a `ner_tags` column; `names` is the result of `tag_names`."""
        if names is not None:
            return cls(tags.values.to_numpy(), list(names), tags.offsets)
        encoded = tags.values.dictionary_encode()
        return cls(encoded.indices.to_numpy(), encoded.dictionary.to_pylist(), tags.offsets)

    def mentions(self) -> SpanTable:
        """Return the mentions that the tags describe."""
        return SpanTable.from_tags(self.codes, self.tags, self.offsets)


def example_batches(dataset: Dataset | IterableDataset) -> Iterator[tuple[pa.StringArray, TagBatch]]:
    """Iterate over the words and the tags of batches of sentences, of a split that passed `check_columns`."""
    names = tag_names(dataset)
    # `check_columns` does not check the rows of a stream
    checked = checked_batches(dataset) if isinstance(dataset, IterableDataset) else None
    for table in checked or arrow_batches(dataset, "tokens", "ner_tags"):
        words = flatten_lists(table["tokens"], pa.string()).values
        yield words, TagBatch.from_arrays(flatten_lists(table["ner_tags"]), names)
