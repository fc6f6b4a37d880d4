"""Scores: strict, relaxed and token-level F1, average causal effects, bootstrap intervals. numpy only.

Everything is computed from one array of counts, `(sentence, level, type, [hits, predicted, gold])`, so that a micro
score, a score by type and a bootstrap resample are sums of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .errors import CfgenError
from .spans import Span, split_tag, tags_to_spans

LEVELS = ("strict", "relaxed", "token")
Tags = Sequence[Sequence[str]]


class Counts(NamedTuple):
    """Hits, predictions and gold items: `values` has the shape (sentences, `LEVELS`, `types`, 3), integers."""

    types: tuple[str, ...]
    values: np.ndarray


def relaxed_hits(gold: Sequence[Span], predicted: Sequence[Span]) -> int:
    """Size of a maximum one-to-one matching of overlapping spans; labels are not compared.

    Relaxed match as in Chinchor & Sundheim (1993, MUC-5), one to one: a prediction over four gold mentions is one hit.
    The spans of each side must be disjoint and in order; then taking the pair that ends first is optimal.

    Args:
        gold (`Sequence[Span]`): Gold mentions of one type.
        predicted (`Sequence[Span]`): Predicted mentions of the same type.

    Returns:
        `int`: The number of pairs.

    Example:

    >>> relaxed_hits([Span(0, 1, "A"), Span(1, 2, "A")], [Span(0, 2, "A")])
    1
    """
    hits = i = j = 0
    while i < len(gold) and j < len(predicted):
        if gold[i].end <= predicted[j].start:
            i += 1
        elif predicted[j].end <= gold[i].start:
            j += 1
        else:
            hits, i, j = hits + 1, i + 1, j + 1
    return hits


def count(references: Tags, predictions: Tags) -> Counts:
    """Count hits, predictions and gold items by sentence, level and type.

    Args:
        references (`Sequence[Sequence[str]]`): Gold tags, one sequence a sentence, of any scheme.
        predictions (`Sequence[Sequence[str]]`): Predicted tags, as many as in `references`.

    Returns:
        `Counts`: Types in alphabetical order. A token is a hit when its label, prefix stripped, is right and not O.

    Raises:
        CfgenError: Lengths differ, or a tag is of no scheme.

    Example:

    >>> count([["B-A", "I-A"]], [["B-A", "O"]]).values[0].tolist()
    [[[0, 1, 1]], [[1, 1, 1]], [[1, 1, 2]]]
    """
    if len(references) != len(predictions):
        raise CfgenError(f"{len(references)} gold sentences but {len(predictions)} predicted ones")
    types = tuple(sorted({split_tag(tag)[1] for side in (references, predictions) for tags in side for tag in tags}))
    types = tuple(label for label in types if label)
    index = {label: t for t, label in enumerate(types)}
    values = np.zeros((len(references), len(LEVELS), len(types), 3), dtype=np.int64)
    for row, (gold_tags, predicted_tags) in enumerate(zip(references, predictions)):
        if len(gold_tags) != len(predicted_tags):
            raise CfgenError(f"sentence {row}: {len(gold_tags)} gold tags but {len(predicted_tags)} predicted ones")
        gold, predicted = tags_to_spans(gold_tags), tags_to_spans(predicted_tags)
        hit_spans = set(gold) & set(predicted)
        for label in {span.label for span in (*gold, *predicted)}:
            gold_of = [span for span in gold if span.label == label]
            predicted_of = [span for span in predicted if span.label == label]
            strict, relaxed, token = values[row, :, index[label]]
            strict[:] = sum(span in hit_spans for span in gold_of), len(predicted_of), len(gold_of)
            relaxed[:] = relaxed_hits(gold_of, predicted_of), len(predicted_of), len(gold_of)
            gold_words = {word for span in gold_of for word in range(span.start, span.end)}
            predicted_words = {word for span in predicted_of for word in range(span.start, span.end)}
            token[:] = len(gold_words & predicted_words), len(predicted_words), len(gold_words)
    return Counts(types, values)


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 from counts: 2 hits / (predicted + gold), the harmonic mean of precision and recall; 0 where both are 0.

    Args:
        counts (`np.ndarray` of shape (..., 3)): Hits, predictions, gold items.

    Returns:
        `np.ndarray` of shape (...): F1 in [0, 1].

    Example:

    >>> f1(np.array([[1, 1, 2], [0, 0, 0]])).round(4).tolist()
    [0.6667, 0.0]
    """
    return _ratio(2 * counts[..., 0], counts[..., 1] + counts[..., 2])


def ner_scores(references: Tags, predictions: Tags) -> dict[str, Any]:
    """Precision, recall and F1 at every level, micro and by type.

    Args:
        references (`Sequence[Sequence[str]]`): Gold tags.
        predictions (`Sequence[Sequence[str]]`): Predicted tags.

    Returns:
        `dict`: For each of `LEVELS`: `precision`, `recall`, `f1` (floats in [0, 1]), `support` (gold items) and
        `by_type`, the same four for each type.

    Raises:
        CfgenError: Lengths differ, or a tag is of no scheme.

    Example:

    >>> scores = ner_scores([["B-A", "I-A"]], [["B-A", "O"]])
    >>> scores["strict"]["f1"], scores["relaxed"]["f1"], round(scores["token"]["f1"], 4)
    (0.0, 1.0, 0.6667)
    """
    types, values = count(references, predictions)
    totals = values.sum(axis=0)
    return {
        level: _report(totals[i].sum(axis=0)) | {"by_type": {t: _report(totals[i, j]) for j, t in enumerate(types)}}
        for i, level in enumerate(LEVELS)
    }


def bootstrap_f1(passes: Mapping[str, Counts], resamples: int = 1000, seed: int = 0) -> dict[str, np.ndarray]:
    """F1 of resamples of the sentences, the same resamples for every pass, so that differences can be taken.

    Args:
        passes (`Mapping[str, Counts]`): Counts of several passes over the same sentences.
        resamples (`int`, *optional*, defaults to 1000): Number of resamples, drawn with replacement.
        seed (`int`, *optional*, defaults to 0): Seed of the draws.

    Returns:
        `dict[str, np.ndarray]`: For each pass an array (resamples, `LEVELS`, 1 + its types): micro F1, then the F1 of
        each type.

    Raises:
        CfgenError: The passes are over different numbers of sentences, or no resample is asked for.

    Example:

    >>> passes = {"f1": count([["B-A"], ["O"]], [["B-A"], ["O"]])}
    >>> bootstrap_f1(passes, resamples=4)["f1"].shape
    (4, 3, 2)
    """
    if resamples < 1:
        raise CfgenError(f"resamples is {resamples}: at least 1 is needed")
    sizes = {len(counts.values) for counts in passes.values()}
    if len(sizes) != 1:
        raise CfgenError(f"the passes are over different numbers of sentences: {sorted(sizes)}")
    size = sizes.pop()
    # floats, because only their products are fast; sums of counts stay exact below 2**53
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


def interval(samples: np.ndarray) -> list[float]:
    """The percentile interval that holds 95 % of the samples (Efron & Tibshirani 1993, chapter 13).

    Args:
        samples (`np.ndarray` of shape (resamples,)): One value a resample.

    Returns:
        `list[float]`: Lower and upper end.

    Example:

    >>> interval(np.arange(101.0))
    [2.5, 97.5]
    """
    return [float(end) for end in np.percentile(samples, [2.5, 97.5])]


def causal_scores(
    references: Tags, predictions: Tags, do_context: Tags, do_entity: Tags, resamples: int = 1000, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Average causal effects of context and entity on F1, and their difference RI.

    ACE_C = F1(do(c0)) - F1 and ACE_E = F1(do(e0)) - F1 (Zeng et al. 2020, equation 3, y the F1 of the whole set);
    RI = ACE_C - ACE_E = F1(do(c0)) - F1(do(e0)) (equation 4). Nothing divides by F1, so all are defined when it is 0.

    Args:
        references (`Sequence[Sequence[str]]`): Gold tags.
        predictions (`Sequence[Sequence[str]]`): Predictions for the sentences as they are.
        do_context (`Sequence[Sequence[str]]`): Predictions under do(c0): every word outside a gold mention [EMPTY].
        do_entity (`Sequence[Sequence[str]]`): Predictions under do(e0): every word of a gold mention [EMPTY].
        resamples (`int`, *optional*, defaults to 1000): Number of bootstrap resamples of the sentences.
        seed (`int`, *optional*, defaults to 0): Seed of the resamples.

    Returns:
        `dict`: For each of `LEVELS`: `f1`, `f1_do_context`, `f1_do_entity`, `ace_c`, `ace_e`, `ri` (floats),
        `f1_interval`, `ace_c_interval`, `ace_e_interval`, `ri_interval` (lower and upper end, 95 %), and `by_type`,
        the same ten and `support` (gold items) for each type, in alphabetical order. A type that only the predictions
        of some pass have is one of them, with support 0.

    Raises:
        CfgenError: Lengths differ, a tag is of no scheme, or no resample is asked for.

    Example:

    >>> scores = causal_scores([["B-A"]], [["B-A"]], do_context=[["B-A"]], do_entity=[["O"]])["strict"]
    >>> scores["ace_c"], scores["ace_e"], scores["ri"], scores["by_type"]["A"]["ri"]
    (0.0, -1.0, 1.0, 1.0)
    """
    tags = dict(zip(_GIVEN, (predictions, do_context, do_entity)))
    passes = {}
    for name, predicted in tags.items():
        try:
            passes[name] = count(references, predicted)
        except CfgenError as error:
            raise CfgenError(f"{_GIVEN[name]}: {error}") from None
    passes = _of_all_types(passes)
    points = {name: f1(_micro_first(counts.values).sum(axis=0)) for name, counts in passes.items()}
    samples = bootstrap_f1(passes, resamples, seed)

    def effects(f1s: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        ace_c, ace_e = f1s["f1_do_context"] - f1s["f1"], f1s["f1_do_entity"] - f1s["f1"]
        return {**f1s, "ace_c": ace_c, "ace_e": ace_e, "ri": f1s["f1_do_context"] - f1s["f1_do_entity"]}

    values, spread = effects(points), effects(samples)

    def report(level: int, column: int) -> dict[str, Any]:
        return {name: float(value[level, column]) for name, value in values.items()} | {
            f"{name}_interval": interval(spread[name][:, level, column]) for name in ("f1", "ace_c", "ace_e", "ri")
        }

    types, counts = passes["f1"]
    support = counts[..., 2].sum(axis=0)
    return {
        level: report(i, 0)
        | {"by_type": {t: report(i, j + 1) | {"support": int(support[i, j])} for j, t in enumerate(types)}}
        for i, level in enumerate(LEVELS)
    }


_GIVEN = {"f1": "predictions", "f1_do_context": "do_context", "f1_do_entity": "do_entity"}
_RESAMPLES_AT_ONCE = 100  # their weights take 8 bytes a sentence each


def _of_all_types(passes: Mapping[str, Counts]) -> dict[str, Counts]:
    """The same counts, with a place for every type of any pass in each."""
    types = tuple(sorted({label for counts in passes.values() for label in counts.types}))
    spread_out = {}
    for name, counts in passes.items():
        values = np.zeros((*counts.values.shape[:2], len(types), 3), dtype=np.int64)
        values[:, :, [types.index(label) for label in counts.types]] = counts.values
        spread_out[name] = Counts(types, values)
    return spread_out


def _micro_first(values: np.ndarray) -> np.ndarray:
    """The counts over all types, then those of each: (sentences, `LEVELS`, 1 + types, 3)."""
    return np.concatenate([values.sum(axis=2, keepdims=True), values], axis=2)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=denominator != 0)


def _report(counts: np.ndarray) -> dict[str, float | int]:
    hits, predicted, gold = counts
    return {
        "precision": float(_ratio(hits, predicted)),
        "recall": float(_ratio(hits, gold)),
        "f1": float(f1(counts)),
        "support": int(gold),
    }
