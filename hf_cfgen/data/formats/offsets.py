"""The unit of offsets: characters (code points), or the UTF-16 code units that browsers count."""

from collections.abc import Iterable
from itertools import accumulate
from typing import Literal, get_args

from ...errors import CfgenError
from ...tagging.spans import Span

OffsetUnit = Literal["auto", "characters", "utf16"]


def check_offsets(offsets: str) -> None:
    """Raise a `CfgenError` if a name is not an `OffsetUnit`."""
    if offsets not in get_args(OffsetUnit):
        raise CfgenError(f"unknown offsets {offsets!r}: choose one of {', '.join(get_args(OffsetUnit))}")


def utf16_positions(text: str) -> dict[int, int]:
    """Return the position of each character, and of the text's end, by the number of UTF-16 units before it.

    >>> utf16_positions("😀a")
    {0: 0, 2: 1, 3: 2}
    """
    units = accumulate((1 + (character > "\uffff") for character in text), initial=0)
    return {unit: position for position, unit in enumerate(units)}


def offset_positions(where: str, text: str, ends: Iterable[object], offsets: str) -> dict[int, int] | None:
    """Return `utf16_positions` if the offsets of a record count UTF-16 units, otherwise `None`.

    Args:
        where (`str`): The location of the record.
        text (`str`): Its text.
        ends (`Iterable[object]`): The ends of its mentions.
        offsets (`str`): An `OffsetUnit`.

    Raises:
        CfgenError: The unit is `"auto"`, and it matters: a mention is after a character of two units.
    """
    if offsets == "characters":
        return None
    positions = utf16_positions(text)
    if offsets == "utf16":
        return positions
    last = max((end for end in ends if isinstance(end, int)), default=0)
    wide = next((character for character in text[: max(last, 0)] if character > "\uffff"), None)
    if wide is None or last > next(reversed(positions)):  # outside the text in both units: reported in characters
        return None
    raise CfgenError(
        f"{where}: offsets after {wide!r} count characters or UTF-16 units, which differ: choose characters or utf16 "
        "(offsets)"
    )


def spans_in(offsets: str, text: str, spans: Iterable[Span]) -> list[Span]:
    """Convert mentions over characters to the unit of a file.

    >>> spans_in("utf16", "😀 Bo", [Span(2, 4, "PER")])
    [Span(start=3, end=5, label='PER')]
    """
    if offsets != "utf16":
        return list(spans)
    units = list(utf16_positions(text))
    return [Span(units[start], units[end], label) for start, end, label in spans]
