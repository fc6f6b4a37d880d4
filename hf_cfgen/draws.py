"""Random draws that depend on a seed and a row's id alone, made for many rows at once."""

import hashlib
from collections.abc import Iterable

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_STIR = tuple(map(np.uint64, (30, 0xBF58476D1CE4E5B9, 27, 0x94D049BB133111EB, 31)))


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


def derived(keys: np.ndarray, numbers: np.ndarray | int) -> np.ndarray:
    """Further keys of rows, one for each number.

    Args:
        keys (`np.ndarray`, uint64): Keys of rows.
        numbers (`np.ndarray` or `int`): Numbers of at least 0, broadcast against the keys.

    Returns:
        `np.ndarray`, uint64: The keys: the outputs of splitmix64 (Steele et al. 2014) from the states `keys`.
    """
    first, second, third, fourth, last = _STIR
    # of an array: numpy warns where a single number overflows, as it shall here
    state = keys + (np.atleast_1d(numbers).astype(np.uint64) + np.uint64(1)) * _GOLDEN
    state = (state ^ (state >> first)) * second
    state = (state ^ (state >> third)) * fourth
    return state ^ (state >> last)


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
    words = derived(keys[:, None], steps) >> np.uint64(32)
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
