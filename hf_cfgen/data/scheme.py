"""The tagging scheme of a whole data set: detected, or checked."""

import numpy as np
from datasets import Dataset, IterableDataset

from ..errors import CfgenError
from ..tagging.span_table import find_mentions, lay_out, layout_tags
from ..tagging.spans import detect_scheme
from ..utils.ragged import first_positions
from .columns import coded_tags, flat_batches, tag_names


def scheme_of(dataset: Dataset | IterableDataset) -> str:
    """Detect the tagging scheme of a data set as `detect_scheme` does.

    Args:
        dataset (`Dataset` or `IterableDataset`): One split.

    Returns:
        `str`: One of `SCHEMES`.

    Raises:
        CfgenError: The tags fit no one scheme.

    Example:

    >>> scheme_of(Dataset.from_dict({"tokens": [["hi", "Cy"]], "ner_tags": [["O", "S-PER"]]}))
    'BIOES'
    """
    names = tag_names(dataset)
    # those with a tag behind another one that no row before has: the others tell no more
    rows: dict[int, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    done = 0
    for _, tags in flat_batches(dataset):
        codes, values = coded_tags(tags.values, names)
        starts = tags.offsets[:-1][np.diff(tags.offsets) > 0]
        before = np.zeros(len(codes), dtype=np.int64)
        before[1:] = codes[:-1] + 1
        before[starts] = 0
        firsts = np.sort(first_positions(before * len(values) + codes, (len(values) + 1) * len(values)))
        for place in firsts.tolist():
            pair = (["", *values][before[place]], values[codes[place]])
            if pair not in seen:
                seen.add(pair)
                row = int(np.searchsorted(tags.offsets, place, side="right")) - 1
                rows[done + row] = [values[code] for code in codes[tags.offsets[row] : tags.offsets[row + 1]].tolist()]
        done += len(tags.offsets) - 1
    return detect_scheme(rows.values(), names or (), lambda number: f"record {list(rows)[number]}")


def named_scheme(dataset: Dataset | IterableDataset, scheme: str | None = None) -> str:
    """The tagging scheme of a data set: the one named, checked, or else detected.

    Args:
        dataset (`Dataset` or `IterableDataset`): One split.
        scheme (`str`, *optional*): One of `SCHEMES`.

    Returns:
        `str`: One of `SCHEMES`.

    Raises:
        CfgenError: See `scheme_of` and `check_scheme_of`.
    """
    if scheme is None:
        return scheme_of(dataset)
    check_scheme_of(dataset, scheme)
    return scheme


def check_scheme_of(dataset: Dataset | IterableDataset, scheme: str) -> None:
    """Check that data is laid out in a scheme; B and I that are neither IOB1 nor IOB2 throughout are read as either.

    Args:
        dataset (`Dataset` or `IterableDataset`): One split.
        scheme (`str`): One of `SCHEMES`.

    Raises:
        CfgenError: A tag is another one than the scheme has there.

    Example:

    >>> check_scheme_of(Dataset.from_dict({"tokens": [["hi", "Cy"]], "ner_tags": [["O", "I-PER"]]}), "IOB1")
    """
    wrong = _first_outside(dataset, scheme)
    if not wrong:
        return
    other = {"IOB1": "IOB2", "IOB2": "IOB1"}.get(scheme)
    if other and _prefixes(dataset) <= {"B", "I", "O"} and _first_outside(dataset, other):
        return
    raise CfgenError(f"{wrong}: name the scheme of the data, or none, to have it detected")


def _first_outside(dataset: Dataset | IterableDataset, scheme: str) -> str:
    """The first tag that is another one than a scheme has there, and where it stands; empty where there is none."""
    done, names = 0, tag_names(dataset)
    for _, tags in flat_batches(dataset):
        codes, values = coded_tags(tags.values, names)
        mentions = find_mentions(codes, values, tags.offsets)
        layout, known = lay_out(mentions, len(codes), scheme), layout_tags(mentions.names, scheme)
        numbers = {tag: number for number, tag in enumerate(dict.fromkeys([*values, *known]))}
        there, expected = (np.array([numbers[tag] for tag in each], dtype=np.int64) for each in (values, known))
        wrong = np.flatnonzero(there[codes] != expected[layout])
        if len(wrong):
            word = wrong[0]
            row = np.searchsorted(tags.offsets, word, side="right") - 1
            place = f"record {done + row}, word {word - tags.offsets[row]}"
            return f"{place}: the tag is {values[codes[word]]} where {scheme} has {known[layout[word]]}"
        done += len(tags.offsets) - 1
    return ""


def _prefixes(dataset: Dataset | IterableDataset) -> set[str]:
    """The prefixes of the tags that occur."""
    found: set[str] = set()
    for _, tags in flat_batches(dataset):
        codes, values = coded_tags(tags.values, tag_names(dataset))
        found.update(values[code].partition("-")[0] for code in np.unique(codes).tolist())
    return found
