"""Records of files, and the rules for their texts and mentions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from ...errors import CfgenError
from ...tagging.spans import Span
from ...utils.text import check_encodable
from .text_files import shown

Raw = TypeVar("Raw")


class TextRecord(NamedTuple):
    """A text with mentions.

    Args:
        where (`str`): The location of the record, for messages: `"file:line"`.
        text (`str`): The text.
        spans (`Sequence[Span]`): The mentions, over the characters (code points) of the text.
    """

    where: str
    text: str
    spans: Sequence[Span]


class WordRecord(NamedTuple):
    """A sentence that is already in words.

    Args:
        where (`str`): The location of the record, for messages: `"file:line"`.
        columns (`dict[str, Any]`): Its `tokens`, its `ner_tags`, and any other columns.
    """

    where: str
    columns: dict[str, Any]


class BadRecord(NamedTuple):
    """A record that cannot be used.

    Args:
        where (`str`): The location of the record.
        reason (`str`): The error message.
        record (`object`): The unchanged record of the file.
    """

    where: str
    reason: str
    record: object


Parsed = TypeVar("Parsed", TextRecord, WordRecord)


def parse_each(
    located: Iterable[tuple[str, Raw]], parse: Callable[[str, Raw], Iterable[Parsed]]
) -> Iterator[Parsed | BadRecord]:
    """Parse raw records one by one. If one cannot be parsed, it becomes a `BadRecord`.

    Args:
        located (`Iterable[tuple[str, Raw]]`): The locations and the raw records.
        parse (`Callable`): Takes both; returns the records, or raises a `CfgenError`.
    """
    for where, raw in located:
        try:
            records = list(parse(where, raw))
        except CfgenError as error:
            yield BadRecord(where, str(error), raw)
        else:
            yield from records


def checked_text(where: str, text: object, layout: str) -> str:
    """Return the text of a record. Raise a `CfgenError` that shows the `layout` of a record if there is none."""
    if not isinstance(text, str) or not text.strip():
        raise CfgenError(f"{where}: no text: a record is {layout}; add the text or remove the record")
    check_encodable(f"{where}: the text", text)
    return text


def checked_span(
    where: str,
    text: str,
    start: object,
    end: object,
    label: object,
    form: object = None,
    positions: dict[int, int] | None = None,
) -> Span:
    """Return a mention of a text, checked.

    Args:
        where (`str`): The location of the record.
        text (`str`): Its text.
        start (`object`): The offset of the first character, from 0.
        end (`object`): The offset after the last character.
        label (`object`): The entity type.
        form (`object`, *optional*): The words of the mention, if the file has them.
        positions (`dict[int, int]`, *optional*): `utf16_positions(text)` if the offsets count UTF-16 units.

    Raises:
        CfgenError: The label or an offset is not usable, or the text has other words there.
    """
    check_label(f"{where}: mention [{shown(start)}:{shown(end)}]", label)
    place = f"{where}: {label} [{shown(start)}:{shown(end)}]"
    # bool is a subclass of int
    if not isinstance(start, int) or not isinstance(end, int) or bool in (type(start), type(end)):
        raise CfgenError(f"{place}: offsets are integers, the end excluded; correct them")
    if start >= end:
        what = "is empty" if start == end else "ends before it starts"
        raise CfgenError(f"{place} {what}: correct the offsets (the end is excluded)")
    size, unit = (len(text), "characters") if positions is None else (next(reversed(positions)), "UTF-16 units")
    if start < 0 or end > size:
        raise CfgenError(f"{place} is outside the text of {size} {unit}: correct the offsets")
    if positions is not None and not {start, end} <= positions.keys():
        raise CfgenError(f"{place} cuts a character of two UTF-16 units: correct the offsets, or choose characters")
    span = Span(start, end, str(label))
    if positions is not None:
        span = Span(positions[start], positions[end], str(label))
    there = text[span.start : span.end]
    if form is not None and there != form:
        raise CfgenError(
            f"{place} is {there!r} in the text, not {form!r}: correct the offsets (counted in {unit} from 0, the end "
            "excluded) or the text"
        )
    return span


def check_label(what: str, label: object) -> None:
    """Raise a `CfgenError` if the entity type of a mention is not a name. The message starts with `what`."""
    if label is None:
        raise CfgenError(f"{what} has no label: give it the name of its type")
    if not isinstance(label, str) or not label.strip():
        raise CfgenError(f"{what} has the label {shown(label)}: give it the name of its type")
    check_encodable(f"{what}: the label", label)


def check_disjoint(where: str, text: str, spans: Sequence[Span]) -> None:
    """Raise a `CfgenError` if two mentions overlap. The mentions are sorted."""
    for before, after in pairwise(spans):
        if after.start < before.end:
            raise CfgenError(f"{where}: {_show(text, after)} overlaps {_show(text, before)}: keep one of them")


def longest_disjoint(where: str, text: str, spans: Iterable[Span]) -> tuple[list[Span], list[str]]:
    """Return the mentions that do not overlap a longer one, and a line on each other mention.

    >>> longest_disjoint("a:1", "New York", [Span(4, 8, "ORG"), Span(0, 8, "LOC")])
    ([Span(start=0, end=8, label='LOC')], ["a:1: ORG 'York' [4:8] overlaps LOC 'New York' [0:8]"])
    """
    kept: list[Span] = []
    rejected = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span)):
        other = next((other for other in kept if span.start < other.end and other.start < span.end), None)
        if other is None:
            kept.append(span)
        else:
            rejected.append(f"{where}: {_show(text, span)} overlaps {_show(text, other)}")
    return sorted(kept), rejected


def _show(text: str, span: Span) -> str:
    return f"{span.label} {text[span.start : span.end]!r} [{span.start}:{span.end}]"
