"""Entity intervention: replace a mention by another surface form of its type, as a transform for `Dataset.map`."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, Features, IterableDataset, Value

from ..data.columns import TagBatch, arrow_batches, check_observational, check_table, example_batches, tag_names
from ..data.scheme import check_scheme, detect_scheme_of
from ..errors import CfgenError
from ..tagging.span_table import SpanTable, code_tags
from ..tagging.spans import Span, spans_to_tags
from ..utils.arrow_arrays import StringArray, flatten_lists, to_list_array
from ..utils.hashing import derive_keys, hash_rows, hash_words
from ..utils.ragged import expand_ranges
from .config import CfgenConfig
from .entity_sets import EntitySets
from .sampling import budget_choices, paper_choices, row_keys

logger = logging.getLogger(__name__)

_VERSION = 3  # increase when the rows drawn change, because the datasets cache does not detect edits of this module

# columns: the digest of the row's tokens, the replaced type, and whether the candidates of a new source row start
TALLY = Features(
    {
        "_cfgen_digest_0": Value("uint64"),
        "_cfgen_digest_1": Value("uint64"),
        "_cfgen_type": Value("int32"),
        "_cfgen_begins": Value("bool"),
    }
)

_TEXT_COLUMNS = ("text", "sentence", "raw_text")


class _Pool(NamedTuple):
    words: StringArray
    digests: np.ndarray  # of the words
    layout: np.ndarray  # tag of each word, as a code of `SpanTable.to_codes`
    form_starts: np.ndarray  # where each drawn form starts in `words`
    form_ends: np.ndarray
    form_of: np.ndarray  # the drawn form of each candidate


@dataclass(frozen=True)
class Intervene:
    """Turn observational examples into candidates, as a transform for `Dataset.map`.

    Call `dataset.with_format("arrow").map(intervene, batched=True, remove_columns=dataset.column_names,
    features=counterfactual_features(dataset))`. Without the format, it takes many times as long. Every draw depends
    only on the seed and the row's `id`, so the batch size, the number of processes and the order of the shards do not
    change the rows.

    Args:
        entity_sets (`EntitySets`): The surface forms to swap in.
        config (`CfgenConfig`): The recipe.
        scheme (`str`): The tagging scheme of the new tags.
        names (`tuple[str, ...]` or `None`): The names of an integer `ner_tags` column.
        stale_columns (`tuple[str, ...]`): Columns that a swap invalidates. They are null on counterfactual rows.
        tally (`bool`, *optional*, defaults to `False`): Add the columns `TALLY`, which serve to find duplicates and
            to count candidates.
        version (`int`): The version of this code, for the datasets cache. It cannot be set.
    """

    entity_sets: EntitySets
    config: CfgenConfig
    scheme: str
    names: tuple[str, ...] | None = None
    stale_columns: tuple[str, ...] = ()
    tally: bool = False
    version: int = field(default_factory=lambda: _VERSION, init=False)

    @classmethod
    def from_dataset(
        cls,
        dataset: Dataset | IterableDataset,
        config: CfgenConfig | None = None,
        entity_sets: EntitySets | None = None,
    ) -> "Intervene":
        """Create the transform for a train split.

        Args:
            dataset (`Dataset` or `IterableDataset`): The train split, with columns `id`, `tokens`, `ner_tags`.
            config (`CfgenConfig`, *optional*): The recipe. Defaults to `CfgenConfig()`.
            entity_sets (`EntitySets`, *optional*): The entity sets. Defaults to those of the dataset.

        Raises:
            CfgenError: Columns are missing or have reserved names, a stream has no features, there are no mentions, or
                the tags do not fit the given scheme, or any single scheme.

        Example:

        >>> rows = {"id": ["a"], "tokens": [["Ada", "met", "Bo"]], "ner_tags": [["B-PER", "O", "B-PER"]]}
        >>> intervene = Intervene.from_dataset(Dataset.from_dict(rows), CfgenConfig(k=1))
        >>> intervene(rows)["id"], intervene(rows)["tokens"]
        (['a#0'], [['Ada', 'met', 'Ada']])
        """
        check_observational(dataset, ("id", "tokens", "ner_tags"))
        if dataset.features is None:  # its first row may lack columns
            raise CfgenError("the stream does not say which columns it has: give it its features")
        config = config or CfgenConfig()
        entity_sets = entity_sets or EntitySets.from_dataset(dataset)
        names = tag_names(dataset)
        scheme = scheme_of(dataset, config.scheme)
        stale = stale_columns(dataset)
        if entity_sets.unswappable:
            logger.warning("types with one surface form, nothing to swap: %s", ", ".join(entity_sets.unswappable))
        return cls(entity_sets, config, scheme, names, stale)

    def __call__(self, batch: Any) -> Any:
        """Generate the candidates of a batch of observational rows.

        Args:
            batch (`pa.Table` or `dict[str, list]`): Columns of observational rows.

        Returns:
            `pa.Table` or `dict[str, list]`: These columns and `COUNTERFACTUAL_FEATURES`, one row per candidate.

        Raises:
            CfgenError: A row has a different number of tags and tokens, or a tag is not among the names.
        """
        if isinstance(batch, pa.Table):
            return self._candidates(batch)
        # datasets passes a dictionary if the format of the dataset is not arrow
        types = {"tokens": pa.list_(pa.string()), "ner_tags": pa.list_(pa.int64() if self.names else pa.string())}
        table = pa.table({name: pa.array(list(batch[name]), types.get(name)) for name in batch})
        return self._candidates(table).to_pydict()

    def _candidates(self, batch: Any) -> Any:
        ids = list(map(str, batch["id"].to_pylist()))
        check_table(batch, self.names, lambda row: f"row {ids[row]}")
        tokens, tags = flatten_lists(batch["tokens"], pa.string()), flatten_lists(batch["ner_tags"])
        digests = hash_words(tokens.values)
        found = TagBatch.from_arrays(tags, self.names).mentions()
        replaced, forms = self._draw(row_keys(self.config.seed, ids), found, digests)
        pool = self._pool(StringArray.from_arrow(tokens.values), digests, found, replaced, forms)
        rows, form_of = found.row[replaced], pool.form_of
        starts, ends = found.start[replaced], found.end[replaced]
        form_starts, form_ends = pool.form_starts[form_of], pool.form_ends[form_of]

        # a new row is three segments of the pool: the words before the mention, the form, and the words after it
        before = np.stack([tokens.offsets[rows], form_starts, ends], axis=1)
        behind = np.stack([starts, form_ends, tokens.offsets[rows + 1]], axis=1)
        lengths = (behind - before).sum(axis=1)
        layout = pool.layout[expand_ranges(before.ravel(), (behind - before).ravel())]
        at = starts - tokens.offsets[rows]  # where the mention starts in its row, old and new
        if self.scheme == "IOB1":
            # the first tag depends on whether another mention directly precedes it
            layout[np.cumsum(lengths) - lengths + at] = pool.layout[starts]

        swap = {
            "start": pa.array(at, pa.int32()),
            "end": pa.array(at + form_ends - form_starts, pa.int32()),
            "label": pa.array(found.types, pa.string()).take(pa.array(found.type[replaced])),
            "original": to_list_array(pool.words.take(starts, ends).to_arrow(), ends - starts),
            "replacement": to_list_array(pool.words.take(form_starts, form_ends).to_arrow(), form_ends - form_starts),
        }
        new_tokens = to_list_array(pool.words.take(before.ravel(), behind.ravel()).to_arrow(), lengths)
        new_tags = to_list_array(self._tags(layout, lengths, found.types), lengths)
        sources = pa.array(ids, pa.string()).take(pa.array(rows))
        numbers = np.arange(len(rows)) - np.searchsorted(rows, rows)
        made = {
            "id": pc.binary_join_element_wise(sources, pa.array(numbers).cast(pa.string()), "#"),
            "tokens": new_tokens.cast(batch.schema.field("tokens").type),
            "ner_tags": new_tags.cast(batch.schema.field("ner_tags").type),
            "source_id": sources,
            "is_counterfactual": pa.array(np.ones(len(rows), dtype=bool)),
            "replaced": to_list_array(
                pa.StructArray.from_arrays(list(swap.values()), list(swap)), np.ones(len(rows), int)
            ),
            "score": pa.nulls(len(rows), pa.float32()),
            "reason": pa.nulls(len(rows), pa.string()),
        }
        if self.tally:
            types = np.searchsorted(self.entity_sets.flat.firsts, forms, side="right") - 1
            numbers_of_rows = (*hash_rows(pool.digests, before, behind), types.astype(np.int32), numbers == 0)
            made |= zip(TALLY, map(pa.array, numbers_of_rows))
        carried = {
            name: pa.nulls(len(rows), column.type) if name in self.stale_columns else column.take(pa.array(rows))
            for name, column in zip(batch.column_names, batch.columns)
            if name not in made
        }
        return pa.table({name: made[name] if name in made else carried[name] for name in (*batch.column_names, *made)})

    def _pool(
        self, words: StringArray, digests: np.ndarray, found: SpanTable, replaced: np.ndarray, forms: np.ndarray
    ) -> "_Pool":
        """Concatenate the words of the batch and those of the drawn forms, each form once."""
        known = self.entity_sets.flat
        drawn, first, form_of = np.unique(forms, return_index=True, return_inverse=True)
        starts, ends = known.offsets[drawn], known.offsets[drawn + 1]
        digests = np.concatenate([digests, known.hash_words[:, expand_ranges(starts, ends - starts)]], axis=1)
        form_words, form_ends = known.words.take(starts, ends), np.cumsum(ends - starts)
        form_starts = form_ends - (ends - starts)
        size = len(words.offsets) - 1
        alone = SpanTable(drawn, form_starts, form_ends, found.type[replaced[first]], found.types)
        parts = [found.to_codes(size, self.scheme), alone.to_codes(len(form_words.offsets) - 1, self.scheme)]
        layout = np.concatenate(parts)
        return _Pool(words.concatenate(form_words), digests, layout, size + form_starts, size + form_ends, form_of)

    def _draw(self, keys: np.ndarray, found: SpanTable, digests: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Draw, for each candidate, the mention to replace and the form to swap in."""
        forms = self.entity_sets.flat
        numbers = {label: number for number, label in enumerate(self.entity_sets.forms)}
        types = np.array([numbers.get(name, -1) for name in found.types], dtype=np.int64)[found.type]
        sizes = np.append(np.diff(forms.firsts), 0)[types]
        own = forms.find(derive_keys(hash_rows(digests, found.start[:, None], found.end[:, None]), types))
        own = np.where(own >= 0, own - forms.firsts[types], -1)
        swappable = np.flatnonzero((sizes > 1) | ((sizes == 1) & (own < 0)))
        rows, own, sizes = found.row[swappable], own[swappable], sizes[swappable]
        if self.config.recipe == "paper":
            mention, form = paper_choices(keys, rows, own, sizes)
        else:
            mention, form = budget_choices(self.config.k, keys, rows, types[swappable], own, sizes)
        return swappable[mention], forms.firsts[types[swappable[mention]]] + form

    def _tags(self, codes: np.ndarray, lengths: np.ndarray, labels: Sequence[str]) -> Any:
        """Return the values of the `ner_tags` column: strings, or positions in the names."""
        tags = code_tags(labels, self.scheme)
        if self.names is None:
            return pa.array(tags, pa.string()).take(pa.array(codes))
        known = {name: position for position, name in enumerate(self.names)}
        positions = np.array([known.get(tag, -1) for tag in tags], dtype=np.int64)[codes]
        if (positions < 0).any():
            row = np.searchsorted(np.cumsum(lengths), np.argmax(positions < 0), side="right")
            of_row = codes[lengths[:row].sum() :][: lengths[row]].tolist()
            raise _missing({tags[code] for code in of_row} - known.keys(), self.scheme)
        return pa.array(positions)


def replace_mention(
    tokens: Sequence[str], spans: Sequence[Span], span: Span, form: Sequence[str]
) -> tuple[list[str], list[Span], int]:
    """Replace one mention and shift the mentions after it.

    Args:
        tokens (`Sequence[str]`): The words.
        spans (`Sequence[Span]`): All mentions, in order.
        span (`Span`): The mention to replace.
        form (`Sequence[str]`): Its new words.

    Returns:
        `tuple[list[str], list[Span], int]`: The new words, the new mentions, and the position of the replaced
        mention among them.

    Example:

    >>> replace_mention(["in", "Rome", "now"], [Span(1, 2, "LOC")], Span(1, 2, "LOC"), ["New", "York"])
    (['in', 'New', 'York', 'now'], [Span(start=1, end=3, label='LOC')], 0)
    """
    shift = len(form) - (span.end - span.start)
    position = spans.index(span)
    moved = [Span(other.start + shift, other.end + shift, other.label) for other in spans[position + 1 :]]
    return (
        [*tokens[: span.start], *form, *tokens[span.end :]],
        [*spans[:position], Span(span.start, span.end + shift, span.label), *moved],
        position,
    )


def laid_out(spans: Sequence[Span], length: int, scheme: str, names: Sequence[str] | None) -> list[Any]:
    """Return the `ner_tags` of a row.

    Args:
        spans (`Sequence[Span]`): Its mentions.
        length (`int`): Its number of words.
        scheme (`str`): The tagging scheme.
        names (`Sequence[str]` or `None`): The result of `tag_names`.

    Returns:
        `list[int]` or `list[str]`: One tag per word.

    Raises:
        CfgenError: A tag is not among the names.

    Example:

    >>> laid_out([Span(1, 3, "LOC")], 3, "IOB2", ["O", "B-LOC", "I-LOC"])
    [0, 1, 2]
    """
    tags = spans_to_tags(spans, length, scheme)
    if names is None:
        return tags
    missing = set(tags) - set(names)
    if missing:
        raise _missing(missing, scheme)
    return [names.index(tag) for tag in tags]


def scheme_of(dataset: Dataset | IterableDataset, scheme: str | None = None) -> str:
    """Check the given tagging scheme against the data, or detect the scheme if omitted."""
    batches = (batch for _, batch in example_batches(dataset))
    if scheme is None:
        return detect_scheme_of(batches, tag_names(dataset) or ())
    check_scheme(batches, scheme)
    return scheme


def stale_columns(dataset: Dataset | IterableDataset) -> tuple[str, ...]:
    """Find the columns that a swap invalidates, and warn that they are null on counterfactual rows.

    These are lists with one value per token in every row that has them, lists of objects (usually spans), and the
    text.

    Args:
        dataset (`Dataset` or `IterableDataset`): Observational examples.

    Returns:
        `tuple[str, ...]`: The names of the columns.

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


def _follows(column: Any, tokens: Any) -> bool | None:
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


def _missing(tags: set[str], scheme: str) -> CfgenError:
    return CfgenError(
        f"the ner_tags column has no label {', '.join(sorted(tags))}, which {scheme} needs for a swapped mention: add "
        "it to the names of the ClassLabel"
    )
