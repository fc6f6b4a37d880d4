"""Read the files of all splits as rows of tokens and tags."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

from ...errors import CfgenError
from ...tagging.spans import spans_to_tags
from ...utils.text import choose_unit, token_offsets
from ..segmentation import split_long, token_spans
from .base import AnyFormat
from .records import BadRecord, TextRecord, WordRecord, check_disjoint, checked_span, longest_disjoint

logger = logging.getLogger(__name__)

Good = TypeVar("Good")


class Rows(NamedTuple):
    """The rows of a split.

    Args:
        columns (`list[dict[str, object]]`): The `tokens` and `ner_tags` (strings) of each row, and any other columns.
        where (`list[str]`): The location of each row.
        texts (`list[str]`): The text of each row. Empty for files in words.
    """

    columns: list[dict[str, object]]
    where: list[str]
    texts: list[str]


def read_rows(
    format: AnyFormat,
    groups: Mapping[str, Sequence[Path]],
    *,
    scheme: str | None = None,
    types: Collection[str] | None = None,
    tokenization: str = "auto",
    max_length: int | None = None,
    skipped: list[BadRecord] | None = None,
) -> tuple[dict[str, Rows], str | None]:
    """Read the files of all splits.

    Args:
        format (`Format`): Their format.
        groups (`Mapping[str, Sequence[Path]]`): The files of each split.
        scheme (`str`, *optional*): The tagging scheme for texts with mentions. Defaults to IOB2.
        types (`Collection[str]`, *optional*): The entity types of texts to keep. Defaults to all.
        tokenization (`str`, *optional*, defaults to `"auto"`): The tokens of texts, one of `UNITS`, or `"auto"`.
        max_length (`int`, *optional*): Split longer texts, see `split_long`.
        skipped (`list[BadRecord]`, *optional*): A list to which bad records are appended. If omitted, the first one
            raises an error.

    Returns:
        `tuple[dict[str, Rows], str | None]`: The rows of each split, and the unit of the tokens (`None` for files in
        words).

    Raises:
        CfgenError: A file cannot be read, a record is bad, a split has no good one, or no mention has one of `types`.
    """
    records = {}
    for split, files in groups.items():
        records[split] = list(_good(chain.from_iterable(map(format.read, files)), skipped))
        _check_some(files, records[split], skipped)
    if format.tokenization == "given":
        return {
            split: Rows([row.columns for row in found], [row.where for row in found], [])
            for split, found in records.items()
        }, None
    everything = list(chain.from_iterable(records.values()))
    _check_types(groups, types, {span.label for record in everything for span in record.spans})
    unit = format.tokenization if tokenization == "auto" else tokenization
    if unit == "auto":
        unit = choose_unit(record.text for record in everything)
    overlaps: list[str] | None = [] if format.keeps_longest else None

    def sentences(found: Iterable[TextRecord]) -> Iterator[tuple[WordRecord, str] | BadRecord]:
        for record in found:
            try:
                yield from list(_sentences(record, unit, scheme or "IOB2", types, max_length, overlaps))
            except CfgenError as error:  # then no part of the record is kept
                yield BadRecord(record.where, str(error), {"text": record.text, "spans": list(record.spans)})

    rows = {}
    for split, found in records.items():
        parts = list(_good(sentences(found), skipped))
        _check_some(groups[split], parts, skipped)
        rows[split] = Rows(
            [row.columns for row, _ in parts], [row.where for row, _ in parts], [text for _, text in parts]
        )
    if overlaps:
        shown = "; ".join(overlaps[:3]) + (f"; and {len(overlaps) - 3} more" if len(overlaps) > 3 else "")
        logger.warning("%d mention(s) left out that overlap a longer one: %s", len(overlaps), shown)
    return rows, unit


def _sentences(
    record: TextRecord,
    unit: str,
    scheme: str,
    types: Collection[str] | None,
    max_length: int | None,
    overlaps: list[str] | None,
) -> Iterator[tuple[WordRecord, str]]:
    where, text, given = record
    # formats that users add may not check their mentions; a mention that was given twice is one mention
    spans = {checked_span(where, text, *span) for span in given}
    chosen = sorted(span for span in spans if types is None or span.label in types)
    if overlaps is not None:
        chosen, lines = longest_disjoint(where, text, chosen)
        overlaps += lines
    check_disjoint(where, text, chosen)
    parts = [(text, chosen)]
    if max_length is not None:
        token_spans(where, text, token_offsets(text, unit), chosen)  # errors show the offsets in the whole text
        parts = split_long(text, unit, chosen, max_length)
    for part, inner in parts:
        offsets = token_offsets(part, unit)
        if offsets:
            tags = spans_to_tags(token_spans(where, part, offsets, inner), len(offsets), scheme)
            tokens = [part[start:end] for start, end in offsets]
            yield WordRecord(where, {"tokens": tokens, "ner_tags": tags}), part


def _good(records: Iterable[Good | BadRecord], skipped: list[BadRecord] | None) -> Iterator[Good]:
    for record in records:
        if not isinstance(record, BadRecord):
            yield record
        elif skipped is None:
            raise CfgenError(record.reason)
        else:
            skipped.append(record)


def _check_some(files: Sequence[Path], found: Sequence[object], skipped: list[BadRecord] | None) -> None:
    if found:
        return
    name = str(files[0]) + (f" and {len(files) - 1} more" if len(files) > 1 else "")
    stems = tuple(str(file.with_suffix("")) for file in files)  # brat has records in a second file
    if bad := [record for record in skipped or () if record.where.startswith(stems)]:
        raise CfgenError(f"{name}: no good record in it, {len(bad)} bad: {bad[0].reason}")
    raise CfgenError(f"{name}: no sentence in it: remove the file or give one with sentences")


def _check_types(groups: Mapping[str, Sequence[Path]], types: Collection[str] | None, known: set[str]) -> None:
    if unknown := sorted(set(types or ()) - known):
        files = ", ".join(str(file) for files in groups.values() for file in files)
        raise CfgenError(
            f"{files}: no mention of type {', '.join(unknown)} (types): the types are "
            f"{', '.join(sorted(known)) or 'none'}; choose among them"
        )
