"""Hashes of words and rows, and random keys that depend only on a seed and a row's id, for many rows at once.

A hash is two 64-bit numbers, so an array of hashes has the shape (2, n).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from .arrow_arrays import StringArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SPLITMIX = tuple(map(np.uint64, (30, 0xBF58476D1CE4E5B9, 27, 0x94D049BB133111EB, 31)))
_SORTED_AT_ONCE = 1_000_000  # number of hashes, to limit memory


def derive_keys(keys: np.ndarray, numbers: np.ndarray | int) -> np.ndarray:
    """Derive one random key per number with splitmix64 (Steele et al. 2014).

    Args:
        keys (`np.ndarray`, uint64): The states.
        numbers (`np.ndarray` or `int`): Numbers of at least 0, broadcast against the keys.

    Returns:
        `np.ndarray`, uint64: The derived keys.
    """
    shift1, factor1, shift2, factor2, shift3 = _SPLITMIX
    # an array, as numpy warns if a single number overflows
    state = keys + (np.atleast_1d(numbers).astype(np.uint64) + np.uint64(1)) * _GOLDEN
    state = (state ^ (state >> shift1)) * factor1
    state = (state ^ (state >> shift2)) * factor2
    return state ^ (state >> shift3)


_BASES = (0x9FB21C651E98DF25, 0xD6E8FEB86659FD93)  # 5 and 3 modulo 8, for the longest period of their powers
_BYTE_HASHES = np.stack([derive_keys(np.full(1, half, dtype=np.uint64), np.arange(256)) for half in (1, 2)])


def hash_words(words: pa.StringArray) -> np.ndarray:
    """Return the hash of each word, uint64 of shape (2, words).

    Example:

    >>> first, second, third = hash_words(pa.array(["ab", "b", "ab"])).T.tolist()
    >>> first == third, first == second
    (True, False)
    """
    encoded = words.dictionary_encode()
    distinct = StringArray.from_arrow(encoded.dictionary)
    hashes = hash_rows(_BYTE_HASHES[:, distinct.data], distinct.offsets[:-1, None], distinct.offsets[1:, None])
    return hashes[:, encoded.indices.to_numpy()]


def hash_rows(words: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Hash rows that are concatenated segments, with a polynomial over the hashes of their words.

    Args:
        words (`np.ndarray` of shape (2, words), uint64): The result of `hash_words`.
        starts (`np.ndarray` of shape (rows, segments), int): Where each segment starts among the words.
        ends (`np.ndarray` of shape (rows, segments), int): Where each segment ends.

    Returns:
        `np.ndarray` of shape (2, rows), uint64: The hashes. Rows with equal words have equal hashes.

    Example:

    >>> words = hash_words(pa.array(list("abcac")))
    >>> from_segments = hash_rows(words, np.array([[0, 2]]), np.array([[1, 3]]))  # a and c of abc
    >>> from_segments.tolist() == hash_rows(words, np.array([[3]]), np.array([[5]])).tolist()
    True
    """
    lengths = ends - starts
    places = np.cumsum(lengths, axis=1) - lengths
    size = words.shape[1]
    hashes = np.empty((2, len(starts)), dtype=np.uint64)
    for half, base in enumerate(_BASES):
        powers = _powers(base, max(size, places.max(initial=0)))
        sums = np.zeros(size + 1, dtype=np.uint64)
        np.cumsum(words[half] * powers[:size], out=sums[1:])
        # shift each segment back to power 0, then to its place in the row
        factors = _powers(pow(base, -1, 2**64), size)[starts] * powers[places]
        hashes[half] = ((sums[ends] - sums[starts]) * factors).sum(axis=1)
    return derive_keys(hashes, 0)


def to_binary(hashes: np.ndarray) -> pa.FixedSizeBinaryArray:
    """Return hashes of shape (2, n) as n binary values of 16 bytes."""
    data = pa.py_buffer(np.ascontiguousarray(hashes.T))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), hashes.shape[1], [None, data])


def first_seen(known: np.ndarray | Sequence[np.ndarray], hashes: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
    """Find the hashes that are neither known nor equal to an earlier one.

    Args:
        known (two `np.ndarray` of shape (known,), uint64): The halves of known hashes.
        hashes (two `np.ndarray` of shape (rows,), uint64): The halves of the hashes.

    Returns:
        `np.ndarray`, int64: Their positions, in order.

    Example:

    >>> a, b, c = ([number, number] for number in (1, 2, 3))
    >>> first_seen(np.array([a], dtype=np.uint64).T, np.array([b, a, c, b], dtype=np.uint64).T)
    array([0, 2])
    """
    first, second = (np.concatenate(halves) for halves in zip(known, hashes))
    new = np.zeros(len(first), dtype=bool)
    bits = first.view(np.uint16)[::4]  # any 16 of the 64 bits split the hashes evenly
    edges = np.linspace(0, 2**16, 2 + len(first) // _SORTED_AT_ONCE).astype(int)
    for low, high in pairwise(edges.tolist()):
        members = np.flatnonzero((bits >= low) & (bits < high))
        members = members[np.argsort(first[members])]
        same = np.diff(first[members]) == 0
        # most first halves are unique; the others are sorted again, by both halves and then by position
        repeated = np.zeros(len(members), dtype=bool)
        repeated[1:] = same
        repeated[:-1] |= same
        new[members[~repeated]] = True
        members = np.sort(members[repeated])
        members = members[np.lexsort((second[members], first[members]))]
        new[members[:1]] = True
        new[members[1:]] = (np.diff(first[members]) != 0) | (np.diff(second[members]) != 0)
    return np.flatnonzero(new[len(known[0]) :])


def _powers(base: int, highest: int) -> np.ndarray:
    factors = np.full(highest + 1, base, dtype=np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)
