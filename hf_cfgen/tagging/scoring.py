"""Scores: strict, relaxed and token-level F1, average causal effects and bootstrap intervals. Needs only numpy.

Everything is computed from one array of counts, `(sentence, level, type, [hits, predicted, gold])`. A micro score, a
score by type and a bootstrap resample are sums over this array.
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

import numpy as np

from ..errors import CfgenError, about
from ..utils.ragged import expand_ranges, offsets_from_lengths
from ..utils.records import Record
from .span_table import SpanTable
from .spans import split_tag

Level = Literal["strict", "relaxed", "token"]

LEVELS: tuple[Level, ...] = get_args(Level)

Tags = Sequence[Sequence[str]]

Interval = tuple[float, float]


@dataclass(frozen=True)
class Score(Record):
    """Precision, recall and F1, each in [0, 1], and `support`, the number of gold items."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class LevelScores(Score):
    """The micro scores of one level, and the scores of each entity type."""

    by_type: dict[str, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class TaggerScores(Record):
    """The scores at every level, from `ner_scores`. `scores["strict"]` is `scores.strict`."""

    strict: LevelScores
    relaxed: LevelScores
    token: LevelScores

    def __getitem__(self, level: Level) -> LevelScores:
        return getattr(self, level)


@dataclass(frozen=True, kw_only=True)
class Effects(Record):
    """F1 in three passes, the causal effects between them, and 95% intervals."""

    f1: float
    f1_do_context: float
    f1_do_entity: float
    ace_c: float
    ace_e: float
    ri: float
    f1_interval: Interval
    ace_c_interval: Interval
    ace_e_interval: Interval
    ri_interval: Interval


@dataclass(frozen=True, kw_only=True)
class TypeEffects(Effects):
    """The effects for one entity type, and `support`, the number of its gold items."""

    support: int


@dataclass(frozen=True, kw_only=True)
class LevelEffects(Effects):
    """The effects at one level, and those for each entity type."""

    by_type: dict[str, TypeEffects] = field(default_factory=dict)


@dataclass(frozen=True)
class CausalEffects(Record):
    """The effects at every level, from `causal_scores`. `effects["strict"]` is `effects.strict`."""

    strict: LevelEffects
    relaxed: LevelEffects
    token: LevelEffects

    def __getitem__(self, level: Level) -> LevelEffects:
        return getattr(self, level)


class Counts(NamedTuple):
    """Hits, predictions and gold items: `values` has the shape (sentences, `LEVELS`, `types`, 3), integers."""

    types: tuple[str, ...]
    values: np.ndarray


def count(references: Tags, predictions: Tags) -> Counts:
    """Count hits, predictions and gold items by sentence, level and type. Types are in alphabetical order.

    At token level, a word is a hit if its type is correct and its label is not O.

    Raises:
        CfgenError: Lengths differ, or a tag does not belong to any scheme.

    Example:

    >>> count([["B-A", "I-A"]], [["B-A", "O"]]).values[0].tolist()
    [[[0, 1, 1]], [[1, 1, 1]], [[1, 1, 2]]]
    """
    types, lengths, items = _items(references, predictions)
    shape = len(lengths), len(types)
    sentence_of = np.repeat(np.arange(len(lengths)), lengths)
    values = np.empty((len(lengths), len(LEVELS), len(types), 3), dtype=np.int64)
    for (level, column), (words, types_of) in items.items():
        cells = np.bincount(sentence_of[words] * len(types) + types_of, minlength=shape[0] * shape[1])
        values[:, level, :, column] = cells.reshape(shape)
    return Counts(types, values)


def matches(gold: SpanTable, predicted: SpanTable) -> tuple[np.ndarray, np.ndarray]:
    """Find the gold mentions that are predicted, by strict and by relaxed matching.

    Strict: a predicted mention has the same type and boundaries. Relaxed (Chinchor & Sundheim 1993, MUC-5): a maximum
    one-to-one matching of overlapping mentions of the same type, so a prediction that covers four gold mentions is one
    hit. Taking the pair that ends first is optimal, because the mentions of each side are disjoint.

    Args:
        gold (`SpanTable`): Gold mentions.
        predicted (`SpanTable`): Predicted mentions.

    Returns:
        `tuple[np.ndarray, np.ndarray]`: The positions in `gold` of the strict and of the relaxed hits.

    Example:

    >>> gold = SpanTable(*np.array([[0, 0, 0], [0, 1, 2], [1, 2, 3], [0, 0, 0]]), ("A",))
    >>> matches(gold, SpanTable(*np.array([[0, 0], [0, 2], [2, 3], [0, 0]]), ("A",)))
    (array([2]), array([0, 2]))
    """
    # shift the words of each type, so that mentions of different types never overlap
    width = max((int(spans.end[-1]) for spans in (gold, predicted) if len(spans.end)), default=0)
    order, other_order = (np.argsort(spans.type, kind="stable") for spans in (gold, predicted))
    start, end = ((column + gold.type * width)[order] for column in (gold.start, gold.end))
    other_start, other_end = (
        (column + predicted.type * width)[other_order] for column in (predicted.start, predicted.end)
    )

    # all overlapping pairs in order; the pairs of a mention are adjacent
    first = np.searchsorted(other_end, start, side="right")
    pairs_of = np.searchsorted(other_start, end, side="left") - first
    behind = pairs_of.cumsum()
    ours, theirs = np.repeat(np.arange(len(start)), pairs_of), expand_ranges(first, pairs_of)
    other_behind = np.bincount(theirs, minlength=len(other_start)).cumsum()
    # a pair excludes the pairs that share a mention with it; the next pair is the first after them
    following = np.maximum(behind[ours], other_behind[theirs])
    fresh = np.ones(len(ours) + 1, dtype=bool)  # pairs that share no mention with the one before
    fresh[1:-1] = (ours[1:] != ours[:-1]) & (theirs[1:] != theirs[:-1])
    taken = [np.flatnonzero(fresh[:-1])]
    while len(taken[-1]):
        further = following[taken[-1]]
        taken.append(further[~fresh[further]])
    same = (start[ours] == other_start[theirs]) & (end[ours] == other_end[theirs])
    return order[ours[same]], np.sort(order[ours[np.concatenate(taken)]])


def f1(counts: np.ndarray) -> np.ndarray:
    """Compute F1 from counts of hits, predictions and gold items: 2 hits / (predicted + gold), or 0 if that is 0 / 0.

    Example:

    >>> f1(np.array([[1, 1, 2], [0, 0, 0]])).round(4).tolist()
    [0.6667, 0.0]
    """
    return _ratio(2 * counts[..., 0], counts[..., 1] + counts[..., 2])


def ner_scores(references: Tags, predictions: Tags) -> TaggerScores:
    """Compute precision, recall and F1 at every level, micro-averaged and by type.

    Args:
        references (`Sequence[Sequence[str]]`): Gold tags, one sequence per sentence, in any scheme.
        predictions (`Sequence[Sequence[str]]`): Predicted tags of the same lengths.

    Returns:
        `TaggerScores`: For each of `strict`, `relaxed` and `token`: `precision`, `recall`, `f1`, `support` and
        `by_type`.

    Raises:
        CfgenError: Lengths differ, or a tag does not belong to any scheme.

    Example:

    >>> scores = ner_scores([["B-A", "I-A"]], [["B-A", "O"]])
    >>> scores.strict.f1, scores.relaxed.f1, round(scores.token.f1, 4)
    (0.0, 1.0, 0.6667)
    """
    types, _, items = _items(references, predictions)
    totals = np.empty((len(LEVELS), len(types), 3), dtype=np.int64)
    for (level, column), (_, types_of) in items.items():
        totals[level, :, column] = np.bincount(types_of, minlength=len(types))
    levels = []
    for counts in totals:
        by_type = {label: Score(*_scores(counts[j])) for j, label in enumerate(types)}
        levels.append(LevelScores(*_scores(counts.sum(axis=0)), by_type))
    return TaggerScores(*levels)


def bootstrap_f1(passes: Mapping[str, Counts], resamples: int = 1000, seed: int = 0) -> dict[str, np.ndarray]:
    """Compute the F1 of bootstrap resamples of the sentences. All passes use the same resamples.

    Args:
        passes (`Mapping[str, Counts]`): Counts of several passes over the same sentences.
        resamples (`int`, *optional*, defaults to 1000): Number of resamples, drawn with replacement.
        seed (`int`, *optional*, defaults to 0): Seed of the resamples.

    Returns:
        `dict[str, np.ndarray]`: For each pass an array (resamples, `LEVELS`, 1 + its types): micro F1, then the F1 of
        each type.

    Raises:
        CfgenError: The passes have different numbers of sentences, or `resamples` is below 1.
    """
    if resamples < 1:
        raise CfgenError(f"resamples is {resamples}: at least 1 is needed")
    sizes = {len(counts.values) for counts in passes.values()}
    if len(sizes) != 1:
        raise CfgenError(f"the passes are over different numbers of sentences: {sorted(sizes)}")
    size = sizes.pop()
    # float products are fast, and sums of counts stay exact below 2**53
    counts_of = {name: _micro_first(counts.values).astype(float) for name, counts in passes.items()}
    totals = {name: np.zeros((resamples, *counts.shape[1:])) for name, counts in counts_of.items()}
    generator = np.random.default_rng(seed)
    for begin in range(0, resamples if size else 0, _RESAMPLES_AT_ONCE):
        end = min(begin + _RESAMPLES_AT_ONCE, resamples)
        weights = np.zeros((end - begin, size))
        for row in weights:
            row[:] = np.bincount(generator.integers(0, size, size), minlength=size)
        for name, counts in counts_of.items():
            totals[name][begin:end] = np.tensordot(weights, counts, axes=1)
    return {name: f1(total) for name, total in totals.items()}


def interval(samples: np.ndarray) -> Interval:
    """Return the percentile interval that contains 95% of the samples (Efron & Tibshirani 1993, chapter 13).

    Example:

    >>> interval(np.arange(101.0))
    (2.5, 97.5)
    """
    low, high = np.percentile(samples, [2.5, 97.5])
    return float(low), float(high)


def causal_scores(
    references: Tags, predictions: Tags, do_context: Tags, do_entity: Tags, resamples: int = 1000, seed: int = 0
) -> CausalEffects:
    """Compute the average causal effects of context and entity on F1, and their difference RI.

    ACE_C = F1(do(c0)) - F1 and ACE_E = F1(do(e0)) - F1 (Zeng et al. 2020, equation 3, where y is the F1 of the whole
    set). RI = ACE_C - ACE_E = F1(do(c0)) - F1(do(e0)) (equation 4). Nothing is divided by F1, so all three are
    defined when F1 is 0.

    Args:
        references (`Sequence[Sequence[str]]`): Gold tags.
        predictions (`Sequence[Sequence[str]]`): Predictions for the unchanged sentences.
        do_context (`Sequence[Sequence[str]]`): Predictions under do(c0): every word outside a gold mention is [EMPTY].
        do_entity (`Sequence[Sequence[str]]`): Predictions under do(e0): every word of a gold mention is [EMPTY].
        resamples (`int`, *optional*, defaults to 1000): Number of bootstrap resamples of the sentences.
        seed (`int`, *optional*, defaults to 0): Seed of the resamples.

    Returns:
        `CausalEffects`: For each of `strict`, `relaxed` and `token`: `f1`, `f1_do_context`, `f1_do_entity`, `ace_c`,
        `ace_e`, `ri`, the intervals `f1_interval`, `ace_c_interval`, `ace_e_interval` and `ri_interval`, and
        `by_type`, in alphabetical order. A type that occurs only in predictions has support 0.

    Raises:
        CfgenError: Lengths differ, a tag does not belong to any scheme, or `resamples` is below 1.

    Example:

    >>> effects = causal_scores([["B-A"]], [["B-A"]], do_context=[["B-A"]], do_entity=[["O"]]).strict
    >>> effects.ace_c, effects.ace_e, effects.ri, effects.by_type["A"].ri
    (0.0, -1.0, 1.0, 1.0)
    """
    passes = {}
    inputs = {"predictions": predictions, "do_context": do_context, "do_entity": do_entity}
    for name, (argument, predicted) in zip(_F1S, inputs.items()):
        with about(argument):
            passes[name] = count(references, predicted)
    passes = _of_all_types(passes)
    values = _effects({name: f1(_micro_first(counts.values).sum(axis=0)) for name, counts in passes.items()})
    samples = _effects(bootstrap_f1(passes, resamples, seed))

    def at(level: int, column: int) -> dict[str, float | Interval]:
        points = {name: float(value[level, column]) for name, value in values.items()}
        names = ("f1", "ace_c", "ace_e", "ri")
        return points | {f"{name}_interval": interval(samples[name][:, level, column]) for name in names}

    types, counts = passes["f1"]
    support = counts[..., 2].sum(axis=0)
    levels = []
    for i in range(len(LEVELS)):
        by_type = {
            t: TypeEffects.from_dict({**at(i, j + 1), "support": int(support[i, j])}) for j, t in enumerate(types)
        }
        levels.append(LevelEffects.from_dict({**at(i, 0), "by_type": by_type}))
    return CausalEffects(*levels)


_F1S = ("f1", "f1_do_context", "f1_do_entity")

_UTF32 = ("utf-32-le", "surrogatepass")

_RESAMPLES_AT_ONCE = 100  # limits memory to 100 weights of 8 bytes per sentence


class _Items(NamedTuple):
    """Counted items: `items[level, column]` has the first word of each item in all sentences, and its type."""

    types: tuple[str, ...]
    lengths: np.ndarray
    items: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]


def _items(references: Tags, predictions: Tags) -> _Items:
    if len(references) != len(predictions):
        raise CfgenError(f"{len(references)} gold sentences but {len(predictions)} predicted ones")
    sides = (references, predictions)
    lengths, others = (np.fromiter(map(len, side), np.int64, len(side)) for side in sides)
    # each new tag gets the next character, because joining characters is faster than making integers
    letters: defaultdict[str, str] = defaultdict(map(chr, itertools.count()).__next__)
    strings = ["".join(map(letters.__getitem__, itertools.chain.from_iterable(side))) for side in sides]
    gold_tags, predicted_tags = (np.frombuffer(side.encode(*_UTF32), "<u4").astype(np.intp) for side in strings)
    types = tuple(sorted({split_tag(tag)[1] for tag in letters} - {""}))
    for row in np.flatnonzero(lengths != others)[:1]:
        raise CfgenError(f"sentence {row}: {lengths[row]} gold tags but {others[row]} predicted ones")
    offsets = offsets_from_lengths(lengths)
    tags = list(letters)
    gold, predicted = (SpanTable.from_tags(codes, tags, offsets, types) for codes in (gold_tags, predicted_tags))
    items = {}
    for level, hits in enumerate(matches(gold, predicted)):
        items[level, 0] = gold.start[hits], gold.type[hits]
        items[level, 1], items[level, 2] = (predicted.start, predicted.type), (gold.start, gold.type)
    token = LEVELS.index("token")
    predicted_types, gold_types = (spans.word_types(lengths.sum()) for spans in (predicted, gold))
    of_predicted, of_gold = (np.flatnonzero(types >= 0) for types in (predicted_types, gold_types))
    right = of_gold[predicted_types[of_gold] == gold_types[of_gold]]
    columns = ((right, gold_types), (of_predicted, predicted_types), (of_gold, gold_types))
    for column, (words, word_types) in enumerate(columns):
        items[token, column] = words, word_types[words]
    return _Items(types, lengths, items)


def _of_all_types(passes: Mapping[str, Counts]) -> dict[str, Counts]:
    """Extend the counts to the union of the types."""
    types = tuple(sorted({label for counts in passes.values() for label in counts.types}))
    spread_out = {}
    for name, counts in passes.items():
        values = np.zeros((*counts.values.shape[:2], len(types), 3), dtype=np.int64)
        values[:, :, [types.index(label) for label in counts.types]] = counts.values
        spread_out[name] = Counts(types, values)
    return spread_out


def _micro_first(values: np.ndarray) -> np.ndarray:
    """Prepend the counts over all types: (sentences, `LEVELS`, 1 + types, 3)."""
    return np.concatenate([values.sum(axis=2, keepdims=True), values], axis=2)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=denominator != 0)


def _scores(counts: np.ndarray) -> tuple[float, float, float, int]:
    hits, predicted, gold = counts
    return float(_ratio(hits, predicted)), float(_ratio(hits, gold)), float(f1(counts)), int(gold)


def _effects(f1s: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Add the effects to the F1 of the three passes."""
    observed, do_context, do_entity = (f1s[name] for name in _F1S)
    return {**f1s, "ace_c": do_context - observed, "ace_e": do_entity - observed, "ri": do_context - do_entity}
