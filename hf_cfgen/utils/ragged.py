"""Ragged rows in flat arrays: their values one after the other, and where each row begins."""

import numpy as np


def expand_ranges(begin: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Positions of rows that stand anywhere in a flat array, one row after the other.

    Args:
        begin (`np.ndarray` of shape (rows,), int): Where each row begins.
        size (`np.ndarray` of shape (rows,), int): How long it is.

    Returns:
        `np.ndarray`, int32 where that is wide enough: As many positions as the sizes add up to.

    Example:

    >>> expand_ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    behind = size.cumsum()
    # half as wide, three times as fast
    kind = np.int32 if max(behind[-1:].max(initial=0), begin.max(initial=0)) < 2**30 else np.int64
    positions = np.repeat((begin - behind + size).astype(kind), size)
    positions += np.arange(len(positions), dtype=kind)
    return positions


def offsets_from_lengths(sizes: np.ndarray) -> np.ndarray:
    """Where rows begin in a flat array, and its length.

    Args:
        sizes (`np.ndarray` of shape (rows,), int): How long each row is.

    Returns:
        `np.ndarray` of shape (rows + 1,): Their sums.

    Example:

    >>> offsets_from_lengths(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    return np.concatenate([[0], sizes.cumsum()]).astype(np.int64)


def first_positions(codes: np.ndarray, count: int) -> np.ndarray:
    """Where each of some numbers stands first.

    Args:
        codes (`np.ndarray`): Numbers.
        count (`int`): One more than the highest one.

    Returns:
        `np.ndarray`: For each number that occurs, in the order of the numbers, its first position.

    Example:

    >>> first_positions(np.array([3, 1, 3, 1]), 5)
    array([1, 0])
    """
    firsts = np.full(count, len(codes))
    firsts[codes[::-1]] = np.arange(len(codes))[::-1]  # of several, the last one assigned stays
    return firsts[firsts < len(codes)]
