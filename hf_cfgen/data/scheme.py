"""The tagging scheme of a dataset: detected, or checked if the user names one."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ..errors import CfgenError
from ..tagging.span_table import SpanTable, code_tags
from ..tagging.spans import detect_scheme
from ..utils.ragged import first_positions
from .columns import TagBatch

_OTHER = {"IOB1": "IOB2", "IOB2": "IOB1"}


def find_scheme(
    batches: Iterable[TagBatch],
    scheme: str | None = None,
    names: Sequence[str] = (),
    where: Callable[[int], str] = "record {}".format,
) -> str:
    """Detect the tagging scheme of many sentences, or check the scheme that the user names.

    Args:
        batches (`Iterable[TagBatch]`): The tags of one split.
        scheme (`str`, *optional*): One of `SCHEMES`. Detected if omitted.
        names (`Sequence[str]`, *optional*): Other possible tags, such as the names of a `ClassLabel`.
        where (`Callable[[int], str]`, *optional*): Takes the position of a sentence; returns its name for messages.

    Returns:
        `str`: One of `SCHEMES`.

    Raises:
        CfgenError: The tags do not fit the given scheme, or any single scheme.

    Example:

    >>> find_scheme([TagBatch(np.array([0, 1]), ["O", "S-PER"], np.array([0, 2]))])
    'BIOES'
    """
    if scheme is None:
        return _detect(batches, names, where)
    _check(batches, scheme, where)
    return scheme


def _detect(batches: Iterable[TagBatch], names: Sequence[str], where: Callable[[int], str]) -> str:
    # only sentences with a new pair of neighboring tags matter
    sentences: dict[int, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    done = 0
    for codes, tags, offsets in batches:
        previous = np.zeros(len(codes), dtype=np.int64)
        previous[1:] = codes[:-1] + 1
        previous[offsets[:-1][np.diff(offsets) > 0]] = 0
        firsts = np.sort(first_positions(previous * len(tags) + codes, (len(tags) + 1) * len(tags)))
        for word in firsts.tolist():
            pair = (["", *tags][previous[word]], tags[codes[word]])
            if pair not in seen:
                seen.add(pair)
                row = int(np.searchsorted(offsets, word, side="right")) - 1
                sentences[done + row] = [tags[code] for code in codes[offsets[row] : offsets[row + 1]].tolist()]
        done += len(offsets) - 1
    return detect_scheme(sentences.values(), names, lambda number: where(list(sentences)[number]))


def _check(batches: Iterable[TagBatch], scheme: str, where: Callable[[int], str]) -> None:
    """Accept tags with prefixes B and I that consistently follow neither IOB1 nor IOB2 as either."""
    done, wrong, other, other_fits = 0, "", _OTHER.get(scheme), True
    for batch in batches:
        table = batch.mentions()
        difference = _first_difference(batch, table, scheme)
        if difference and not wrong:
            word, expected = difference
            row = int(np.searchsorted(batch.offsets, word, side="right")) - 1
            place = f"{where(done + row)}, word {word - batch.offsets[row]}"
            wrong = f"{place}: the tag is {batch.tags[batch.codes[word]]} where {scheme} has {expected}"
        if other:
            prefixes = {batch.tags[code].partition("-")[0] for code in np.unique(batch.codes).tolist()}
            other_fits = other_fits and not _first_difference(batch, table, other)
            other = other if prefixes <= {"B", "I", "O"} else None
        if wrong and not other:
            break
        done += len(batch.offsets) - 1
    if wrong and (not other or other_fits):
        raise CfgenError(f"{wrong}: name the scheme of the data, or none, to have it detected")


def _first_difference(batch: TagBatch, table: SpanTable, scheme: str) -> tuple[int, str] | None:
    """Return the first word whose tag does not follow a scheme, and the correct tag."""
    codes, tags = table.to_codes(len(batch.codes), scheme), code_tags(table.types, scheme)
    numbers = {tag: number for number, tag in enumerate(dict.fromkeys([*batch.tags, *tags]))}
    ours, theirs = (np.array([numbers[tag] for tag in known], dtype=np.int64) for known in (batch.tags, tags))
    words = np.flatnonzero(ours[batch.codes] != theirs[codes])
    return (int(words[0]), tags[codes[words[0]]]) if len(words) else None
