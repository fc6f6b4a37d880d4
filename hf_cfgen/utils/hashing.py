"""Random draws that depend on a seed and a row's id alone, made for many rows at once."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from .arrow_arrays import StringArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

_STIR = tuple(map(np.uint64, (30, 0xBF58476D1CE4E5B9, 27, 0x94D049BB133111EB, 31)))


def derive_keys(keys: np.ndarray, numbers: np.ndarray | int) -> np.ndarray:
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


_BASES = (0x9FB21C651E98DF25, 0xD6E8FEB86659FD93)  # 5 and 3 modulo 8: no odd number's powers repeat later

Halves = np.ndarray | Sequence[np.ndarray]

_SORTED_AT_ONCE = 1_000_000  # for memory that does not grow with the rows

_OF_BYTES = np.stack([derive_keys(np.full(1, half, dtype=np.uint64), np.arange(256)) for half in (1, 2)])


def hash_words(words: Any) -> np.ndarray:
    """The digests of words.

    Args:
        words (`pa.StringArray`): The words.

    Returns:
        `np.ndarray` of shape (2, words), uint64: Their digests.

    Example:

    >>> first, second, third = hash_words(pa.array(["ab", "b", "ab"])).T.tolist()
    >>> first == third, first == second
    (True, False)
    """
    encoded = words.dictionary_encode()
    distinct = StringArray.of(encoded.dictionary)
    digests = hash_rows(_OF_BYTES[:, distinct.data], distinct.offsets[:-1, None], distinct.offsets[1:, None])
    return digests[:, encoded.indices.to_numpy()]


def hash_rows(words: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The digests of rows, each of some segments, one behind another.

    Args:
        words (`np.ndarray` of shape (2, words), uint64): What `hash_words` returned.
        starts (`np.ndarray` of shape (rows, segments)): Where each segment begins among the words.
        ends (`np.ndarray` of shape (rows, segments)): Where it ends.

    Returns:
        `np.ndarray` of shape (2, rows), uint64: Their digests.

    Example:

    >>> words = hash_words(pa.array(list("abcac")))
    >>> pieced = hash_rows(words, np.array([[0, 2]]), np.array([[1, 3]]))  # a and c of abc
    >>> pieced.tolist() == hash_rows(words, np.array([[3]]), np.array([[5]])).tolist()
    True
    """
    lengths = ends - starts
    places = np.cumsum(lengths, axis=1) - lengths
    size = words.shape[1]
    digests = np.empty((2, len(starts)), dtype=np.uint64)
    for half, base in enumerate(_BASES):
        powers = _powers(base, max(size, places.max(initial=0)))
        running = np.zeros(size + 1, dtype=np.uint64)
        np.cumsum(words[half] * powers[:size], out=running[1:])
        # back to power 0, then to the place in the row
        factors = _powers(pow(base, -1, 2**64), size)[starts] * powers[places]
        digests[half] = ((running[ends] - running[starts]) * factors).sum(axis=1)
    return derive_keys(digests, 0)


def as_binary(digests: np.ndarray) -> Any:
    """Digests as Arrow compares them.

    Args:
        digests (`np.ndarray` of shape (2, rows), uint64): The digests.

    Returns:
        `pa.FixedSizeBinaryArray`: The same, 16 bytes each.
    """
    data = pa.py_buffer(np.ascontiguousarray(digests.T))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), digests.shape[1], [None, data])


def first_seen(known: Halves, digests: Halves) -> np.ndarray:
    """Which digests are not known and stand nowhere earlier.

    Args:
        known (two `np.ndarray` of shape (known,), uint64): The halves of known digests.
        digests (two `np.ndarray` of shape (rows,), uint64): Those of the digests.

    Returns:
        `np.ndarray`, int64: Positions, in order.

    Example:

    >>> a, b, c = ([number, number] for number in (1, 2, 3))
    >>> first_seen(np.array([a], dtype=np.uint64).T, np.array([b, a, c, b], dtype=np.uint64).T)
    array([0, 2])
    """
    first, second = (np.concatenate(halves) for halves in zip(known, digests))
    new = np.zeros(len(first), dtype=bool)
    bits = first.view(np.uint16)[::4]  # any 16 of the 64 part the digests as evenly
    edges = np.linspace(0, 2**16, 2 + len(first) // _SORTED_AT_ONCE).astype(int)
    for low, high in pairwise(edges.tolist()):
        members = np.flatnonzero((bits >= low) & (bits < high))
        members = members[np.argsort(first[members])]
        same = np.diff(first[members]) == 0
        # most have the first half for themselves; the others are sorted again, by both, and stay in order where equal
        alike = np.zeros(len(members), dtype=bool)
        alike[1:] = same
        alike[:-1] |= same
        new[members[~alike]] = True
        members = np.sort(members[alike])
        members = members[np.lexsort((second[members], first[members]))]
        new[members[:1]] = True
        new[members[1:]] = (np.diff(first[members]) != 0) | (np.diff(second[members]) != 0)
    return np.flatnonzero(new[len(known[0]) :])


def _powers(base: int, highest: int) -> np.ndarray:
    factors = np.full(highest + 1, base, dtype=np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)
