"""Which mentions to replace by which surface forms: draws that depend on a seed and a row id alone."""

import hashlib
from collections.abc import Iterable

import numpy as np

from ..utils.hashing import derive_keys
from ..utils.ragged import expand_ranges


def row_keys(seed: int, ids: Iterable[str]) -> np.ndarray:
    """The key of each row, from which all its draws come.

    Args:
        seed (`int`): The seed.
        ids (`Iterable[str]`): The rows' ids.

    Returns:
        `np.ndarray` of shape (rows,), uint64: The keys.

    Example:

    >>> row_keys(42, ["a", "b"])
    array([11322613336624170386,  6438679217907284491], dtype=uint64)
    """
    digests = b"".join(hashlib.blake2b(f"{seed}/{row_id}".encode(), digest_size=8).digest() for row_id in ids)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def shuffled(keys: np.ndarray, sizes: np.ndarray, count: int) -> np.ndarray:
    """The begin of a uniformly random order of `range(size)` for each key.

    The shuffle of Fisher & Yates. Where only the begin of some order is taken, only the places that were changed are
    kept, so that it costs as much for a range of a million as for one of ten.

    Args:
        keys (`np.ndarray` of shape (rows,), uint64): The keys.
        sizes (`np.ndarray` of shape (rows,)): The sizes, each at least 1 and below 2 ** 32.
        count (`int`): How many to take of each order.

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
    drawn = (words * left >> np.uint64(32)).astype(np.int64) + steps  # the place that each step changes with its own
    if sizes.max(initial=0) <= count:
        return np.where(steps < sizes[:, None], _swapped(drawn), -1)
    moved = np.empty_like(drawn)  # what that place has from then on
    order = np.empty_like(drawn)
    for step in range(count):
        order[:, step], moved[:, step] = drawn[:, step], step
        for earlier in range(step):
            for found, place in ((order, drawn[:, step]), (moved, step)):
                changed = drawn[:, earlier] == place
                found[changed, step] = moved[changed, earlier]
    order[steps >= sizes[:, None]] = -1
    return order


def _swapped(drawn: np.ndarray) -> np.ndarray:
    """Each row's places in turn swapped with those drawn."""
    places = np.repeat(np.arange(drawn.shape[1])[:, None], len(drawn), axis=1)  # a row a place
    row = np.arange(len(drawn))
    for step, other in enumerate(drawn.T):
        found = places[other, row]
        places[other, row] = places[step]
        places[step] = found
    return places.T


def paper_choices(
    keys: np.ndarray, rows: np.ndarray, own: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One random mention a row, and every form of its type that is not its own text.

    Args:
        keys (`np.ndarray`, uint64): The key of each row.
        rows (`np.ndarray` of shape (mentions,)): The row of each mention that has some form to swap in, in order.
        own (`np.ndarray` of shape (mentions,)): The position of its own text among the forms of its type, or -1.
        sizes (`np.ndarray` of shape (mentions,)): How many forms its type has.

    Returns:
        `tuple[np.ndarray, np.ndarray]`: For each candidate, row by row, the mention and the position of its new form.

    Example:

    >>> one = np.array([0])
    >>> paper_choices(np.array([7], dtype=np.uint64), one, np.array([1]), np.array([3]))
    (array([0, 0]), array([0, 2]))
    """
    in_turn, begins, _ = _in_turn(keys, rows)
    mentions = in_turn[begins]
    has_own = own[mentions] >= 0
    counts = sizes[mentions] - has_own
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    behind = np.repeat(np.where(has_own, own[mentions], sizes[mentions]), counts)
    return np.repeat(mentions, counts), number + (number >= behind)


def budget_choices(
    k: int, keys: np.ndarray, rows: np.ndarray, types: np.ndarray, own: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Up to k pairs a row: mentions in turn, and for each the next form of its type that the row has not used yet.

    Forms come in a uniformly random order, so that every form of a type is as likely, seen once or often.

    Args:
        k (`int`): The budget.
        keys (`np.ndarray`, uint64): See `paper_choices`, as the others.
        rows (`np.ndarray`): The row of each mention.
        types (`np.ndarray` of shape (mentions,)): The number of its type.
        own (`np.ndarray`): The position of its own text.
        sizes (`np.ndarray`): How many forms its type has.

    Returns:
        `tuple[np.ndarray, np.ndarray]`: See `paper_choices`.

    Example:

    >>> one = np.array([0])
    >>> budget_choices(2, np.array([7], dtype=np.uint64), one, one, np.array([1]), np.array([3]))
    (array([0, 0]), array([2, 0]))
    """
    if not len(rows):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    in_turn, begins, mentions_of = _in_turn(keys, rows)
    count = types.max() + 1
    _, firsts, pair_of = np.unique(rows * count + types, return_index=True, return_inverse=True)
    # one more than k: k - 1 forms may be used already and one be the mention's own text
    of_pairs = derive_keys(keys[rows[firsts]], types[firsts] + 1)
    order = shuffled(of_pairs, sizes[firsts], min(k + 1, sizes.max()))
    used = np.zeros(order.shape, dtype=bool)
    left = (order[pair_of] >= 0) & (order[pair_of] != own[:, None])
    made = np.zeros(len(begins), dtype=np.int64)
    steps = []  # in each, some rows get their next candidate
    waiting = np.ones(len(rows), dtype=bool)  # the places of `in_turn`
    by_mentions = np.argsort(-mentions_of, kind="stable")
    behind = np.searchsorted(-mentions_of[by_mentions], -np.arange(mentions_of.max()), side="left")
    while waiting.any():
        for turn, end in enumerate(behind.tolist()):
            at = by_mentions[:end]  # the rows that have so many mentions
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
    return mention[by_row], chosen[by_row]


def _in_turn(keys: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mentions of each row that has some, in a random order; where each row begins and how many it has."""
    of_rows, begins, counts = np.unique(rows, return_index=True, return_counts=True)
    of_rows = derive_keys(keys[of_rows], 0)
    in_turn = np.empty(len(rows), dtype=np.int64)
    widths = np.frexp(counts)[1]  # so that a row of many mentions makes the orders of the others no longer
    for width in np.unique(widths).tolist():
        at = np.flatnonzero(widths == width)
        order = shuffled(of_rows[at], counts[at], counts[at].max())
        in_turn[expand_ranges(begins[at], counts[at])] = (begins[at, None] + order)[order >= 0]
    return in_turn, begins, counts
