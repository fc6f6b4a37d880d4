"""Arrow columns of lists and strings as numpy arrays, without a Python object per value."""

from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa

from ..errors import CfgenError
from .ragged import expand_ranges, offsets_from_lengths

_MAX_OFFSET = 2**31 - 1  # the largest offset of Arrow's lists and strings


class RaggedArray(NamedTuple):
    """A column of lists.

    Args:
        values (`pa.Array`): The values of all lists, concatenated.
        offsets (`np.ndarray` of shape (rows + 1,), int64): Where each list starts, and the number of values.
    """

    values: pa.Array
    offsets: np.ndarray


class StringArray(NamedTuple):
    """Strings without nulls.

    Args:
        data (`np.ndarray` of shape (bytes,), uint8): The UTF-8 bytes of all strings, concatenated.
        offsets (`np.ndarray` of shape (strings + 1,), int64): Where each string starts, and the number of bytes.

    Example:

    >>> strings = StringArray.from_arrow(pa.array(["a", "", "bc"]))
    >>> strings.take(np.array([2, 0]), np.array([3, 2])).concatenate(strings).to_arrow().to_pylist()
    ['bc', 'a', '', 'a', '', 'bc']
    """

    data: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_arrow(cls, values: pa.StringArray) -> Self:
        """Read an Arrow array, without a copy."""
        if not len(values):
            return cls(np.empty(0, dtype=np.uint8), np.zeros(1, dtype=np.int64))
        _, offset_buffer, data_buffer = values.buffers()
        offsets = np.frombuffer(offset_buffer, dtype=np.int32)[values.offset : values.offset + len(values) + 1]
        data = np.empty(0, dtype=np.uint8) if data_buffer is None else np.frombuffer(data_buffer, dtype=np.uint8)
        return cls(data[offsets[0] : offsets[-1]], offsets.astype(np.int64) - offsets[0])

    def take(self, starts: np.ndarray, ends: np.ndarray) -> "StringArray":
        """Concatenate the strings of some segments, in any order and any number of times."""
        lengths = np.diff(self.offsets)[expand_ranges(starts, ends - starts)]
        data = self.data[expand_ranges(self.offsets[starts], self.offsets[ends] - self.offsets[starts])]
        return StringArray(data, offsets_from_lengths(lengths))

    def concatenate(self, others: "StringArray") -> "StringArray":
        """Append other strings."""
        offsets = np.concatenate([self.offsets, others.offsets[1:] + self.offsets[-1]])
        return StringArray(np.concatenate([self.data, others.data]), offsets)

    def to_arrow(self) -> pa.StringArray:
        """Return the strings as an Arrow array."""
        buffers = [None, pa.py_buffer(_int32(self.offsets)), pa.py_buffer(self.data)]
        return pa.Array.from_buffers(pa.string(), len(self.offsets) - 1, buffers)


def flatten_lists(column: pa.Array | pa.ChunkedArray, kind: pa.DataType | None = None) -> RaggedArray:
    """Flatten a column of lists without nulls, and cast their values to `kind` if given.

    Example:

    >>> flatten_lists(pa.array([["a"], [], ["b", "c"]])).offsets
    array([0, 1, 1, 3])
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    offsets = column.offsets.to_numpy().astype(np.int64)
    values = column.values.slice(offsets[0], offsets[-1] - offsets[0])
    return RaggedArray(values if kind is None else values.cast(kind), offsets - offsets[0])


def to_list_array(values: pa.Array, lengths: np.ndarray) -> pa.ListArray:
    """Group values into lists of the given lengths.

    Example:

    >>> to_list_array(pa.array(["a", "b"]), np.array([0, 2])).to_pylist()
    [[], ['a', 'b']]
    """
    return pa.ListArray.from_arrays(pa.array(_int32(offsets_from_lengths(lengths))), values)


def _int32(offsets: np.ndarray) -> np.ndarray:
    if offsets[-1] > _MAX_OFFSET:
        raise CfgenError(f"{offsets[-1]} words or bytes in a batch of rows: give a smaller batch_size")
    return offsets.astype(np.int32)
