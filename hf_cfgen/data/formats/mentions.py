"""What JSON lines of doccano, spaCy, and Prodigy share: a text and a list of mentions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import CfgenError
from ...tagging.spans import Span
from .offsets import offset_positions
from .records import checked_span
from .text_files import head_objects, shown


class Layout(NamedTuple):
    """The names of the fields of a record.

    Args:
        texts (`tuple[str, ...]`): The names that the text can have, by preference.
        lists (`tuple[str, ...]`): The names that the list of mentions can have, by preference.
        edges (`tuple[str, str]`): The names of the start and the end of a mention that is an object.
        shown (`str`): A record, for messages.
    """

    texts: tuple[str, ...]
    lists: tuple[str, ...]
    edges: tuple[str, str]
    shown: str


def typical_records(
    head: str, layout: Layout, is_mention: Callable[[str, object], bool]
) -> list[tuple[dict[str, Any], str]]:
    """Return the records that show the layout of a file, and the name of their list.

    These are the records with mentions, or, if no list has an item, the records with an empty list.

    Args:
        head (`str`): A file, or its start.
        layout (`Layout`): The names of the fields.
        is_mention (`Callable[[str, object], bool]`): Takes the name of a list and its first item; returns whether it
            looks like a mention.
    """
    found = [
        (record, name)
        for record in head_objects(head)
        if any(isinstance(record.get(text), str) for text in layout.texts)
        and (name := list_name(record, layout.lists)) is not None
    ]
    filled = [(record, name) for record, name in found if record[name]]
    return [(record, name) for record, name in filled if is_mention(name, record[name][0])] if filled else found


def list_name(record: Mapping[str, object], names: Sequence[str]) -> str | None:
    """Return the first name under which a record has a list. A list with items comes before empty lists.

    >>> list_name({"spans": [], "ents": [[0, 2, "PER"]]}, ["spans", "ents"])
    'ents'
    """
    lists = [name for name in names if isinstance(record.get(name), list)]
    return next((name for name in lists if record[name]), lists[0] if lists else None)


def is_triple(item: object) -> bool:
    """Check whether an item looks like `[start, end, type]`."""
    return isinstance(item, list) and len(item) == 3 and isinstance(item[2], str)


def parse_mentions(
    where: str, text: str, record: Mapping[str, object], layout: Layout, offsets: str = "characters"
) -> list[Span]:
    """Return the mentions of a record: lists of start, end and type, or objects.

    Args:
        where (`str`): The location of the record.
        text (`str`): Its text.
        record (`Mapping[str, object]`): The record.
        layout (`Layout`): The names of the fields.
        offsets (`str`, *optional*, defaults to `"characters"`): An `OffsetUnit`.

    Raises:
        CfgenError: The list is missing, or a mention can't be used.
    """
    name = list_name(record, layout.lists)
    items = record[name] if name else None
    if not isinstance(items, list):
        raise CfgenError(
            f"{where}: no list of mentions among {', '.join(record)}: a record is {layout.shown}; write [] if nothing "
            "is labeled"
        )
    mentions: list[tuple[object, object, object, object]] = []
    for item in items:
        if isinstance(item, list) and len(item) == 3:
            mentions.append((item[0], item[1], item[2], None))
        elif isinstance(item, dict):
            start, end = map(item.get, layout.edges)
            mentions.append((start, end, item.get("label"), item.get("text")))
        else:
            raise CfgenError(f"{where}: {shown(item)} in {name} is not a mention: a record is {layout.shown}")
    positions = offset_positions(where, text, [mention[1] for mention in mentions], offsets)
    return [checked_span(where, text, *mention, positions) for mention in mentions]
