"""Discrimination: a tagger accepts or rejects candidate counterfactual examples."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NoReturn, TypeAlias, TypeGuard

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from datasets import Dataset
from transformers import Pipeline, PreTrainedModel

from ..data.columns import arrow_batches, check_labels, set_reasons, tag_names, tag_strings
from ..errors import CfgenError
from ..modeling.decoding import decode, legal_transitions, log_with_unseen, tagging_scheme
from ..modeling.encoding import WordEncoder, max_length
from ..modeling.inference import batches, predict_flat_probabilities
from ..modeling.pipeline import as_discriminator, weights_digest
from ..tagging.span_table import SpanTable
from ..utils.arrow_arrays import flatten_lists
from ..utils.ragged import expand_ranges, offsets_from_lengths
from .counts import REASONS

TaggingFunction = Callable[[list[list[str]]], Sequence[Sequence[str]]]

Discriminator: TypeAlias = str | PreTrainedModel | Pipeline | TaggingFunction

ROWS_AT_ONCE = 8192

_VERSION = 3  # increase when scores or reasons change, because the datasets cache does not detect edits of this module


def rejection_reasons(
    replaced: SpanTable, predicted: np.ndarray, labels: Sequence[str], seen: np.ndarray, offsets: np.ndarray
) -> list[str | None]:
    """Return why each counterfactual example is rejected, or `None` if it is accepted.

    Args:
        replaced (`SpanTable`): The replaced mentions, in any order.
        predicted (`np.ndarray` of shape (words,)): For each word of all rows, the position of its predicted tag in
            `labels`. Words that the model did not see count as O.
        labels (`Sequence[str]`): The tags.
        seen (`np.ndarray` of shape (words,), bool): Whether the word was in a window of the model.
        offsets (`np.ndarray` of shape (rows + 1,)): Where each row starts, and the number of words.

    Returns:
        `list[str | None]`: For each row, `None` if every replaced mention is predicted with its type and exact
        boundaries. Otherwise the first of `REASONS` that applies to a replaced mention: `truncated` (not fully inside
        the windows), `wrong_boundaries` (overlaps a predicted mention of its type), `wrong_type` (overlaps only
        mentions of other types) or `missed`.

    Example:

    >>> mention = SpanTable(*np.array([[0], [0], [1], [0]]), types=("PER",))
    >>> predicted, offsets = np.array([1, 2]), np.array([0, 2])
    >>> rejection_reasons(mention, predicted, ["O", "B-PER", "I-PER"], np.array([True, True]), offsets)
    ['wrong_boundaries']
    """
    found = SpanTable.from_tags(np.where(seen, predicted, len(labels)), [*labels, "O"], offsets)
    number = {label: i for i, label in enumerate(found.types)}
    types = np.array([number.get(label, -1) for label in replaced.types], dtype=np.int64)[replaced.type]
    mentions = replace(replaced, type=types, types=found.types)

    first = np.searchsorted(found.end, mentions.start, side="right")
    overlaps = np.maximum(np.searchsorted(found.start, mentions.end, side="left") - first, 0)
    mention, other = np.repeat(np.arange(len(first)), overlaps), expand_ranges(first, overlaps)
    same_type = found.type[other] == mentions.type[mention]
    exact = same_type & (found.start[other] == mentions.start[mention]) & (found.end[other] == mentions.end[mention])

    unseen = offsets_from_lengths(~seen)
    rank = np.full(len(first), REASONS.index("missed"))
    rank[overlaps > 0] = REASONS.index("wrong_type")
    rank[mention[same_type]] = REASONS.index("wrong_boundaries")
    rank[mention[exact]] = len(REASONS)
    rank[unseen[mentions.end] > unseen[mentions.start]] = REASONS.index("truncated")
    worst = np.full(len(offsets) - 1, len(REASONS))
    np.minimum.at(worst, replaced.row, rank)
    return [(*REASONS, None)[place] for place in worst]


def _row_minima(values: np.ndarray, row: np.ndarray, rows: int) -> np.ndarray:
    """Return the smallest value of each row, or NaN if a value is NaN or there are no values."""
    least = np.full(rows, np.inf, dtype=values.dtype)
    np.minimum.at(least, row, np.where(np.isnan(values), -np.inf, values))
    return np.where(np.isinf(least), np.nan, least)


class Discriminate:
    """Fill in `score` and `reason` of candidates, as a transform for `Dataset.map`.

    Call `dataset.map(discriminate, batched=True)`. It is faster with `dataset.with_format("arrow")`. `score` is the
    smallest probability of the gold tag over the replaced words, or `None` if the model did not see them. `reason`
    says why a candidate is rejected, and is `None` for accepted ones. Use processes of Accelerate instead of
    `num_proc`, because the transform holds a model. The datasets cache identifies it by its options and a hash of the
    weights.

    Args:
        discriminator (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): See `as_discriminator`.
        names (`Sequence[str]`, *optional*): The names of an integer `ner_tags` column.
        batch_size (`int`, *optional*): Windows per forward pass. Defaults to as many as have about 1024 sub-words
            (16384 on a GPU).
    """

    def __init__(
        self,
        discriminator: str | PreTrainedModel | Pipeline,
        names: Sequence[str] | None = None,
        batch_size: int | None = None,
    ) -> None:
        self.discriminator = as_discriminator(discriminator)
        self.names = None if names is None else tuple(names)
        self.batch_size = batch_size
        self.share = False  # whether each process of Accelerate predicts a part of every batch, see `discriminate`
        self.only_cached = False
        tokenizer = self.discriminator.tokenizer
        self.encoder = WordEncoder(tokenizer, max_length(self.discriminator.model, tokenizer))

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # pickled only for the fingerprint
        state = (_VERSION, self.names, self.discriminator.stride, weights_digest(self.discriminator))
        return _SentAway, state

    def __call__(self, batch: Any) -> Any:
        """Discriminate a batch of candidates.

        Args:
            batch (`dict[str, list]` or `pa.Table`): Columns of counterfactual rows.

        Returns:
            `dict[str, list]` or `pa.Table`: `score` and `reason`; for a table, the table with these columns.

        Raises:
            CfgenError: The data has a tag that the model lacks.
        """
        if not isinstance(batch, pa.Table):
            columns = {name: pa.array(batch[name], _TYPES.get(name)) for name in ("tokens", "ner_tags", "replaced")}
            filled = self(pa.table(columns))
            return {name: filled[name].to_pylist() for name in ("score", "reason")}
        if self.only_cached:
            raise _NotCached
        words, offsets = flatten_lists(batch["tokens"])
        tags, _ = flatten_lists(batch["ner_tags"])
        replaced = _replaced_mentions(batch["replaced"], offsets)
        lengths = replaced.end - replaced.start
        inside = expand_ranges(replaced.start, lengths)
        asked = np.zeros(len(words), dtype=np.int64)
        asked[inside] = self._labels(tags.take(pa.array(inside)))

        best, probability = self._predict(words, offsets, asked)
        seen = ~np.isnan(probability)
        id2label = self.discriminator.model.config.id2label  # in any order
        reasons = rejection_reasons(replaced, best, [id2label[i] for i in range(len(id2label))], seen, offsets)
        scores = _row_minima(probability[inside], np.repeat(replaced.row, lengths), len(batch))
        added = {
            "score": pa.array(scores, pa.float32(), mask=np.isnan(scores)),
            "reason": pa.array(reasons, pa.string()),
        }
        for name, values in added.items():
            place = batch.schema.get_field_index(name)
            batch = batch.append_column(name, values) if place < 0 else batch.set_column(place, name, values)
        return batch

    def _labels(self, tags: pa.Array) -> np.ndarray:
        label2id = self.discriminator.model.config.label2id
        coded = tags.dictionary_encode()
        values = tag_strings(coded.dictionary.to_pylist(), self.names)
        check_labels(label2id, values)
        return np.array([label2id[tag] for tag in values], dtype=np.int64)[coded.indices.to_numpy()]

    def _predict(self, words: pa.Array, offsets: np.ndarray, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predict labels, and the probability of the given label, which is NaN for words outside every window."""
        model = self.discriminator.model
        coded = words.dictionary_encode()
        numbers = self.encoder.numbers(coded.dictionary.to_pylist())[coded.indices.to_numpy()]
        windows = self.encoder.windows(numbers, offsets, self.discriminator.stride)
        passes = batches(windows, model.device, self.batch_size)
        if self.share:
            state = PartialState()
            mine = predict_flat_probabilities(model, windows, passes[state.process_index :: state.num_processes]).cpu()
            probabilities = mine
            for other in gather_object([mine]):
                probabilities = torch.where(probabilities.isnan(), other, probabilities)
        else:
            probabilities = predict_flat_probabilities(model, windows, passes)
        labels = [model.config.id2label[number] for number in range(model.config.num_labels)]
        legal = legal_transitions(labels, tagging_scheme(model.config))
        best = decode(log_with_unseen(probabilities, labels), offsets, legal)
        given = torch.from_numpy(asked)[:, None].to(probabilities.device)
        return best.cpu().numpy(), probabilities.gather(1, given).squeeze(1).cpu().numpy()


def _replaced_mentions(column: pa.ChunkedArray, offsets: np.ndarray) -> SpanTable:
    """Read the `replaced` column of rows whose words start at `offsets`."""
    mentions, per_row = flatten_lists(column)
    row = np.repeat(np.arange(len(offsets) - 1), np.diff(per_row))
    start, end = (pc.struct_field(mentions, side).to_numpy() + offsets[row] for side in ("start", "end"))
    labels = pc.struct_field(mentions, "label").dictionary_encode()
    return SpanTable(row, start, end, labels.indices.to_numpy(), tuple(labels.dictionary.to_pylist()))


def is_function(discriminator: object) -> TypeGuard[TaggingFunction]:
    """Check whether a discriminator is a plain function from sentences to tags, not a model or a pipeline."""
    return callable(discriminator) and not isinstance(discriminator, (PreTrainedModel, Pipeline))


def discriminate_by_function(rows: Dataset, tagger: TaggingFunction) -> Dataset:
    """Fill in `reason` of counterfactual rows, using the tags from any tagger. `score` stays null.

    Args:
        rows (`Dataset`): Counterfactual rows.
        tagger (`Callable`): Takes sentences, each a list of words, and returns one list of tags per sentence.

    Returns:
        `Dataset`: The same rows in the same order.

    Raises:
        CfgenError: The tagger returns a wrong number of sentences or tags, or something that is not a tag.

    Example:

    >>> mention = {"start": 1, "end": 2, "label": "PER", "original": ["Bo"], "replacement": ["Cy"]}
    >>> rows = Dataset.from_dict({"tokens": [["hi", "Cy"]], "replaced": [[mention]], "reason": [None]})
    >>> discriminate_by_function(rows, lambda sentences: [["O", "B-LOC"]])["reason"][:]
    ['wrong_type']
    """
    reasons: list[str | None] = []
    for table in arrow_batches(rows, "tokens", "replaced"):
        sentences = table["tokens"].to_pylist()
        predicted = [list(tags) for tags in tagger(sentences)]
        if list(map(len, predicted)) != list(map(len, sentences)):
            raise CfgenError("the discriminator returned another number of sentences or tags: give one tag per word")
        tags = sorted({tag for row in predicted for tag in row})
        numbers = {tag: number for number, tag in enumerate(tags)}
        offsets = offsets_from_lengths(np.array(list(map(len, sentences)), dtype=np.int64))
        codes = np.array([numbers[tag] for row in predicted for tag in row], dtype=np.int64)
        replaced = _replaced_mentions(table["replaced"], offsets)
        reasons += rejection_reasons(replaced, codes, tags, np.ones(len(codes), dtype=bool), offsets)
    return set_reasons(rows, reasons)


def discriminate(rows: Dataset, discriminator: Discriminator, **map_kwargs: Any) -> Dataset:
    """Fill in `score` and `reason` of counterfactual rows.

    All processes of Accelerate must call it with the same rows: each predicts a part and returns all. The number of
    processes does not change the rows in a forward pass, so scores are identical.

    Args:
        rows (`Dataset`): Counterfactual rows.
        discriminator (`str`, `PreTrainedModel`, `TokenClassificationPipeline` or `Callable`): See `as_discriminator`
            and, for functions, `discriminate_by_function`.
        map_kwargs (`Any`): Options of `Dataset.map`, except `num_proc` and `batch_size`.

    Returns:
        `Dataset`: The same rows in the same order.

    Raises:
        CfgenError: The data has a tag that the model lacks.
    """
    if is_function(discriminator):
        return discriminate_by_function(rows, discriminator)
    transform = Discriminate(discriminator, tag_names(rows))

    def filled(**options: object) -> Dataset:
        options = {"batched": True, "batch_size": ROWS_AT_ONCE, "features": rows.features, **map_kwargs, **options}
        return rows.with_format("arrow").map(transform, desc="discriminate", **options).with_format(None)

    if PartialState().num_processes == 1:
        return filled()
    # a process that finds all results in its cache would skip its part, and the others would wait for it
    transform.share, transform.only_cached = True, True
    try:
        found: Dataset | None = filled()
    except _NotCached:
        found = None
    if all(gather_object([found is not None])):
        return found
    transform.only_cached = False
    return filled(load_from_cache_file=False)


class _NotCached(Exception):
    """Raised if the scores and reasons are not in the datasets cache."""


_MENTION = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())])

_TYPES = {"tokens": pa.list_(pa.string()), "replaced": pa.list_(_MENTION)}


class _SentAway:
    """Stand in for a pickled `Discriminate`; raise an error when called."""

    def __init__(self, *state: object) -> None:
        pass

    def __call__(self, batch: object) -> NoReturn:
        raise CfgenError("Discriminate holds a model and can't be sent to other processes: call map without num_proc")
