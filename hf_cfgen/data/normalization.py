"""Convert columns to the standard columns and types, and report invalid records."""

import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, List, Value

from ..errors import CfgenError, about
from ..tagging.spans import Span, scheme_tags, spans_to_tags, split_tag, tags_to_spans
from ..utils.ragged import offsets_from_lengths
from .columns import TagBatch, row_errors
from .formats.records import BadRecord
from .scheme import find_scheme

logger = logging.getLogger(__name__)

_KINDS = {
    "integers": pa.types.is_integer,
    "floats": pa.types.is_floating,
    "booleans": pa.types.is_boolean,
    "lists": pa.types.is_nested,
    "nulls": pa.types.is_null,
}

_LIST_TYPES = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


class _Tags(NamedTuple):
    names: list[str]  # the distinct tags, or the names of the ClassLabel
    codes: np.ndarray  # of all tags of the split: positions in names
    lengths: np.ndarray  # of the records
    declared: bool  # whether names come from a ClassLabel


class _Part(NamedTuple):
    dataset: Dataset
    tokens: pa.Array  # of all rows, concatenated
    tags: _Tags
    ids: list[str]
    at: Callable[[int], str]  # the location of a row


def conform(
    splits: Mapping[str, Dataset],
    source: str,
    rename: Mapping[str, str],
    scheme: str | None,
    unique_ids: bool,
    *,
    tag_names: Sequence[str] | None = None,
    label_map: Mapping[str, str] | None = None,
    types: Collection[str] | None = None,
    skipped: list[BadRecord] | None = None,
    row_name: Callable[[str, int], str] | None = None,
) -> dict[str, Dataset]:
    """Convert all splits to checked columns `id`, `tokens`, and `ner_tags`, with one `ClassLabel`.

    Args:
        splits (`Mapping[str, Dataset]`): The original splits.
        source (`str`): The source, for messages.
        rename (`Mapping[str, str]`): The new names of the token and tag columns.
        scheme (`str` or `None`): See `load_ner_dataset`, also for `tag_names`, `label_map` and `types`.
        unique_ids (`bool`): Whether to prefix ids with split names if they are not unique across splits.
        skipped (`list[BadRecord]`, *optional*): A list to which unusable rows are appended. If omitted, the first one
            raises an error.
        row_name (`Callable[[str, int], str]`, *optional*): Takes a split and the position of a row; returns its
            location for messages.

    Raises:
        CfgenError: A column, row, or tag is invalid; see `load_ner_dataset`.
    """
    parts = {}
    for name, dataset in splits.items():
        where = f"{source}, split {name}"
        dataset = _rename(dataset, rename, where)
        parts[name] = _good_rows(
            dataset, name, where, partial(row_name, name) if row_name else None, tag_names, skipped
        )
    given, scheme = scheme, _scheme(list(parts.values()), source, scheme)
    if given and len(parts) > 1 and "train" in parts:  # the generator reads only train
        _scheme([parts["train"]], source, given)
    if label_map or types:
        known = {split_tag(tag)[1] for part in parts.values() for tag in part.tags.names} - {""}
        relabel = _relabel(known, source, label_map or {}, types)
        parts = {name: part._replace(tags=_relabelled(part.tags, relabel, scheme)) for name, part in parts.items()}
    names = _tag_names([part.tags for part in parts.values()], source, scheme)
    ids = [key for part in parts.values() for key in part.ids]
    # The ids of Hub datasets often restart in every split.
    prefix_ids = unique_ids and len(set(ids)) < len(ids)
    conformed = {}
    for name, (dataset, tokens, tags, keys, _) in parts.items():
        codes = np.array([names.index(tag) for tag in tags.names])[tags.codes]
        keys = [f"{name}-{key}" for key in keys] if prefix_ids else keys
        columns = {
            "id": (keys, Value("string"), prefix_ids),
            "tokens": (_lists(tokens, tags.lengths), List(Value("string")), False),
            "ner_tags": (
                _lists(pa.array(codes), tags.lengths),
                List(ClassLabel(names=names)),
                bool(label_map or types),
            ),
        }
        for column, (values, feature, changed) in columns.items():
            # A valid column stays where it is: on disk for a cached dataset.
            if changed or dataset.features.get(column) != feature:
                if column in dataset.column_names:
                    dataset = dataset.remove_columns(column)
                dataset = dataset.add_column(column, values, feature=feature)
        others = [column for column in dataset.column_names if column not in columns]
        conformed[name] = dataset.select_columns([*columns, *others])
    return conformed


def _rename(dataset: Dataset, rename: Mapping[str, str], where: str) -> Dataset:
    for given, wanted in rename.items():
        if given not in dataset.column_names:
            raise CfgenError(
                f"{where}: no column {given!r} among {', '.join(dataset.column_names)}: name the column of {wanted} "
                f"with {'tokens_column' if wanted == 'tokens' else 'tags_column'}"
            )
        if given != wanted:
            if wanted in dataset.column_names:
                logger.warning("%s: column %s left out, %s takes its name", where, wanted, given)
                dataset = dataset.remove_columns(wanted)
            dataset = dataset.rename_column(given, wanted)
    return dataset


def _good_rows(
    dataset: Dataset,
    name: str,
    where: str,
    row_name: Callable[[int], str] | None,
    tag_names: Sequence[str] | None,
    skipped: list[BadRecord] | None,
) -> _Part:
    positions = np.arange(len(dataset))  # of the remaining rows

    def at(row: int) -> str:
        position = int(positions[row])
        return row_name(position) if row_name else f"{where}, record {position} (from 0)"

    while True:
        read = _read_columns(dataset, name, where, tag_names)
        if not isinstance(read, dict):
            return _Part(dataset, *read, at)
        bad = sorted(read)
        if skipped is None:
            raise CfgenError(f"{at(bad[0])}: {read[bad[0]]}")
        if len(bad) == len(dataset):
            raise CfgenError(f"{where}: no good record in it; the first is bad: {at(bad[0])}: {read[bad[0]]}")
        for row in bad:
            record = {column: dataset[row][column] for column in ("tokens", "ner_tags")}
            skipped.append(BadRecord(at(row), f"{at(row)}: {read[row]}", record))
        rows = np.setdiff1d(np.arange(len(dataset)), bad)
        positions, dataset = positions[rows], dataset.select(rows)


def _read_columns(
    dataset: Dataset, name: str, where: str, tag_names: Sequence[str] | None
) -> tuple[pa.Array, _Tags, list[str]] | dict[int, str]:
    """Return the tokens, tags, and ids of all rows, or what is wrong with some rows."""
    table = dataset.select_columns(["tokens", "ner_tags"]).with_format("arrow")[:]
    wrong: dict[int, str] = {}
    columns = []
    for column in ("tokens", "ner_tags"):
        array = table[column].combine_chunks()
        if _is_string(array.type):
            array, unreadable = _parse_cells(array.to_pylist(), column)
            wrong = unreadable | wrong
        if not any(is_list(array.type) for is_list in _LIST_TYPES):
            raise CfgenError(f"{where}, column {column} holds {_kind(array.type)}: give a list a record")
        columns.append(array)
    tokens, tags = columns
    token_type, tag_type = (array.type.value_type for array in columns)
    feature = getattr(dataset.features["ner_tags"], "feature", None)
    declared = feature.names if isinstance(feature, ClassLabel) else tag_names
    names = list(declared) if declared and pa.types.is_integer(tag_type) else None
    wrong = row_errors(tokens, tags, names) | wrong
    lengths = pc.fill_null(pc.list_value_length(tokens), 0).to_numpy()
    empty = np.flatnonzero(lengths == 0).tolist()
    wrong = dict.fromkeys(empty, "no tokens: remove the record or give it tokens") | wrong
    if wrong:
        return wrong
    if not _is_string(token_type):
        raise CfgenError(f"{where}: the tokens are {_kind(token_type)}: give lists of strings")
    if names is None and not _is_string(tag_type):
        raise CfgenError(
            f"{where}: the tags are {_kind(tag_type)}, without names: give strings such as B-PER, or integers and "
            "their names with tag_names, O B-PER I-PER ..."
        )
    values = tags.flatten()
    if names is None:
        encoded = values.dictionary_encode()
        coded = _Tags(encoded.dictionary.to_pylist(), encoded.indices.to_numpy(), lengths, declared=False)
    else:
        coded = _Tags(names, values.to_numpy(zero_copy_only=False), lengths, declared=True)
    rows_of = np.repeat(np.arange(len(lengths)), lengths)
    for code, tag in enumerate(coded.names):
        try:
            split_tag(tag)
        except CfgenError as error:
            reason = f"{error}: correct it, or name the right column with tags_column"
            rows = rows_of[coded.codes == code].tolist()
            if not rows:
                raise CfgenError(f"{where}: {reason}") from None
            wrong = dict.fromkeys(rows, reason) | wrong
    ids, without = _ids(dataset, name, where)
    wrong = without | wrong
    return wrong or (tokens.flatten().cast(pa.string()), coded, ids)


def _parse_cells(cells: list[str | None], name: str) -> tuple[pa.Array, dict[int, str]]:
    """Parse JSON lists of strings; return them, and what is wrong with some cells."""
    lists: list[list[str] | None] = []
    wrong: dict[int, str] = {}
    for record, cell in enumerate(cells):
        try:
            value = json.loads(cell or "")
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            what = f"{cell[:80]!r} in {name} is text" if cell else f"{name} is empty"
            wrong[record] = f'{what}: give a list or, in CSV, a JSON list of strings, such as ["a", "b"]'
        elif any("\ud800" <= character <= "\udfff" for item in value for character in item):
            wrong[record] = f"half of a surrogate pair in {name}: correct it"
        lists.append(None if record in wrong else value)
    return pa.array(lists, pa.list_(pa.string())), wrong


def _scheme(parts: Sequence[_Part], source: str, scheme: str | None) -> str:
    used = sorted({tag for part in parts for tag in part.tags.names})
    batches = [TagBatch(part.tags.codes, part.tags.names, offsets_from_lengths(part.tags.lengths)) for part in parts]

    def where(number: int) -> str:
        for part in parts:
            if number < len(part.dataset):
                return part.at(number)
            number -= len(part.dataset)
        raise IndexError(number)

    with about(source) if scheme is None else nullcontext():
        return find_scheme(batches, scheme, used, where)


def _relabel(
    known: set[str], source: str, label_map: Mapping[str, str], types: Collection[str] | None
) -> dict[str, str]:
    for option, names in {"types": types or (), "label_map": label_map}.items():
        if unknown := sorted(set(names) - known):
            raise CfgenError(
                f"{source}: no mention of type {', '.join(unknown)} ({option}): the types are "
                f"{', '.join(sorted(known)) or 'none'}; choose among them"
            )
    return {label: label_map.get(label, label) if types is None or label in types else "O" for label in known}


def _relabelled(tags: _Tags, relabel: Mapping[str, str], scheme: str) -> _Tags:
    sequences = []
    for sequence in _sequences(tags):
        spans = [Span(start, end, relabel[label]) for start, end, label in tags_to_spans(sequence)]
        sequences.append(spans_to_tags([span for span in spans if span.label != "O"], len(sequence), scheme))
    encoded = pa.array(list(chain.from_iterable(sequences)), pa.string()).dictionary_encode()
    return _Tags(encoded.dictionary.to_pylist(), encoded.indices.to_numpy(), tags.lengths, declared=False)


def _tag_names(parts: Sequence[_Tags], source: str, scheme: str) -> list[str]:
    declared = {tuple(tags.names) if tags.declared else None for tags in parts}
    if len(declared) > 1:
        raise CfgenError(f"{source}: the splits name their tags differently: give all the same ClassLabel, or strings")
    types = sorted({split_tag(tag)[1] for tags in parts for tag in tags.names} - {""})
    return list(next(iter(declared)) or scheme_tags(types, scheme))


def _sequences(tags: _Tags) -> Iterator[list[str]]:
    flat = [tags.names[code] for code in tags.codes]
    return (flat[start:end] for start, end in pairwise(accumulate(tags.lengths, initial=0)))


def _ids(dataset: Dataset, name: str, where: str) -> tuple[list[str], dict[int, str]]:
    """Return the ids, and what is wrong with some of them."""
    if "id" not in dataset.column_names:
        return [f"{name}-{row}" for row in range(len(dataset))], {}
    column = dataset.select_columns(["id"]).with_format("arrow")[:]["id"]
    try:
        ids = column.cast(pa.string()).to_pylist()
    except pa.ArrowException:
        raise CfgenError(f"{where}: the ids are {_kind(column.type)}: give strings or integers, or no id") from None
    wrong: dict[int, str] = {}
    seen: set[str] = set()
    for row, key in enumerate(ids):
        if key is None:
            wrong[row] = "no id, though others have one: give it one, or none to any"
        elif key in seen:
            wrong[row] = f"the id {key!r} again: make ids unique or give none"
        seen.add(key)
    return ids, wrong


def _lists(values: pa.Array, lengths: np.ndarray) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(np.cumsum([0, *lengths]), pa.int32()), values)


def _kind(kind: pa.DataType) -> str:
    for name, test in _KINDS.items():
        if test(kind):
            return name
    return f"of type {kind}"


def _is_string(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
