"""Check whether a row is a labeled sentence with its mentions replaced, without code of hf_cfgen or other packages."""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

REASONS = ("length", "scheme", "structure", "unknown_form")


class Row(TypedDict):
    """A sentence with BIO tags."""

    tokens: list[str]
    ner_tags: list[str]


class Parsed(NamedTuple):
    """A parsed row.

    Args:
        frame (`tuple[tuple[str, str], ...]`): In order, `("word", word)` for each word outside and `("mention", type)`
            for each mention.
        forms (`list[tuple[str, tuple[str, ...]]]`): Type and words of each mention.
    """

    frame: tuple[tuple[str, str], ...]
    forms: list[tuple[str, tuple[str, ...]]]


def check_rows(sources: Sequence[Row], rows: Sequence[Row]) -> dict[str, int]:
    """Count the rows that are not a source row with mentions replaced by forms of their types.

    A broken row counts under the first reason that applies: the numbers of tags and tokens differ (`length`); the tags
    violate BIO (`scheme`); no source row has these words outside and types of mentions in this order (`structure`); no
    source row has a mention with this type (`unknown_form`).

    Args:
        sources (`Sequence[Row]`): The rows that were augmented.
        rows (`Sequence[Row]`): The augmented rows.

    Returns:
        `dict[str, int]`: `rows`, `broken` and its number by reason; and, for any tags, `equal_to_a_source_row`
        (the tokens of some source row) and `repeated` (the tokens of an earlier row).

    Raises:
        ValueError: A source row violates BIO.
    """
    frames, forms = _known(sources)
    counts = dict.fromkeys(("rows", "broken", *REASONS, "equal_to_a_source_row", "repeated"), 0)
    given = {tuple(row["tokens"]) for row in sources}
    earlier: set[tuple[str, ...]] = set()
    for row in rows:
        reason = _reason(row, frames, forms)
        counts["rows"] += 1
        if reason is not None:
            counts["broken"] += 1
            counts[reason] += 1
        tokens = tuple(row["tokens"])
        counts["equal_to_a_source_row"] += tokens in given
        counts["repeated"] += tokens in earlier
        earlier.add(tokens)
    return counts


def good_rows(sources: Sequence[Row], rows: Sequence[Row]) -> int:
    """Count the rows that are not broken and whose tokens equal no source row and no earlier good row."""
    frames, forms = _known(sources)
    given = {tuple(row["tokens"]) for row in sources}
    return len({tuple(row["tokens"]) for row in rows if _reason(row, frames, forms) is None} - given)


def _known(
    sources: Sequence[Row],
) -> tuple[set[tuple[tuple[str, str], ...]], set[tuple[str, tuple[str, ...]]]]:
    """Return the frames of the source rows, and their forms with types."""
    frames, forms = set(), set()
    for i, row in enumerate(sources):
        parsed = _parse(row) if len(row["tokens"]) == len(row["ner_tags"]) else None
        if parsed is None:
            raise ValueError(f"source row {i} does not have BIO tags: {row}")
        frames.add(parsed.frame)
        forms.update(parsed.forms)
    return frames, forms


def _reason(row: Row, frames: set[tuple[tuple[str, str], ...]], forms: set[tuple[str, tuple[str, ...]]]) -> str | None:
    if len(row["tokens"]) != len(row["ner_tags"]):
        return "length"
    parsed = _parse(row)
    if parsed is None:
        return "scheme"
    if parsed.frame not in frames:
        return "structure"
    return None if forms.issuperset(parsed.forms) else "unknown_form"


def _parse(row: Row) -> Parsed | None:
    """Parse a row; return `None` if its tags violate BIO."""
    frame: list[tuple[str, str]] = []
    forms: list[tuple[str, tuple[str, ...]]] = []
    inside = None  # the type of the mention that the next word may continue
    for word, tag in zip(row["tokens"], row["ner_tags"]):
        prefix, _, label = tag.partition("-")
        if tag == "O":
            frame.append(("word", word))
            inside = None
        elif prefix == "B" and label:
            frame.append(("mention", label))
            forms.append((label, (word,)))
            inside = label
        elif prefix == "I" and label and label == inside:
            forms[-1] = (label, (*forms[-1][1], word))
        else:
            return None
    return Parsed(tuple(frame), forms)
