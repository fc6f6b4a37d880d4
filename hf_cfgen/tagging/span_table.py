"""The mentions of many sentences in arrays."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..utils.ragged import expand_ranges
from .spans import Span, spans_to_tags, split_tag


class TagSet(NamedTuple):
    """Tags by number, for sequences that are arrays: what `tag_set` makes of their names.

    Args:
        types (`tuple[str, ...]`): The entity types, in alphabetical order.
        type_of (`np.ndarray`, int64): For each tag the number of its type; -1 for O.
        opens (`np.ndarray`, bool): Whether a mention begins at the tag in any case: B and S.
        closes (`np.ndarray`, bool): Whether no mention goes on behind it: O, E and S.
    """

    types: tuple[str, ...]
    type_of: np.ndarray
    opens: np.ndarray
    closes: np.ndarray


class SpanArrays(NamedTuple):
    """The mentions of many sentences, in order.

    Args:
        start (`np.ndarray`, int64): First word of each, counted over all sentences.
        end (`np.ndarray`, int64): The word behind its last one.
        type (`np.ndarray`, int64): The number of its type.
    """

    start: np.ndarray
    end: np.ndarray
    type: np.ndarray


def tag_set(names: Iterable[str]) -> TagSet:
    """Split the tags that sequences are made of, once each.

    Args:
        names (`Iterable[str]`): Tags of any scheme, by number.

    Returns:
        `TagSet`: What `span_arrays` takes.

    Raises:
        CfgenError: A tag is not of any scheme.

    Example:

    >>> tags = tag_set(["O", "B-PER", "I-LOC"])
    >>> tags.types, tags.type_of.tolist()
    (('LOC', 'PER'), [-1, 1, 0])
    """
    parts = [split_tag(tag) for tag in names]
    types = tuple(sorted({label for _, label in parts if label}))
    number = {label: i for i, label in enumerate(types)} | {"": -1}
    return TagSet(
        types,
        np.array([number[label] for _, label in parts], dtype=np.int64),
        np.array([prefix in "BS" for prefix, _ in parts], dtype=bool),
        np.array([prefix in "OES" for prefix, _ in parts], dtype=bool),
    )


def span_arrays(tags: np.ndarray, offsets: np.ndarray, names: TagSet) -> SpanArrays:
    """Read the mentions off many tag sequences at once, as `tags_to_spans` does one by one.

    Args:
        tags (`np.ndarray` of shape (words,)): The tags of all sentences, one after the other, as numbers.
        offsets (`np.ndarray` of shape (sentences + 1,)): Where each sentence begins, and the number of words.
        names (`TagSet`): What the numbers mean.

    Returns:
        `SpanArrays`: The mentions.

    Example:

    >>> spans = span_arrays(np.array([1, 2, 2]), np.array([0, 2, 3]), tag_set(["O", "B-A", "I-A"]))
    >>> spans.start.tolist(), spans.end.tolist()
    ([0, 2], [2, 3])
    """
    types = names.type_of[tags]
    inside = types >= 0
    begins = names.opens[tags]
    begins[1:] |= names.closes[tags[:-1]] | (types[1:] != types[:-1])
    begins[offsets[offsets < len(tags)]] = True
    begins &= inside
    ends = inside.copy()
    ends[:-1] &= begins[1:] | ~inside[1:]
    start = np.flatnonzero(begins)
    return SpanArrays(start, np.flatnonzero(ends) + 1, types[start])


_KINDS = 5  # of tags in a mention of a label: its first, inner, last and only word, and the first directly behind one


class Mentions(NamedTuple):
    """Mentions of many rows, in order.

    Args:
        rows (`np.ndarray`): The row of each.
        starts (`np.ndarray`): Its first word, counted over all rows.
        ends (`np.ndarray`): One more than its last word.
        labels (`np.ndarray`): The position of its entity type in `names`.
        names (`list[str]`): Entity types, each once.
    """

    rows: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    labels: np.ndarray
    names: list[str]


def find_mentions(codes: np.ndarray, tags: Sequence[str], offsets: np.ndarray) -> Mentions:
    """Read the mentions off the tags of many rows, each as `tags_to_spans` does.

    Args:
        codes (`np.ndarray`): What `coded_tags` returned: a number a word,
        tags (`Sequence[str]`): and the tags that they mean.
        offsets (`np.ndarray`): Where each row begins, and the last one ends.

    Returns:
        `Mentions`: The mentions.

    Raises:
        CfgenError: A tag is not of any scheme.

    Example:

    >>> mentions = find_mentions(np.array([0, 1, 1, 2]), ["B-A", "I-A", "O"], np.array([0, 2, 4]))
    >>> mentions.rows, mentions.starts, mentions.ends
    (array([0, 1]), array([0, 2]), array([2, 3]))
    """
    occurring = np.flatnonzero(np.bincount(codes, minlength=len(tags)))
    names = tag_set(tags[code] for code in occurring.tolist())
    numbers = np.zeros(len(tags), dtype=np.int64)
    numbers[occurring] = np.arange(len(occurring))
    spans = span_arrays(numbers[codes], offsets, names)
    rows = np.searchsorted(offsets, spans.start, side="right") - 1
    return Mentions(rows, spans.start, spans.end, spans.type, list(names.types))


def lay_out(mentions: Mentions, words: int, scheme: str) -> np.ndarray:
    """Lay out mentions as `spans_to_tags` does.

    Args:
        mentions (`Mentions`): The mentions.
        words (`int`): Number of words of all rows.
        scheme (`str`): The tagging scheme.

    Returns:
        `np.ndarray`, int64: The position of each word's tag in `layout_tags(mentions.names, scheme)`.

    Example:

    >>> mentions = Mentions(*map(np.array, ([0, 0], [0, 1], [1, 3], [0, 0])), ["A"])
    >>> lay_out(mentions, 4, "IOB1"), layout_tags(["A"], "IOB1")
    (array([4, 5, 3, 0]), ['O', 'I-A', 'I-A', 'I-A', 'I-A', 'B-A'])
    """
    codes = np.zeros(words, dtype=np.int64)
    base = 1 + mentions.labels * _KINDS
    lengths = mentions.ends - mentions.starts
    codes[expand_ranges(mentions.starts, lengths)] = np.repeat(base + 1, lengths)
    codes[mentions.ends - 1] = base + 2
    codes[mentions.starts] = base + np.where(lengths == 1, 3, 0)
    if scheme == "IOB1":
        behind = (mentions.starts[1:] == mentions.ends[:-1]) & (mentions.labels[1:] == mentions.labels[:-1])
        behind &= mentions.rows[1:] == mentions.rows[:-1]
        codes[mentions.starts[1:][behind]] = base[1:][behind] + 4
    return codes


def layout_tags(names: Sequence[str], scheme: str) -> list[str]:
    """The tags that the numbers of `lay_out` mean.

    Args:
        names (`Sequence[str]`): Entity types.
        scheme (`str`): The tagging scheme.

    Returns:
        `list[str]`: `"O"`, and for each type the tags of a mention's first, inner, last and only word, and of one's
        first word that stands directly behind another one.
    """
    tags = ["O"]
    for name in names:
        tags += spans_to_tags([Span(0, 3, name)], 3, scheme)
        tags += spans_to_tags([Span(0, 1, name), Span(1, 2, name)], 2, scheme)
    return tags
