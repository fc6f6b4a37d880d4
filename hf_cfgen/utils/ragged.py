"""Rows of different lengths in one array: their values concatenated, and where each row starts."""

import numpy as np


def expand_ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Concatenate the positions of many ranges; the result is int32 if that is wide enough.

    Example:

    >>> expand_ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = lengths.cumsum()
    # int32 is three times as fast as int64
    kind = np.int32 if max(ends[-1:].max(initial=0), starts.max(initial=0)) < 2**30 else np.int64
    positions = np.repeat((starts - ends + lengths).astype(kind), lengths)
    positions += np.arange(len(positions), dtype=kind)
    return positions


def offsets_from_lengths(lengths: np.ndarray) -> np.ndarray:
    """Return where each row starts, and the number of values: int64 of shape (rows + 1,).

    Example:

    >>> offsets_from_lengths(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    return np.concatenate([[0], lengths.cumsum()]).astype(np.int64)


def first_positions(codes: np.ndarray, count: int) -> np.ndarray:
    """Return the first position of each number that occurs, in the order of the numbers from 0 to `count - 1`.

    Example:

    >>> first_positions(np.array([3, 1, 3, 1]), 5)
    array([1, 0])
    """
    firsts = np.full(count, len(codes))
    firsts[codes[::-1]] = np.arange(len(codes))[::-1]  # numpy keeps the last assignment
    return firsts[firsts < len(codes)]
