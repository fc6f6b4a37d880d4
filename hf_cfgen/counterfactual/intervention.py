"""Entity intervention: replace a mention by another surface form of its type, as a transform for `Dataset.map`."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, Features, IterableDataset, Value

from ..data.columns import TagBatch, check_observational, check_table
from ..errors import CfgenError
from ..tagging.span_table import SpanTable, code_tags
from ..tagging.spans import Span
from ..utils.arrow_arrays import RaggedArray, StringArray, flatten_lists, to_list_array
from ..utils.hashing import derive_keys, hash_rows, hash_words
from ..utils.ragged import expand_ranges
from .config import CfgenConfig, Recipe
from .entity_sets import EntitySets
from .sampling import Interventions, row_keys, sample_budget, sample_paper, sample_varied
from .train_split import TrainSplit, stale_columns

logger = logging.getLogger(__name__)

_VERSION = 4  # increase when the sampled rows change, because the datasets cache does not detect edits of this module

# the hash of the row's tokens, and whether the candidates of a new source row start
COUNTING_COLUMNS = Features(
    {
        "_cfgen_hash_0": Value("uint64"),
        "_cfgen_hash_1": Value("uint64"),
        "_cfgen_begins": Value("bool"),
    }
)


class _Pool(NamedTuple):
    """The words of a batch, then those of the sampled forms, each form once."""

    words: StringArray
    hashes: np.ndarray  # of the words
    codes: np.ndarray  # the tag of each word, see `SpanTable.to_codes`
    form_starts: np.ndarray  # where each form starts in `words`
    form_ends: np.ndarray
    form_of: np.ndarray  # the form of each replacement


@dataclass(frozen=True)
class Intervene:
    """Turn observational examples into candidates, as a transform for `Dataset.map`.

    Call `dataset.with_format("arrow").map(intervene, batched=True, remove_columns=dataset.column_names,
    features=counterfactual_features(dataset))`. Without the format, it takes many times as long. What is sampled
    depends only on the seed and the row's `id`, so the batch size, the number of processes and the order of the
    shards do not change the rows.

    Args:
        entity_sets (`EntitySets`): The surface forms to swap in.
        config (`CfgenConfig`): The recipe.
        scheme (`str`): The tagging scheme of the new tags.
        names (`tuple[str, ...]` or `None`): The names of an integer `ner_tags` column.
        stale_columns (`tuple[str, ...]`): Columns that a swap invalidates. They are null on counterfactual rows.
        counting (`bool`, *optional*, defaults to `False`): Add `COUNTING_COLUMNS`, which serve to find duplicates and
            to count candidates.
        version (`int`): The version of this code, for the datasets cache. It cannot be set.
    """

    entity_sets: EntitySets
    config: CfgenConfig
    scheme: str
    names: tuple[str, ...] | None = None
    stale_columns: tuple[str, ...] = ()
    counting: bool = False
    version: int = field(default_factory=lambda: _VERSION, init=False)

    @classmethod
    def from_dataset(
        cls,
        dataset: Dataset | IterableDataset | TrainSplit,
        config: CfgenConfig | None = None,
        entity_sets: EntitySets | None = None,
    ) -> "Intervene":
        """Create the transform for a train split.

        Args:
            dataset (`Dataset`, `IterableDataset` or `TrainSplit`): The train split, with columns `id`, `tokens`,
                `ner_tags`.
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
        config = config or CfgenConfig()
        if isinstance(dataset, TrainSplit):
            split = dataset
        else:
            check_observational(dataset, ("id", "tokens", "ner_tags"))
            if dataset.features is None:  # its first row may lack columns
                raise CfgenError("the IterableDataset has no features: set them with .cast(features)")
            split = TrainSplit.scan(dataset, config.scheme)
        entity_sets = entity_sets or split.entity_sets
        if entity_sets.unswappable:
            logger.warning("types with one surface form, nothing to swap: %s", ", ".join(entity_sets.unswappable))
        return cls(entity_sets, config, split.scheme, split.names, stale_columns(split.dataset))

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

    def _candidates(self, batch: pa.Table) -> pa.Table:
        ids = list(map(str, batch["id"].to_pylist()))
        check_table(batch, self.names, lambda row: f"row {ids[row]}")
        tokens, tags = flatten_lists(batch["tokens"], pa.string()), flatten_lists(batch["ner_tags"])
        hashes = hash_words(tokens.values)
        mentions = TagBatch.from_arrays(tags, self.names).mentions()
        custom_recipe = self.config.custom_recipe()
        if custom_recipe is None:
            drawn = self._sample(row_keys(self.config.seed, ids), mentions, hashes)
        else:
            drawn = self._sample_by(custom_recipe, ids, tokens, mentions)
        candidate, replaced = drawn.candidate, drawn.mention
        pool = self._pool(StringArray.from_arrow(tokens.values), hashes, mentions, replaced, drawn.form)
        firsts = np.flatnonzero(np.diff(candidate, prepend=-1))  # the first replacement of each candidate
        counts = np.diff(firsts, append=len(candidate))
        rows, place = mentions.row[replaced[firsts]], np.arange(len(candidate)) - np.repeat(firsts, counts)
        starts, ends = mentions.start[replaced], mentions.end[replaced]
        form_starts, form_ends = pool.form_starts[pool.form_of], pool.form_ends[pool.form_of]

        # a new row is made of segments of the pool: the words before each replaced mention, its new form, and the
        # words after the last one; candidates with fewer replacements have empty segments at the end
        shape = len(rows), 2 * counts.max(initial=1) + 1
        before, behind = (np.broadcast_to(tokens.offsets[rows + 1, None], shape).copy() for _ in range(2))
        before[:, 0] = tokens.offsets[rows]
        behind[candidate, 2 * place] = starts
        before[candidate, 2 * place + 1], behind[candidate, 2 * place + 1] = form_starts, form_ends
        before[candidate, 2 * place + 2] = ends
        lengths = (behind - before).sum(axis=1)
        codes = pool.codes[expand_ranges(before.ravel(), (behind - before).ravel())]
        # where each replaced mention starts in its new row
        longer = (form_ends - form_starts) - (ends - starts)
        shift = np.cumsum(longer) - longer
        at = starts - tokens.offsets[rows][candidate] + shift - shift[firsts][candidate]
        if self.scheme == "IOB1":
            # the first tag depends on whether another mention directly precedes it
            codes[(np.cumsum(lengths) - lengths)[candidate] + at] = pool.codes[starts]

        swap = {
            "start": pa.array(at, pa.int32()),
            "end": pa.array(at + form_ends - form_starts, pa.int32()),
            "label": pa.array(mentions.types, pa.string()).take(pa.array(mentions.type[replaced])),
            "original": to_list_array(pool.words.take(starts, ends).to_arrow(), ends - starts),
            "replacement": to_list_array(pool.words.take(form_starts, form_ends).to_arrow(), form_ends - form_starts),
        }
        new_tokens = to_list_array(pool.words.take(before.ravel(), behind.ravel()).to_arrow(), lengths)
        new_tags = to_list_array(self._tags(codes, lengths, mentions.types), lengths)
        sources = pa.array(ids, pa.string()).take(pa.array(rows))
        numbers = np.arange(len(rows)) - np.searchsorted(rows, rows)
        made = {
            "id": pc.binary_join_element_wise(sources, pa.array(numbers).cast(pa.string()), "#"),
            "tokens": new_tokens.cast(batch.schema.field("tokens").type),
            "ner_tags": new_tags.cast(batch.schema.field("ner_tags").type),
            "source_id": sources,
            "is_counterfactual": pa.array(np.ones(len(rows), dtype=bool)),
            "replaced": to_list_array(pa.StructArray.from_arrays(list(swap.values()), list(swap)), counts),
            "score": pa.nulls(len(rows), pa.float32()),
            "reason": pa.nulls(len(rows), pa.string()),
        }
        if self.counting:
            values = (*hash_rows(pool.hashes, before, behind), numbers == 0)
            made |= zip(COUNTING_COLUMNS, map(pa.array, values))
        carried = {
            name: pa.nulls(len(rows), column.type) if name in self.stale_columns else column.take(pa.array(rows))
            for name, column in zip(batch.column_names, batch.columns)
            if name not in made
        }
        return pa.table({name: made[name] if name in made else carried[name] for name in (*batch.column_names, *made)})

    def _sample(self, keys: np.ndarray, mentions: SpanTable, hashes: np.ndarray) -> Interventions:
        """Sample the mentions to replace, and the numbers of the forms to swap in."""
        forms = self.entity_sets.table
        type_numbers = {label: number for number, label in enumerate(self.entity_sets.forms)}
        types = np.array([type_numbers.get(name, -1) for name in mentions.types], dtype=np.int64)[mentions.type]
        sizes = np.append(np.diff(forms.type_offsets), 0)[types]
        own = forms.find(derive_keys(hash_rows(hashes, mentions.start[:, None], mentions.end[:, None]), types))
        own = np.where(own >= 0, own - forms.type_offsets[types], -1)
        swappable = np.flatnonzero((sizes > 1) | ((sizes == 1) & (own < 0)))
        rows, own, sizes = mentions.row[swappable], own[swappable], sizes[swappable]
        if self.config.recipe == "paper":
            drawn = sample_paper(keys, rows, own, sizes)
        else:
            sample = sample_varied if self.config.recipe == "varied" else sample_budget
            drawn = sample(self.config.k, keys, rows, types[swappable], own, sizes)
        mention = swappable[drawn.mention]
        return Interventions(drawn.candidate, mention, forms.type_offsets[types[mention]] + drawn.form)

    def _sample_by(
        self, recipe: Recipe, ids: Sequence[str], tokens: RaggedArray, mentions: SpanTable
    ) -> Interventions:
        """Sample with the user's recipe."""
        words, firsts = tokens.values.to_pylist(), np.searchsorted(mentions.row, np.arange(len(ids))).tolist()
        replaced, forms = [], []
        for row, (begin, end) in enumerate(zip(tokens.offsets[:-1].tolist(), tokens.offsets[1:].tolist())):
            own = slice(firsts[row], firsts[row + 1] if row + 1 < len(ids) else None)
            columns = (mentions.start[own] - begin, mentions.end[own] - begin, mentions.type[own])
            spans = [Span(s, e, mentions.types[t]) for s, e, t in zip(*(column.tolist() for column in columns))]
            generator = random.Random(f"{self.config.seed}/{ids[row]}")
            example = {"id": ids[row], "tokens": words[begin:end], "mentions": list(spans)}
            for span, form in recipe(example, self.entity_sets, generator):  # type: ignore[arg-type]
                if span not in spans:
                    raise CfgenError(f"row {ids[row]}: the recipe replaces {span}, which is not a mention of the row")
                if (span.label, tuple(form)) not in self.entity_sets.form_ids:
                    raise CfgenError(
                        f"row {ids[row]}: the recipe swaps in {list(form)!r}, which is not a surface form of "
                        f"{span.label}: choose one of entity_sets.forms, or add it to them with a gazetteer"
                    )
                replaced.append(firsts[row] + spans.index(span))
                forms.append(self.entity_sets.form_ids[span.label, tuple(form)])
        return Interventions(*np.array([range(len(forms)), replaced, forms], dtype=np.int64))

    def _pool(
        self, words: StringArray, hashes: np.ndarray, mentions: SpanTable, replaced: np.ndarray, forms: np.ndarray
    ) -> _Pool:
        known = self.entity_sets.table
        sampled, first, form_of = np.unique(forms, return_index=True, return_inverse=True)
        starts, ends = known.offsets[sampled], known.offsets[sampled + 1]
        hashes = np.concatenate([hashes, known.word_hashes[:, expand_ranges(starts, ends - starts)]], axis=1)
        form_words, form_ends = known.words.take(starts, ends), np.cumsum(ends - starts)
        form_starts = form_ends - (ends - starts)
        size = len(words.offsets) - 1
        alone = SpanTable(sampled, form_starts, form_ends, mentions.type[replaced[first]], mentions.types)
        parts = [mentions.to_codes(size, self.scheme), alone.to_codes(len(form_words.offsets) - 1, self.scheme)]
        codes = np.concatenate(parts)
        return _Pool(words.concatenate(form_words), hashes, codes, size + form_starts, size + form_ends, form_of)

    def _tags(self, codes: np.ndarray, lengths: np.ndarray, labels: Sequence[str]) -> pa.Array:
        """Return the values of the `ner_tags` column: strings, or positions in the names."""
        tags = code_tags(labels, self.scheme)
        if self.names is None:
            return pa.array(tags, pa.string()).take(pa.array(codes))
        known = {name: position for position, name in enumerate(self.names)}
        positions = np.array([known.get(tag, -1) for tag in tags], dtype=np.int64)[codes]
        if (positions < 0).any():
            row = np.searchsorted(np.cumsum(lengths), np.argmax(positions < 0), side="right")
            of_row = codes[lengths[:row].sum() :][: lengths[row]].tolist()
            raise missing_tags_error({tags[code] for code in of_row} - known.keys(), self.scheme)
        return pa.array(positions)


def missing_tags_error(tags: set[str], scheme: str) -> CfgenError:
    """Return the error for tags that the names of an integer `ner_tags` column lack."""
    return CfgenError(
        f"the ner_tags column has no label {', '.join(sorted(tags))}, which {scheme} needs for a swapped mention: add "
        "it to the names of the ClassLabel"
    )
