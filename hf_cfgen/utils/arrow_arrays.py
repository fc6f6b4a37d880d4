"""Arrow columns of lists and strings as flat arrays, without a Python object per value."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ..errors import CfgenError
from .ragged import expand_ranges, offsets_from_lengths

_MOST = 2**31 - 1  # words or bytes that the offsets of Arrow's lists and strings reach


class RaggedArray(NamedTuple):
    """A column of lists.

    Args:
        values (`pa.Array`): The values of all lists, one behind another.
        offsets (`np.ndarray` of shape (rows + 1,), int64): Where each list begins and the last one ends.
    """

    values: Any
    offsets: np.ndarray


class StringArray(NamedTuple):
    """StringArray, none null.

    Args:
        data (`np.ndarray`, uint8): Their bytes, one string behind another.
        offsets (`np.ndarray` of shape (strings + 1,), int64): Where each begins and the last one ends.

    Example:

    >>> strings = StringArray.of(pa.array(["a", "", "bc"]))
    >>> strings.take(np.array([2, 0]), np.array([3, 2])).then(strings).array().to_pylist()
    ['bc', 'a', '', 'a', '', 'bc']
    """

    data: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, values: Any) -> "StringArray":
        """Those of a `pa.StringArray`."""
        if not len(values):
            return cls(np.empty(0, dtype=np.uint8), np.zeros(1, dtype=np.int64))
        _, offsets, data = values.buffers()
        places = np.frombuffer(offsets, dtype=np.int32)[values.offset : values.offset + len(values) + 1]
        whole = np.empty(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
        return cls(whole[places[0] : places[-1]], places.astype(np.int64) - places[0])

    def take(self, starts: np.ndarray, ends: np.ndarray) -> "StringArray":
        """Those of some segments, in any order and as often as wanted."""
        lengths = np.diff(self.offsets)[expand_ranges(starts, ends - starts)]
        data = self.data[expand_ranges(self.offsets[starts], self.offsets[ends] - self.offsets[starts])]
        return StringArray(data, offsets_from_lengths(lengths))

    def then(self, others: "StringArray") -> "StringArray":
        """These, and others behind them."""
        offsets = np.concatenate([self.offsets, others.offsets[1:] + self.offsets[-1]])
        return StringArray(np.concatenate([self.data, others.data]), offsets)

    def array(self) -> Any:
        """The same as a `pa.StringArray`."""
        buffers = [None, pa.py_buffer(_int32(self.offsets)), pa.py_buffer(self.data)]
        return pa.Array.from_buffers(pa.string(), len(self.offsets) - 1, buffers)


def flat(column: Any, kind: Any = None) -> RaggedArray:
    """Flatten a column of lists, none null.

    Args:
        column (`pa.Array` or `pa.ChunkedArray` of lists): The column.
        kind (`pa.DataType`, *optional*): The type to give to the values; their own where it is not given.

    Returns:
        `RaggedArray`: The same lists.

    Example:

    >>> flat(pa.array([["a"], [], ["b", "c"]])).offsets
    array([0, 1, 1, 3])
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    offsets = column.offsets.to_numpy().astype(np.int64)
    values = column.values.slice(offsets[0], offsets[-1] - offsets[0])
    return RaggedArray(values if kind is None else values.cast(kind), offsets - offsets[0])


def to_list_array(values: Any, lengths: np.ndarray) -> Any:
    """Lists of values.

    Args:
        values (`pa.Array`): The values of all lists, one behind another.
        lengths (`np.ndarray`): The length of each list.

    Returns:
        `pa.ListArray`: The lists.

    Example:

    >>> to_list_array(pa.array(["a", "b"]), np.array([0, 2])).to_pylist()
    [[], ['a', 'b']]
    """
    return pa.ListArray.from_arrays(pa.array(_int32(offsets_from_lengths(lengths))), values)


def _int32(offsets: np.ndarray) -> np.ndarray:
    if offsets[-1] > _MOST:
        raise CfgenError(f"{offsets[-1]} words or bytes in a batch of rows: give a smaller batch_size")
    return offsets.astype(np.int32)
