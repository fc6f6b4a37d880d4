"""Verdicts on counterfactual examples, many rows at once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .arrays import offsets_of, ranges
from .spans import SpanArrays, span_arrays, tag_set

REASONS = ("truncated", "wrong_boundaries", "wrong_type", "missed")


class Replaced(NamedTuple):
    """The replaced mentions of many rows, in any order.

    Args:
        row (`np.ndarray` of shape (mentions,)): The row of each.
        start (`np.ndarray` of shape (mentions,)): Its first word, counted over all rows.
        end (`np.ndarray` of shape (mentions,)): The word behind its last one.
        label (`Sequence[str]`): Its type.
    """

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    label: Sequence[str]


def verdicts(
    replaced: Replaced, predicted: np.ndarray, labels: Sequence[str], seen: np.ndarray, offsets: np.ndarray
) -> list[str | None]:
    """Judge counterfactual examples.

    Args:
        replaced (`Replaced`): The replaced mentions.
        predicted (`np.ndarray` of shape (words,)): The predicted tag of every word of all rows, a number of `labels`;
            any number for a word that was not seen, which reads as O.
        labels (`Sequence[str]`): The tags.
        seen (`np.ndarray` of shape (words,), bool): Whether the word was in a window of the model.
        offsets (`np.ndarray` of shape (rows + 1,)): Where each row begins, and the number of words.

    Returns:
        `list[str | None]`: For each row `None` if it is reasonable, that is, every replaced mention is predicted with
        its type and exact boundaries; else the first of `REASONS` that holds of any: `truncated`, a mention outside
        every window; `wrong_boundaries`, a predicted mention of the same type overlaps it; `wrong_type`, one of
        another type does; `missed`.

    Example:

    >>> mention = Replaced(row=np.array([0]), start=np.array([0]), end=np.array([1]), label=["PER"])
    >>> predicted, offsets = np.array([1, 2]), np.array([0, 2])
    >>> verdicts(mention, predicted, ["O", "B-PER", "I-PER"], np.array([True, True]), offsets)
    ['wrong_boundaries']
    """
    names = tag_set([*labels, "O"])
    found = span_arrays(np.where(seen, predicted, len(labels)), offsets, names)
    number = {label: i for i, label in enumerate(names.types)}
    types = np.array([number.get(label, -1) for label in replaced.label], dtype=np.int64)
    mentions = SpanArrays(replaced.start, replaced.end, types)

    first = np.searchsorted(found.end, mentions.start, side="right")
    overlaps = np.maximum(np.searchsorted(found.start, mentions.end, side="left") - first, 0)
    mention, other = np.repeat(np.arange(len(first)), overlaps), ranges(first, overlaps)
    same_type = found.type[other] == mentions.type[mention]
    exact = same_type & (found.start[other] == mentions.start[mention]) & (found.end[other] == mentions.end[mention])

    unseen = offsets_of(~seen)
    rank = np.full(len(first), REASONS.index("missed"))
    rank[overlaps > 0] = REASONS.index("wrong_type")
    rank[mention[same_type]] = REASONS.index("wrong_boundaries")
    rank[mention[exact]] = len(REASONS)
    rank[unseen[mentions.end] > unseen[mentions.start]] = REASONS.index("truncated")
    worst = np.full(len(offsets) - 1, len(REASONS))
    np.minimum.at(worst, replaced.row, rank)
    return [(*REASONS, None)[place] for place in worst]


def smallest(values: np.ndarray, row: np.ndarray, rows: int) -> np.ndarray:
    """The smallest value of each row; NaN where one is NaN, or there is none.

    Args:
        values (`np.ndarray` of shape (values,), float): Values.
        row (`np.ndarray` of shape (values,)): The row of each.
        rows (`int`): The number of rows.

    Returns:
        `np.ndarray` of shape (rows,): One a row.

    Example:

    >>> smallest(np.array([0.5, 0.25, np.nan]), np.array([0, 0, 1]), 3).tolist()
    [0.25, nan, nan]
    """
    least = np.full(rows, np.inf, dtype=values.dtype)
    np.minimum.at(least, row, np.where(np.isnan(values), -np.inf, values))
    return np.where(np.isinf(least), np.nan, least)
