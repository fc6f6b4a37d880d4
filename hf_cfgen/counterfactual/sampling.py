"""Sample interventions: which mentions are replaced, and by which surface forms.

What is sampled for a row depends only on a seed and the row's id. Arrays of mentions have the shape (mentions,), in
the order of the text. The forms of a type are numbered from 0.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ..utils.hashing import derive_keys
from ..utils.ragged import expand_ranges

SHARE_REPLACED = 0.7  # of the mentions of a row, in the candidates of "varied" that replace most of them

_MANY = 2**32  # a number that no type has: the keys of these candidates are independent of all others


class Interventions(NamedTuple):
    """The replaced mentions of all candidates, row by row and candidate by candidate, in the order of the text.

    Args:
        candidate (`np.ndarray`): The number of the candidate, from 0.
        mention (`np.ndarray`): The mention that is replaced.
        form (`np.ndarray`): The number of its new form.
    """

    candidate: np.ndarray
    mention: np.ndarray
    form: np.ndarray


def row_keys(seed: int, ids: Iterable[str]) -> np.ndarray:
    """Return one random key (uint64) per row, from the seed and the row's id.

    Example:

    >>> row_keys(42, ["a", "b"])
    array([11322613336624170386,  6438679217907284491], dtype=uint64)
    """
    hashes = b"".join(hashlib.blake2b(f"{seed}/{row_id}".encode(), digest_size=8).digest() for row_id in ids)
    return np.frombuffer(hashes, dtype="<u8").astype(np.uint64)


def shuffled(keys: np.ndarray, sizes: np.ndarray, count: int) -> np.ndarray:
    """Return the first `count` numbers of a uniformly random order of `range(size)` for each key.

    This is the Fisher-Yates shuffle. If `count` is less than a size, only the changed positions are stored, so the
    cost does not depend on the size.

    Args:
        keys (`np.ndarray` of shape (rows,), uint64): The keys.
        sizes (`np.ndarray` of shape (rows,)): The sizes, each at least 1 and below 2 ** 32.
        count (`int`): How many numbers to return per row.

    Returns:
        `np.ndarray` of shape (rows, count), int64: Distinct numbers in each row; -1 once its range is exhausted.

    Example:

    >>> shuffled(row_keys(42, ["a", "b"]), np.array([3, 9]), 4)
    array([[ 0,  2,  1, -1],
           [ 4,  1,  7,  5]])
    """
    sizes = np.asarray(sizes, dtype=np.int64)
    steps = np.arange(count)
    left = np.maximum(sizes[:, None] - steps, 0).astype(np.uint64)
    words = derive_keys(keys[:, None], steps) >> np.uint64(32)
    partner = (words * left >> np.uint64(32)).astype(np.int64) + steps  # what each step swaps its position with
    if sizes.max(initial=0) <= count:
        return np.where(steps < sizes[:, None], _swapped(partner), -1)
    moved = np.empty_like(partner)  # the number at that position after the step
    order = np.empty_like(partner)
    for step in range(count):
        order[:, step], moved[:, step] = partner[:, step], step
        for earlier in range(step):
            for found, position in ((order, partner[:, step]), (moved, step)):
                changed = partner[:, earlier] == position
                found[changed, step] = moved[changed, earlier]
    order[steps >= sizes[:, None]] = -1
    return order


def _swapped(partner: np.ndarray) -> np.ndarray:
    """Swap each position of a row, in turn, with its partner."""
    numbers = np.repeat(np.arange(partner.shape[1])[:, None], len(partner), axis=1)  # transposed
    row = np.arange(len(partner))
    for step, other in enumerate(partner.T):
        found = numbers[other, row]
        numbers[other, row] = numbers[step]
        numbers[step] = found
    return numbers.T


def sample_paper(keys: np.ndarray, rows: np.ndarray, own: np.ndarray, sizes: np.ndarray) -> Interventions:
    """Take one random mention per row, and replace it by every other surface form of its type.

    Args:
        keys (`np.ndarray`, uint64): The key of each row.
        rows (`np.ndarray`): The row of each mention that has a form to swap in.
        own (`np.ndarray`): The number of the mention's own form, or -1.
        sizes (`np.ndarray`): The number of forms of its type.

    Example:

    >>> one = np.array([0])
    >>> sample_paper(np.array([7], dtype=np.uint64), one, np.array([1]), np.array([3]))
    Interventions(candidate=array([0, 1]), mention=array([0, 0]), form=array([0, 2]))
    """
    in_turn, begins, _ = _in_turn(keys, rows)
    mentions = in_turn[begins]
    has_own = own[mentions] >= 0
    counts = sizes[mentions] - has_own
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    behind = np.repeat(np.where(has_own, own[mentions], sizes[mentions]), counts)
    return Interventions(np.arange(len(number)), np.repeat(mentions, counts), number + (number >= behind))


def sample_budget(
    k: int, keys: np.ndarray, rows: np.ndarray, types: np.ndarray, own: np.ndarray, sizes: np.ndarray
) -> Interventions:
    """Draw up to k candidates per row. Cycle through the mentions of the row.

    Each mention takes the next form of its type that the row has not used; if none is left, it reuses one. The order
    of the forms is uniformly random and does not depend on their frequency. `types` has the number of each mention's
    type; see `sample_paper` for the other arguments.

    Example:

    >>> one = np.array([0])
    >>> sample_budget(2, np.array([7], dtype=np.uint64), one, one, np.array([1]), np.array([3]))
    Interventions(candidate=array([0, 1]), mention=array([0, 0]), form=array([2, 0]))
    """
    if not len(rows):
        return Interventions(*np.empty((3, 0), dtype=np.int64))
    in_turn, begins, mentions_of = _in_turn(keys, rows)
    count = types.max() + 1
    _, firsts, pair_of = np.unique(rows * count + types, return_index=True, return_inverse=True)
    # k + 1, because k - 1 forms may be used already and one may be the mention's own
    of_pairs = derive_keys(keys[rows[firsts]], types[firsts] + 1)
    order = shuffled(of_pairs, sizes[firsts], min(k + 1, sizes.max()))
    used = np.zeros(order.shape, dtype=bool)
    left = (order[pair_of] >= 0) & (order[pair_of] != own[:, None])
    made = np.zeros(len(begins), dtype=np.int64)
    steps = []  # at each step, some rows get their next candidate
    waiting = np.ones(len(rows), dtype=bool)  # positions in `in_turn`
    by_mentions = np.argsort(-mentions_of, kind="stable")
    behind = np.searchsorted(-mentions_of[by_mentions], -np.arange(mentions_of.max()), side="left")
    while waiting.any():
        for turn, end in enumerate(behind.tolist()):
            at = by_mentions[:end]  # the rows with more than `turn` mentions
            at = at[waiting[begins[at] + turn]]
            if not len(at):
                continue
            some = left[in_turn[begins[at] + turn]].any(axis=1)
            waiting[begins[at[~some]] + turn] = False
            at = at[some]
            mentions = in_turn[begins[at] + turn]
            fresh = left[mentions] & ~used[pair_of[mentions]]
            form = np.where(fresh.any(axis=1), fresh.argmax(axis=1), left[mentions].argmax(axis=1))
            left[mentions, form] = False
            used[pair_of[mentions], form] = True
            made[at] += 1
            full = at[made[at] == k]
            waiting[expand_ranges(begins[full], mentions_of[full])] = False
            steps.append((at, mentions, order[pair_of[mentions], form]))
    row, mention, chosen = map(np.concatenate, zip(*steps))
    by_row = np.argsort(row, kind="stable")
    return Interventions(np.arange(len(row)), mention[by_row], chosen[by_row])


def sample_varied(
    k: int, keys: np.ndarray, rows: np.ndarray, types: np.ndarray, own: np.ndarray, sizes: np.ndarray
) -> Interventions:
    """Sample k candidates per row: half replace one mention each, see `sample_budget`, and half replace most mentions.

    In the second half, each mention is replaced with probability `SHARE_REPLACED`, as in mention replacement (Dai &
    Adel 2020), and one random mention if none is drawn. The new form is drawn uniformly from the other forms of the
    type. If k is odd, the first half is larger.

    Example:

    >>> rows, types, own, sizes = np.array([[0, 0], [0, 0], [0, 1], [3, 3]])
    >>> sample_varied(2, np.array([7], dtype=np.uint64), rows, types, own, sizes)
    Interventions(candidate=array([0, 1, 1]), mention=array([1, 0, 1]), form=array([2, 1, 2]))
    """
    one = sample_budget((k + 1) // 2, keys, rows, types, own, sizes)
    many = _sample_many(k // 2, keys, rows, own, sizes)
    behind = many._replace(candidate=many.candidate + len(one.candidate))
    number, mention, form = (np.concatenate(columns) for columns in zip(one, behind))
    order = np.lexsort((mention, number, rows[mention]))
    candidate = np.cumsum(np.diff(number[order], prepend=number[order[:1]]) != 0)
    return Interventions(candidate, mention[order], form[order])


def _sample_many(copies: int, keys: np.ndarray, rows: np.ndarray, own: np.ndarray, sizes: np.ndarray) -> Interventions:
    """Sample the candidates that replace most mentions of a row."""
    of_rows, begins, counts = np.unique(rows, return_index=True, return_counts=True)
    if not copies or not len(rows):
        return Interventions(*np.empty((3, 0), dtype=np.int64))
    of_copies = derive_keys(derive_keys(keys[of_rows], _MANY)[:, None], np.arange(copies))
    place = np.arange(len(rows)) - np.repeat(begins, counts)
    of_mentions = derive_keys(np.repeat(of_copies, counts, axis=0), place[:, None] + 1)
    replaced = _below(derive_keys(of_mentions, 0), 1 << 20) < SHARE_REPLACED * (1 << 20)
    row, copy = np.nonzero(~np.logical_or.reduceat(replaced, begins))
    replaced[begins[row] + _below(derive_keys(of_copies[row, copy], 0), counts[row]), copy] = True
    copy, mention = np.nonzero(replaced.T)
    has_own = own[mention] >= 0
    form = _below(derive_keys(of_mentions[mention, copy], 1), sizes[mention] - has_own)
    return Interventions(
        np.repeat(np.arange(len(of_rows)), counts)[mention] * copies + copy,
        mention,
        form + (has_own & (form >= own[mention])),
    )


def _below(keys: np.ndarray, sizes: np.ndarray | int) -> np.ndarray:
    """Return a uniformly random number of `range(size)`, for sizes below 2 ** 32."""
    return (keys >> np.uint64(32)).astype(np.int64) * sizes >> 32


def _in_turn(keys: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mentions of each row in a random order, where each row starts, and its number of mentions."""
    of_rows, begins, counts = np.unique(rows, return_index=True, return_counts=True)
    of_rows = derive_keys(keys[of_rows], 0)
    in_turn = np.empty(len(rows), dtype=np.int64)
    widths = np.frexp(counts)[1]  # group by size, so a row of many mentions does not lengthen the others
    for width in np.unique(widths).tolist():
        at = np.flatnonzero(widths == width)
        order = shuffled(of_rows[at], counts[at], counts[at].max())
        in_turn[expand_ranges(begins[at], counts[at])] = (begins[at, None] + order)[order >= 0]
    return in_turn, begins, counts
