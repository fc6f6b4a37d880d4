"""The mentions of many sentences in arrays: like `spans`, but without a Python loop over sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from ..utils.ragged import expand_ranges
from .spans import Span, spans_to_tags, split_tag


@dataclass(frozen=True)
class SpanTable:
    """The mentions of many sentences, one row per mention, in the order of the text.

    Word positions refer to the concatenation of all sentences.

    Args:
        row (`np.ndarray` of shape (mentions,), int64): The sentence number of each mention.
        start (`np.ndarray` of shape (mentions,), int64): The position of its first word.
        end (`np.ndarray` of shape (mentions,), int64): The position after its last word.
        type (`np.ndarray` of shape (mentions,), int64): The position of its entity type in `types`.
        types (`tuple[str, ...]`): The entity types.
    """

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    type: np.ndarray
    types: tuple[str, ...]

    @classmethod
    def from_tags(
        cls, codes: np.ndarray, tags: Sequence[str], offsets: np.ndarray, types: Sequence[str] | None = None
    ) -> Self:
        """Return the mentions of many tag sequences, each read as in `tags_to_spans`.

        Args:
            codes (`np.ndarray` of shape (words,), int): For each word, the position of its tag in `tags`.
            tags (`Sequence[str]`): Tags of any scheme.
            offsets (`np.ndarray` of shape (sentences + 1,), int64): Where each sentence starts, and the number
                of words.
            types (`Sequence[str]`, *optional*): Entity types, including all that occur. Defaults to those
                that occur, in alphabetical order.

        Returns:
            `SpanTable`: The mentions.

        Raises:
            CfgenError: A tag that occurs does not belong to any scheme.

        Example:

        >>> table = SpanTable.from_tags(np.array([0, 1, 1, 2]), ["B-A", "I-A", "O"], np.array([0, 2, 4]))
        >>> table.row, table.start, table.end, table.types
        (array([0, 1]), array([0, 2]), array([2, 3]), ('A',))
        """
        parts = {code: split_tag(tags[code]) for code in np.flatnonzero(np.bincount(codes)).tolist()}
        types = tuple(sorted({label for _, label in parts.values()} - {""}) if types is None else types)
        numbers = {label: number for number, label in enumerate(types)} | {"": -1}
        type_of = np.full(len(tags), -1, dtype=np.int64)
        starts, ends = np.zeros((2, len(tags)), dtype=bool)  # B and S always start a mention; O, E and S end one
        for code, (prefix, label) in parts.items():
            type_of[code] = numbers[label]
            starts[code], ends[code] = prefix in "BS", prefix in "OES"

        word_types = type_of[codes]
        inside = word_types >= 0
        first = starts[codes]
        first[1:] |= ends[codes[:-1]] | (word_types[1:] != word_types[:-1])
        first[offsets[offsets < len(codes)]] = True
        first &= inside
        last = inside.copy()
        last[:-1] &= first[1:] | ~inside[1:]
        start = np.flatnonzero(first)
        row = np.searchsorted(offsets, start, side="right") - 1
        return cls(row, start, np.flatnonzero(last) + 1, word_types[start], types)

    def word_types(self, words: int) -> np.ndarray:
        """Return, for each of the words in all sentences, the position of its type in `types`, or -1."""
        types = np.full(words, -1, dtype=np.int64)
        lengths = self.end - self.start
        types[expand_ranges(self.start, lengths)] = np.repeat(self.type, lengths)
        return types

    def to_codes(self, words: int, scheme: str) -> np.ndarray:
        """Encode the tags of the mentions, as written by `spans_to_tags`.

        Args:
            words (`int`): Number of words in all sentences.
            scheme (`str`): One of `SCHEMES`.

        Returns:
            `np.ndarray` of shape (words,), int64: For each word, the position of its tag in
            `code_tags(self.types, scheme)`.

        Example:

        >>> table = SpanTable(*map(np.array, ([0, 0], [0, 1], [1, 3], [0, 0])), ("A",))
        >>> table.to_codes(4, "IOB1"), code_tags(["A"], "IOB1")
        (array([4, 5, 3, 0]), ['O', 'I-A', 'I-A', 'I-A', 'I-A', 'B-A'])
        """
        codes = np.zeros(words, dtype=np.int64)
        base = 1 + 5 * self.type  # a type has five tags, see `code_tags`
        lengths = self.end - self.start
        codes[expand_ranges(self.start, lengths)] = np.repeat(base + 1, lengths)
        codes[self.end - 1] = base + 2
        codes[self.start] = base + np.where(lengths == 1, 3, 0)
        if scheme == "IOB1":
            adjacent = (self.start[1:] == self.end[:-1]) & (self.type[1:] == self.type[:-1])
            adjacent &= self.row[1:] == self.row[:-1]
            codes[self.start[1:][adjacent]] = base[1:][adjacent] + 4
        return codes


def code_tags(types: Sequence[str], scheme: str) -> list[str]:
    """List the tags that `SpanTable.to_codes` refers to.

    These are `"O"`, and five tags for each type: of a mention's first, inner, last and only word, and of the first
    word of a mention that directly follows another one of the same type.
    """
    tags = ["O"]
    for label in types:
        tags += spans_to_tags([Span(0, 3, label)], 3, scheme)
        tags += spans_to_tags([Span(0, 1, label), Span(1, 2, label)], 2, scheme)
    return tags
