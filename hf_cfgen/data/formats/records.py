"""What readers give: text with spans, words with tags, or a record that can't be used and the reason."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from ...errors import CfgenError
from ...tagging.spans import Span
from .text_files import shown

OFFSETS = ("auto", "characters", "utf16")  # what the offsets of a file count


class Record(NamedTuple):
    """A labelled text: `where` it stands ("file:line"), the text, and mentions over its code points."""

    where: str
    text: str
    spans: Sequence[Span]


class Row(NamedTuple):
    """A labelled sentence that is in words already: `where` it stands, and its columns, `tokens` and `ner_tags`."""

    where: str
    columns: dict[str, Any]


class BadRecord(NamedTuple):
    """A record that can't be used: `where` it stands, the `reason`, and the record as it was given."""

    where: str
    reason: str
    record: Any


def parse_each(
    located: Iterable[tuple[str, Any]], parse: Callable[[str, Any], Iterable[Record | Row]]
) -> Iterator[Record | Row | BadRecord]:
    """Parse raw records one by one; an error makes a `BadRecord` of the one it is about.

    Args:
        located (`Iterable[tuple[str, Any]]`): Where a raw record stands, and the raw record.
        parse (`Callable`): Takes both; gives the records in it, or raises `CfgenError` with `where` in its message.

    Returns:
        `Iterator[Record | Row | BadRecord]`: What was parsed, in order.

    Example:

    >>> def parse(where, raw):
    ...     return [Record(where, raw, [checked_span(where, raw, 0, 2, "PER")])]
    >>> [type(record).__name__ for record in parse_each([("a:1", "Bo"), ("a:2", "B")], parse)]
    ['Record', 'BadRecord']
    """
    for where, raw in located:
        try:
            records = list(parse(where, raw))
        except CfgenError as error:
            yield BadRecord(where, str(error), raw)
        else:
            yield from records


def checked_text(where: str, text: Any, layout: str) -> str:
    """Check the text of a record.

    Args:
        where (`str`): Where the record stands.
        text (`Any`): Its text, as given.
        layout (`str`): What a record looks like, for the message.

    Returns:
        `str`: The text.

    Raises:
        CfgenError: It is no string, blank, or not encodable.

    Example:

    >>> checked_text("a.json:1", " ", '{"text": str}')
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: a.json:1: no text: a record is {"text": str}; add the text or remove the record
    """
    if not isinstance(text, str) or not text.strip():
        raise CfgenError(f"{where}: no text: a record is {layout}; add the text or remove the record")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise CfgenError(f"{where}: half of a surrogate pair at {error.start}: correct the text") from None
    return text


def checked_span(
    where: str,
    text: str,
    start: Any,
    end: Any,
    label: Any,
    form: Any = None,
    units: dict[int, int] | None = None,
) -> Span:
    """Check a mention of a text.

    Args:
        where (`str`): Where the record stands.
        text (`str`): Its text.
        start (`Any`): The first code point, counted from 0.
        end (`Any`): The code point after the last.
        label (`Any`): The entity type.
        form (`Any`, *optional*): The text of the mention, where the record has it.
        units (`dict[int, int]`, *optional*): `utf16_positions` of the text, where the offsets count UTF-16 units.

    Returns:
        `Span`: The mention, over code points.

    Raises:
        CfgenError: The offsets are no integers, outside the text or within a character, there is no label, or the text
            there is another.

    Example:

    >>> checked_span("a.json:1", "Bo ran", 0, 2, "PER", "Bo")
    Span(start=0, end=2, label='PER')
    >>> checked_span("a.json:1", "Bo ran", 3, 7, "PER")
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: a.json:1: PER [3:7] is outside the text of 6 characters: correct the offsets
    """
    check_label(f"{where}: mention [{shown(start)}:{shown(end)}]", label)
    if type(start) is not int or type(end) is not int:
        raise CfgenError(
            f"{where}: {label} [{shown(start)}:{shown(end)}]: offsets are integers, the end excluded; correct them"
        )
    if start >= end:
        what = "is empty" if start == end else "ends before it starts"
        raise CfgenError(f"{where}: {label} [{start}:{end}] {what}: correct the offsets (the end is excluded)")
    size, unit = (len(text), "characters") if units is None else (next(reversed(units)), "UTF-16 units")
    if start < 0 or end > size:
        raise CfgenError(f"{where}: {label} [{start}:{end}] is outside the text of {size} {unit}: correct the offsets")
    if units is not None and not {start, end} <= units.keys():
        raise CfgenError(
            f"{where}: {label} [{start}:{end}] cuts a character of two UTF-16 units: correct the offsets, or name "
            "characters (offsets)"
        )
    span = Span(start, end, label) if units is None else Span(units[start], units[end], label)
    if form is not None and text[span.start : span.end] != form:
        raise CfgenError(
            f"{where}: {label} [{start}:{end}] is {text[span.start : span.end]!r} in the text, not {form!r}: correct "
            f"the offsets (counted in {unit} from 0, the end excluded) or the text"
        )
    return span


def check_offsets(offsets: str) -> None:
    """Check the name of what offsets count.

    Args:
        offsets (`str`): The name.

    Raises:
        CfgenError: It is none of `OFFSETS`.

    Example:

    >>> check_offsets("bytes")
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: unknown offsets 'bytes': choose one of auto, characters, utf16
    """
    if offsets not in OFFSETS:
        raise CfgenError(f"unknown offsets {offsets!r}: choose one of {', '.join(OFFSETS)}")


def utf16_positions(text: str) -> dict[int, int]:
    """Where the code points of a text begin in UTF-16, as which browsers count.

    Args:
        text (`str`): The text.

    Returns:
        `dict[int, int]`: By the number of UTF-16 units before it, every code point's position; the text's end too.

    Example:

    >>> utf16_positions("😀a")
    {0: 0, 2: 1, 3: 2}
    """
    units = accumulate((1 + (character > "\uffff") for character in text), initial=0)
    return {unit: position for position, unit in enumerate(units)}


def offset_units(where: str, text: str, ends: Iterable[Any], offsets: str) -> dict[int, int] | None:
    """What `checked_span` needs to know of the unit of a record's offsets.

    Args:
        where (`str`): Where the record stands.
        text (`str`): Its text.
        ends (`Iterable[Any]`): Where its mentions end, as given.
        offsets (`str`): One of `OFFSETS`.

    Returns:
        `dict[int, int]` or `None`: `utf16_positions` where the offsets count UTF-16 units; else `None`.

    Raises:
        CfgenError: It is `"auto"`, and a mention is after (or over) a character that is two units.

    Example:

    >>> offset_units("a.jsonl:1", "Bo 😀", [2], "auto")
    >>> offset_units("a.jsonl:1", "😀 Bo", [4], "auto")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: a.jsonl:1: offsets after '😀' count characters or UTF-16 units, which differ: ...
    """
    if offsets == "characters":
        return None
    units = utf16_positions(text)
    if offsets == "utf16":
        return units
    last = max((end for end in ends if type(end) is int), default=0)
    wide = next((character for character in text[: max(last, 0)] if character > "\uffff"), None)
    if wide is None or last > next(reversed(units)):  # what is outside the text in both is so in characters
        return None
    raise CfgenError(
        f"{where}: offsets after {wide!r} count characters or UTF-16 units, which differ: name them (offsets), "
        "characters or utf16"
    )


def spans_in(offsets: str, text: str, spans: Iterable[Span]) -> list[Span]:
    """The mentions of a text as a file has them.

    Args:
        offsets (`str`): One of `OFFSETS`; code points but for `"utf16"`.
        text (`str`): The text.
        spans (`Iterable[Span]`): Its mentions, over code points.

    Returns:
        `list[Span]`: The same, in the file's unit.

    Example:

    >>> spans_in("utf16", "😀 Bo", [Span(2, 4, "PER")])
    [Span(start=3, end=5, label='PER')]
    """
    if offsets != "utf16":
        return list(spans)
    units = list(utf16_positions(text))
    return [Span(units[start], units[end], label) for start, end, label in spans]


def check_label(what: str, label: Any) -> None:
    """Check the entity type of a mention.

    Args:
        what (`str`): The record and the mention, for the message.
        label (`Any`): The entity type.

    Raises:
        CfgenError: It is no string, blank, or not encodable.

    Example:

    >>> check_label("a.json:1: mention [0:2]", ["PER"])
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: a.json:1: mention [0:2] has the label ["PER"]: give it the name of its type
    """
    if label is None:
        raise CfgenError(f"{what} has no label: give it the name of its type")
    if not isinstance(label, str) or not label.strip():
        raise CfgenError(f"{what} has the label {shown(label)}: give it the name of its type")
    try:
        label.encode()
    except UnicodeEncodeError:
        raise CfgenError(f"{what} has half of a surrogate pair in its label: correct the label") from None


def check_disjoint(where: str, text: str, spans: Sequence[Span]) -> None:
    """Check that no two mentions share a character: tags can't hold mentions that nest or overlap.

    Args:
        where (`str`): Where the record stands.
        text (`str`): Its text.
        spans (`Sequence[Span]`): Its mentions, in order.

    Raises:
        CfgenError: Two do.

    Example:

    >>> check_disjoint("a.json:1", "New York", [Span(0, 8, "LOC"), Span(4, 8, "ORG")])
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: a.json:1: ORG 'York' [4:8] overlaps LOC 'New York' [0:8]: keep one of them
    """
    for before, after in pairwise(spans):
        if after.start < before.end:
            raise CfgenError(f"{where}: {_show(text, after)} overlaps {_show(text, before)}: keep one of them")


def longest_disjoint(where: str, text: str, spans: Iterable[Span]) -> tuple[list[Span], list[str]]:
    """Reject mentions that overlap or nest in a longer one, or in an equally long one before it.

    Args:
        where (`str`): Where the record stands.
        text (`str`): Its text.
        spans (`Iterable[Span]`): Its mentions.

    Returns:
        `tuple[list[Span], list[str]]`: The mentions that stay, in order, and a line on each that does not.

    Example:

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


def first_value(records: Iterable[Mapping[str, Any]], names: Sequence[str]) -> str | None:
    """The first of some names that a record has.

    Args:
        records (`Iterable[Mapping[str, Any]]`): Records.
        names (`Sequence[str]`): Names of fields, by preference.

    Returns:
        `str` or `None`: The name; `None` where no record has one.

    Example:

    >>> first_value([{"id": 1}, {"labels": []}], ("label", "labels"))
    'labels'
    """
    return next((name for record in records for name in names if name in record), None)


def _show(text: str, span: Span) -> str:
    return f"{span.label} {text[span.start : span.end]!r} [{span.start}:{span.end}]"
