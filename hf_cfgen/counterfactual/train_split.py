"""Validate a train split once, and pass on what was found in it."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, IterableDataset

from ..data.columns import TagBatch, arrow_batches, check_observational, example_batches, tag_names
from ..data.scheme import find_scheme
from ..errors import CfgenError
from ..tagging.span_table import SpanTable
from .entity_sets import EntitySets, Form, count_forms

logger = logging.getLogger(__name__)

_NUMBER = "#(0|[1-9][0-9]*)$"  # the suffix that turns the id of a source row into that of a counterfactual row

_TEXT_COLUMNS = ("text", "sentence", "raw_text")


@dataclass(frozen=True)
class TrainSplit:
    """A train split that was validated, and what was found in it.

    Args:
        dataset (`Dataset`): The observational examples, each with an `id`, in Arrow format.
        names (`tuple[str, ...]` or `None`): The names of an integer `ner_tags` column.
        scheme (`str`): The tagging scheme.
        tags (`frozenset[str]`): The tags that occur.
        form_counts (`dict[str, Counter[tuple[str, ...]]]`): By type, the number of mentions of each surface form.
    """

    dataset: Dataset
    names: tuple[str, ...] | None
    scheme: str
    tags: frozenset[str]
    form_counts: dict[str, Counter[Form]]

    @classmethod
    def from_dataset(
        cls, dataset: "Dataset | IterableDataset | TrainSplit", scheme: str | None = None
    ) -> "TrainSplit":
        """Validate a train split.

        Args:
            dataset (`Dataset`, `IterableDataset` or `TrainSplit`): Observational examples with `tokens` and
                `ner_tags`. If there is no `id` column, row numbers are added as one.
            scheme (`str`, *optional*): The tagging scheme. Detected if omitted.

        Raises:
            CfgenError: Columns are missing or have reserved names, ids repeat or equal those of counterfactual rows,
                a row is invalid, or the tags do not fit the given scheme, or any single scheme.

        Example:

        >>> rows = {"tokens": [["hi", "Bo"]], "ner_tags": [["O", "B-PER"]]}
        >>> TrainSplit.from_dataset(Dataset.from_dict(rows)).scheme
        'IOB2'
        """
        if isinstance(dataset, TrainSplit):
            if scheme not in (None, dataset.scheme):
                raise CfgenError(f"scheme is {scheme}, but the train split is in {dataset.scheme}: leave it out")
            return dataset
        dataset = _with_ids(dataset)
        check_id_collisions(dataset)
        return cls.scan(dataset, scheme)

    @classmethod
    def scan(cls, dataset: Dataset | IterableDataset, scheme: str | None = None) -> "TrainSplit":
        """Collect what `from_dataset` finds, in one pass over examples that passed `check_observational`."""
        names, tags = tag_names(dataset), set[str]()
        batches = list[TagBatch]()

        def scanned() -> Iterator[tuple[pa.StringArray, SpanTable]]:
            for words, batch in example_batches(dataset):
                batches.append(batch)
                tags.update(batch.tags[code] for code in np.unique(batch.codes).tolist())
                yield words, batch.mentions()

        counts = count_forms(scanned())
        return cls(dataset, names, find_scheme(batches, scheme, names or ()), frozenset(tags), counts)

    @cached_property
    def entity_sets(self) -> EntitySets:
        """Return the entity sets of the split."""
        return EntitySets.from_counts(self.form_counts)


def with_ids(train: Dataset | IterableDataset | TrainSplit) -> Dataset:
    """Return observational examples as plain Python values, each with an `id`, by default the row number.

    Raises:
        CfgenError: The examples are not observational, or ids repeat.

    Example:

    >>> with_ids(Dataset.from_dict({"tokens": [["hi"], ["ho"]], "ner_tags": [["O"], ["O"]]}))["id"][:]
    ['0', '1']
    """
    return (train.dataset if isinstance(train, TrainSplit) else _with_ids(train)).with_format(None)


def _with_ids(train: Dataset | IterableDataset) -> Dataset:
    """Return observational examples in Arrow format, each with an `id`."""
    if isinstance(train, Dataset):
        train = train.with_format("arrow")
    check_observational(train)
    if isinstance(train, IterableDataset):
        rows = list(train.with_format(None))
        names = dict.fromkeys(train.features or chain.from_iterable(rows))
        columns = {name: [row.get(name) for row in rows] for name in names}
        train = Dataset.from_dict(columns, features=train.features).with_format("arrow")
        check_observational(train)
    if "id" not in train.column_names:
        return train.add_column("id", np.arange(len(train)).astype(str))
    check_ids(train)
    return train


def check_ids(
    rows: Dataset, remedy: str = "give each row a unique id, because the id seeds its random choices"
) -> None:
    """Raise a `CfgenError` if an id is null or several rows have it."""
    counts = _column(rows, "id").value_counts()
    ids, times = counts.field("values"), counts.field("counts")
    row = pc.index(pc.or_(pc.is_null(ids), pc.greater(times, 1)), True).as_py()
    if row >= 0:
        have = "1 row has" if times[row].as_py() == 1 else f"{times[row]} rows have"
        raise CfgenError(f"{have} the id {ids[row].as_py()!r}: {remedy}")


def check_id_collisions(train: Dataset) -> None:
    """Raise a `CfgenError` if an id equals the id of a counterfactual of another row."""
    ids = _column(train, "id").cast(pa.string())
    numbered = ids.filter(pc.match_substring_regex(ids, _NUMBER))
    clashes = numbered.filter(pc.is_in(pc.replace_substring_regex(numbered, _NUMBER, ""), ids))
    if len(clashes):
        clash = clashes[0].as_py()
        raise CfgenError(
            f"the id {clash!r} is reserved for counterfactuals of row {clash.rpartition('#')[0]!r}: give this row "
            "another id"
        )


def _column(rows: Dataset, column: str) -> pa.ChunkedArray:
    chunks = [table[column].combine_chunks() for table in arrow_batches(rows, column)]
    return pa.chunked_array(chunks, rows.features.arrow_schema.field(column).type)


def stale_columns(dataset: Dataset | IterableDataset) -> tuple[str, ...]:
    """Find the columns that a swap invalidates, and warn that they are null on counterfactual rows.

    These are lists with one value per token in every row that has them, lists of objects (usually spans), and the
    text.

    Example:

    >>> stale_columns(Dataset.from_dict({"tokens": [["hi", "Cy"]], "ner_tags": [["O", "O"]], "pos": [["UH", "NNP"]]}))
    ('pos',)
    """
    features = dataset.features or dict.fromkeys(next(iter(dataset), {}))
    others = [name for name in features if name not in ("id", "tokens", "ner_tags")]
    if not others:
        return ()
    found: set[str] = set()  # aligned with the tokens, or equal to the text, in at least one row
    failed: set[str] = set()  # neither of these in at least one row
    for table in arrow_batches(dataset, "tokens", *others):
        undecided = [name for name in others if name not in failed]
        if not undecided:
            break
        for name in undecided:
            same = _follows(table[name], table["tokens"])
            if same is not None:
                (found if same else failed).add(name)
    stale = tuple(name for name in others if name in found - failed or name in _TEXT_COLUMNS)
    if stale:
        logger.warning("null on counterfactual rows, since a swap makes them false: %s", ", ".join(stale))
    return stale


def _follows(column: pa.ChunkedArray, tokens: pa.ChunkedArray) -> bool | None:
    """Check that all values are one per token, lists of objects, or the text; `None` if there are no values."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        lengths = pc.list_value_length(column)
        same = pc.equal(lengths, pc.list_value_length(tokens)).filter(pc.greater(lengths, 0))
        return None if not len(same) else pa.types.is_struct(kind.value_type) or pc.all(same).as_py()
    if column.null_count == len(column):
        return None
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return False
    pairs = ((text.as_py(), words.as_py()) for text, words in zip(column, tokens) if text.is_valid)
    return all("".join(text.split()) == "".join("".join(words).split()) for text, words in pairs)
