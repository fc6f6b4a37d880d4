"""Columns of lists as flat arrays: words, tags and mentions of many rows at once, without a Python object a word."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from datasets import Dataset, IterableDataset

from .arrays import offsets_of, ranges
from .columns import checked_batches
from .errors import CfgenError
from .spans import Span, span_arrays, spans_to_tags, tag_set

_KINDS = 5  # of tags in a mention of a label: its first, inner, last and only word, and the first directly behind one
_MOST = 2**31 - 1  # words or bytes that the offsets of Arrow's lists and strings reach


class Flat(NamedTuple):
    """A column of lists.

    Args:
        values (`pa.Array`): The values of all lists, one behind another.
        offsets (`np.ndarray` of shape (rows + 1,), int64): Where each list begins and the last one ends.
    """

    values: Any
    offsets: np.ndarray


class Strings(NamedTuple):
    """Strings, none null.

    Args:
        data (`np.ndarray`, uint8): Their bytes, one string behind another.
        offsets (`np.ndarray` of shape (strings + 1,), int64): Where each begins and the last one ends.

    Example:

    >>> strings = Strings.of(pa.array(["a", "", "bc"]))
    >>> strings.take(np.array([2, 0]), np.array([3, 2])).then(strings).array().to_pylist()
    ['bc', 'a', '', 'a', '', 'bc']
    """

    data: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, values: Any) -> "Strings":
        """Those of a `pa.StringArray`."""
        if not len(values):
            return cls(np.empty(0, dtype=np.uint8), np.zeros(1, dtype=np.int64))
        _, offsets, data = values.buffers()
        places = np.frombuffer(offsets, dtype=np.int32)[values.offset : values.offset + len(values) + 1]
        whole = np.empty(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
        return cls(whole[places[0] : places[-1]], places.astype(np.int64) - places[0])

    def take(self, starts: np.ndarray, ends: np.ndarray) -> "Strings":
        """Those of some segments, in any order and as often as wanted."""
        lengths = np.diff(self.offsets)[ranges(starts, ends - starts)]
        data = self.data[ranges(self.offsets[starts], self.offsets[ends] - self.offsets[starts])]
        return Strings(data, offsets_of(lengths))

    def then(self, others: "Strings") -> "Strings":
        """These, and others behind them."""
        offsets = np.concatenate([self.offsets, others.offsets[1:] + self.offsets[-1]])
        return Strings(np.concatenate([self.data, others.data]), offsets)

    def array(self) -> Any:
        """The same as a `pa.StringArray`."""
        buffers = [None, pa.py_buffer(_int32(self.offsets)), pa.py_buffer(self.data)]
        return pa.Array.from_buffers(pa.string(), len(self.offsets) - 1, buffers)


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


def flat(column: Any, kind: Any = None) -> Flat:
    """Flatten a column of lists, none null.

    Args:
        column (`pa.Array` or `pa.ChunkedArray` of lists): The column.
        kind (`pa.DataType`, *optional*): The type to give to the values; their own where it is not given.

    Returns:
        `Flat`: The same lists.

    Example:

    >>> flat(pa.array([["a"], [], ["b", "c"]])).offsets
    array([0, 1, 1, 3])
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    offsets = column.offsets.to_numpy().astype(np.int64)
    values = column.values.slice(offsets[0], offsets[-1] - offsets[0])
    return Flat(values if kind is None else values.cast(kind), offsets - offsets[0])


def flat_batches(dataset: Dataset | IterableDataset) -> Iterator[tuple[Flat, Flat]]:
    """Words and tags of a data set, some thousand rows at a time.

    Args:
        dataset (`Dataset` or `IterableDataset`): One split, with as many tags as tokens in every row.

    Returns:
        `Iterator[tuple[Flat, Flat]]`: Words, as strings, and tags.
    """
    for batch in checked_batches(dataset):
        yield flat(batch["tokens"], pa.string()), flat(batch["ner_tags"])


def lists_of(values: Any, lengths: np.ndarray) -> Any:
    """Lists of values.

    Args:
        values (`pa.Array`): The values of all lists, one behind another.
        lengths (`np.ndarray`): The length of each list.

    Returns:
        `pa.ListArray`: The lists.

    Example:

    >>> lists_of(pa.array(["a", "b"]), np.array([0, 2])).to_pylist()
    [[], ['a', 'b']]
    """
    return pa.ListArray.from_arrays(pa.array(_int32(offsets_of(lengths))), values)


def coded_tags(tags: Any, names: Sequence[str] | None) -> tuple[np.ndarray, list[str]]:
    """Tags as numbers.

    Args:
        tags (`pa.Array`): The tags of all rows, as `Flat` has them.
        names (`Sequence[str]` or `None`): What `tag_names` returned.

    Returns:
        `tuple[np.ndarray, list[str]]`: A number a word, and the tags that they mean, each once.

    Example:

    >>> coded_tags(pa.array(["O", "B-A", "O"]), None)
    (array([0, 1, 0], dtype=int32), ['O', 'B-A'])
    """
    if names is not None:
        return tags.to_numpy(), list(names)
    encoded = tags.dictionary_encode()
    return encoded.indices.to_numpy(), encoded.dictionary.to_pylist()


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

    >>> codes, tags = coded_tags(pa.array(["B-A", "I-A", "I-A", "O"]), None)
    >>> mentions = find_mentions(codes, tags, np.array([0, 2, 4]))
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
    codes[ranges(mentions.starts, lengths)] = np.repeat(base + 1, lengths)
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


def first_places(codes: np.ndarray, count: int) -> np.ndarray:
    """Where each of some numbers stands first.

    Args:
        codes (`np.ndarray`): Numbers.
        count (`int`): One more than the highest one.

    Returns:
        `np.ndarray`: For each number that occurs, in the order of the numbers, its first position.

    Example:

    >>> first_places(np.array([3, 1, 3, 1]), 5)
    array([1, 0])
    """
    firsts = np.full(count, len(codes))
    firsts[codes[::-1]] = np.arange(len(codes))[::-1]  # of several, the last one assigned stays
    return firsts[firsts < len(codes)]


def _int32(offsets: np.ndarray) -> np.ndarray:
    if offsets[-1] > _MOST:
        raise CfgenError(f"{offsets[-1]} words or bytes in a batch of rows: give a smaller batch_size")
    return offsets.astype(np.int32)
