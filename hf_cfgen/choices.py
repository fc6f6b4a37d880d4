"""Which mentions to replace by which forms: the draws of many rows at once."""

import numpy as np

from .draws import derived, shuffled


def paper_choices(
    keys: np.ndarray, rows: np.ndarray, types: np.ndarray, own: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One random mention a row, and every form of its type that is not its own text.

    Args:
        keys (`np.ndarray`, uint64): The key of each row.
        rows (`np.ndarray` of shape (mentions,)): The row of each mention that has some form to swap in, in order.
        types (`np.ndarray` of shape (mentions,)): The number of its type.
        own (`np.ndarray` of shape (mentions,)): The position of its own text among the forms of its type, or -1.
        sizes (`np.ndarray` of shape (mentions,)): How many forms its type has.

    Returns:
        `tuple[np.ndarray, np.ndarray]`: For each candidate, row by row, the mention and the position of its new form.

    Example:

    >>> one = np.array([0])
    >>> paper_choices(np.array([7], dtype=np.uint64), one, one, np.array([1]), np.array([3]))
    (array([0, 0]), array([0, 2]))
    """
    mentions = _in_turn(keys, rows)[:, 0] if len(rows) else np.empty(0, dtype=np.int64)
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
        types (`np.ndarray`): The number of its type.
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
    slots = _in_turn(keys, rows)
    count = types.max() + 1
    _, firsts, pair_of = np.unique(rows * count + types, return_index=True, return_inverse=True)
    # one more than k: k - 1 forms may be used already and one be the mention's own text
    of_pairs = derived(keys[rows[firsts]], types[firsts] + 1)
    order = shuffled(of_pairs, sizes[firsts], min(k + 1, sizes.max()))
    used = np.zeros(order.shape, dtype=bool)
    left = (order[pair_of] >= 0) & (order[pair_of] != own[:, None])
    made = np.zeros(len(slots), dtype=np.int64)
    steps = []  # in each, some rows get their next candidate
    waiting = slots >= 0
    while waiting.any():
        for turn in range(slots.shape[1]):
            at = np.flatnonzero(waiting[:, turn])
            if not len(at):
                continue
            some = left[slots[at, turn]].any(axis=1)
            waiting[at[~some], turn] = False
            at = at[some]
            mentions = slots[at, turn]
            fresh = left[mentions] & ~used[pair_of[mentions]]
            form = np.where(fresh.any(axis=1), fresh.argmax(axis=1), left[mentions].argmax(axis=1))
            left[mentions, form] = False
            used[pair_of[mentions], form] = True
            made[at] += 1
            waiting[at[made[at] == k]] = False
            steps.append((at, mentions, order[pair_of[mentions], form]))
    row, mention, chosen = map(np.concatenate, zip(*steps))
    by_row = np.argsort(row, kind="stable")
    return mention[by_row], chosen[by_row]


def _in_turn(keys: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """For each row that has some, its mentions in a random order, and then -1."""
    of_rows, firsts, counts = np.unique(rows, return_index=True, return_counts=True)
    order = shuffled(derived(keys[of_rows], 0), counts, counts.max())
    return np.where(order >= 0, firsts[:, None] + order, -1)
