"""Ragged rows in flat arrays: their values one after the other, and where each row begins."""

import numpy as np


def ranges(begin: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Positions of rows that stand anywhere in a flat array, one row after the other.

    Args:
        begin (`np.ndarray` of shape (rows,), int): Where each row begins.
        size (`np.ndarray` of shape (rows,), int): How long it is.

    Returns:
        `np.ndarray`: As many positions as the sizes add up to.

    Example:

    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    behind = size.cumsum()
    return np.arange(behind[-1] if len(behind) else 0) + np.repeat(begin - behind + size, size)


def offsets_of(sizes: np.ndarray) -> np.ndarray:
    """Where rows begin in a flat array, and its length.

    Args:
        sizes (`np.ndarray` of shape (rows,), int): How long each row is.

    Returns:
        `np.ndarray` of shape (rows + 1,): Their sums.

    Example:

    >>> offsets_of(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    return np.concatenate([[0], sizes.cumsum()]).astype(np.int64)
