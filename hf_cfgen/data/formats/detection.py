"""The file formats: which there are, which one a file has, and its records as rows of tokens and tags."""

import codecs
import csv
import inspect
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from ...errors import CfgenError
from ...tagging.spans import spans_to_tags
from ..segmentation import choose_unit, split_long, token_offsets, token_spans
from . import brat, ccks, cluener, conll, doccano, json_rows, label_studio, label_studio_min, spacy
from .records import BadRecord, Record, Row, check_disjoint, longest_disjoint
from .text_files import read_text

logger = logging.getLogger(__name__)

READERS: dict[str, ModuleType] = {
    "brat": brat,
    "ccks": ccks,
    "cluener": cluener,
    "conll": conll,
    "doccano": doccano,
    "json": json_rows,
    "label_studio": label_studio,
    "label_studio_min": label_studio_min,
    "spacy": spacy,
}

TABLES = ("csv", "parquet")  # read by datasets

FORMATS = (*READERS, *TABLES)

WORD_FORMATS = ("conll", "json")  # of the readers, those whose files are in words and tags already

CHINESE = ("ccks", "cluener")  # corpora in characters; of mentions that overlap the longest stays

_HEAD_BYTES = 1 << 20


class Rows(NamedTuple):
    """The rows of the files of a split.

    Args:
        columns (`list[dict]`): Of every row `tokens`, `ner_tags` (tags as strings) and whatever else it carries.
        where (`list[str]`): Of every row where it stands.
        texts (`list[str]` or `None`): Of every row the text its tokens were cut from; `None` for files in words.
    """

    columns: list[dict[str, Any]]
    where: list[str]
    texts: list[str] | None


def detect_format(file: Path) -> str:
    """Judge the format of a file by its beginning, never by its name.

    Args:
        file (`Path`): The file.

    Returns:
        `str`: One of `FORMATS`.

    Raises:
        CfgenError: The file is empty, an archive or no UTF-8, or its content fits no format, or several.
    """
    with file.open("rb") as stream:
        data = stream.read(_HEAD_BYTES)
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith((b"PK\x03\x04", b"\x1f\x8b")):  # zip and gzip
        raise CfgenError(f"{file} is an archive: unpack it and give what is inside")
    try:
        head = codecs.getincrementaldecoder("utf-8")().decode(data).removeprefix("\ufeff")
    except UnicodeDecodeError:
        read_text(file)  # raises the one error for this
        raise
    if not head.strip():
        raise CfgenError(f"{file} is empty: remove it or give one with sentences")
    found = [name for name, reader in READERS.items() if reader.matches(head)] + ["csv"] * _is_csv(head)
    if not found and "\0" in head:
        raise CfgenError(f"{file} holds zero bytes, as UTF-16 text and binary files do: convert it to UTF-8 text")
    if len(found) != 1:
        what = f"looks like {' and '.join(found)}" if found else "looks like no known format"
        raise CfgenError(f"{file} {what}: name it (format), one of {', '.join(FORMATS)}")
    return found[0]


def reader_options(format: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Check options that are for the reader of a format.

    Args:
        format (`str`): One of `READERS`.
        options (`Mapping[str, Any]`): The options.

    Returns:
        `dict[str, Any]`: The same.

    Raises:
        CfgenError: The reader has no such option.
    """
    allowed = [name for name in inspect.signature(READERS[format].read).parameters if name != "path"]
    if unknown := [name for name in options if name not in allowed]:
        known = f"it has {', '.join(allowed)}" if allowed else "it has none"
        raise CfgenError(f"the {format} reader has no option {', '.join(unknown)}: {known}")
    return dict(options)


def read_rows(
    groups: Mapping[str, Sequence[Path]],
    format: str,
    options: Mapping[str, Any],
    *,
    scheme: str | None = None,
    types: Collection[str] | None = None,
    tokenization: str = "auto",
    max_length: int | None = None,
    skipped: list[BadRecord] | None = None,
) -> tuple[dict[str, Rows], str | None]:
    """Read the files of all splits.

    Args:
        groups (`Mapping[str, Sequence[Path]]`): Files by split.
        format (`str`): One of `READERS`.
        options (`Mapping[str, Any]`): Options of its reader.
        scheme (`str`, *optional*): The scheme to lay spans out in; IOB2 where it is not given.
        types (`Collection[str]`, *optional*): The entity types of spans to keep; all where it is not given.
        tokenization (`str`, *optional*, defaults to `"auto"`): The tokens of text, one of `UNITS`; `"auto"` is
            `choose_unit` of all texts.
        max_length (`int`, *optional*): Split longer texts, see `split_long`.
        skipped (`list[BadRecord]`, *optional*): Takes the bad records; the first one is an error where it is not
            given.

    Returns:
        `tuple[dict[str, Rows], str | None]`: Rows by split, and the unit of the tokens (`None` for files in words).

    Raises:
        CfgenError: A file can't be read, a record is bad, a file has no good one, or no mention has one of `types`.
    """
    read = READERS[format].read
    records = {}
    for split, files in groups.items():
        found = {file: list(_good(read(file, **options), skipped)) for file in files}
        if format == "brat":  # a document may be empty, a split may not
            found = {files[0]: list(chain.from_iterable(found.values()))}
        for file, given in found.items():
            _check_some(file, given, skipped)
        records[split] = found
    if format in WORD_FORMATS:
        return {split: _rows(found) for split, found in records.items()}, None
    everything = [record for files in records.values() for found in files.values() for record in found]
    _check_types(groups, types, {span.label for record in everything for span in record.spans})
    unit = tokenization
    if unit == "auto":
        unit = "characters" if format in CHINESE else choose_unit(record.text for record in everything)
    rejected: list[str] = []

    def sentences(found: Iterable[Record]) -> Iterator[Row | BadRecord]:
        for record in found:
            try:
                parts = _sentences(record, unit, scheme or "IOB2", types, max_length, format in CHINESE, rejected)
                yield from list(parts)  # all of a record or none
            except CfgenError as error:
                yield BadRecord(record.where, str(error), {"text": record.text, "spans": list(record.spans)})

    rows = {}
    for split, by_file in records.items():
        cut = {file: list(_good(sentences(given), skipped)) for file, given in by_file.items()}
        for file, parts in cut.items():
            _check_some(file, parts, skipped)
        rows[split] = _rows(cut)
        rows[split] = rows[split]._replace(texts=[row.pop("text") for row in rows[split].columns])
    if rejected:
        shown = "; ".join(rejected[:3]) + (f"; and {len(rejected) - 3} more" if len(rejected) > 3 else "")
        logger.warning("%d mention(s) left out that overlap a longer one: %s", len(rejected), shown)
    return rows, unit


def _sentences(
    record: Record,
    unit: str,
    scheme: str,
    types: Collection[str] | None,
    max_length: int | None,
    keep_longest: bool,
    rejected: list[str],
) -> Iterator[Row]:
    where, text, spans = record
    # A mention that was given twice is one mention.
    chosen = sorted({span for span in spans if types is None or span.label in types})
    if keep_longest:
        chosen, lines = longest_disjoint(where, text, chosen)
        rejected += lines
    check_disjoint(where, text, chosen)
    parts = [(text, chosen)]
    if max_length is not None:
        token_spans(where, text, token_offsets(text, unit), chosen)  # errors tell the offsets of the whole
        parts = split_long(where, text, unit, chosen, max_length)
    for part, inner in parts:
        offsets = token_offsets(part, unit)
        if not offsets:
            continue
        tags = spans_to_tags(token_spans(where, part, offsets, inner), len(offsets), scheme)
        yield Row(where, {"tokens": [part[start:end] for start, end in offsets], "ner_tags": tags, "text": part})


def _good(records: Iterable[Any], skipped: list[BadRecord] | None) -> Iterator[Any]:
    for record in records:
        if not isinstance(record, BadRecord):
            yield record
        elif skipped is None:
            raise CfgenError(record.reason)
        else:
            skipped.append(record)


def _rows(files: Mapping[Path, list[Row]]) -> Rows:
    rows = [row for found in files.values() for row in found]
    return Rows([row.columns for row in rows], [row.where for row in rows], None)


def _check_some(file: Path, found: Sequence[Any], skipped: list[BadRecord] | None) -> None:
    if found:
        return
    names = str(file), str(file.with_suffix(".txt"))  # where the sentences of brat stand
    if bad := [record for record in skipped or () if record.where.startswith(names)]:
        raise CfgenError(f"{file}: no good record in it, {len(bad)} bad: {bad[0].reason}")
    raise CfgenError(f"{file}: no sentence in it: remove the file or give one with sentences")


def _check_types(groups: Mapping[str, Sequence[Path]], types: Collection[str] | None, known: set[str]) -> None:
    if unknown := sorted(set(types or ()) - known):
        files = ", ".join(str(file) for files in groups.values() for file in files)
        raise CfgenError(
            f"{files}: no mention of type {', '.join(unknown)} (types): the types are "
            f"{', '.join(sorted(known)) or 'none'}; choose among them"
        )


def _is_csv(head: str) -> bool:
    if head.lstrip().startswith(("{", "[")):  # JSON without blanks after its commas
        return False
    try:
        rows = list(csv.reader(head.split("\n")[:2]))
    except csv.Error:
        return False
    return len(rows) == 2 and len(rows[0]) == len(rows[1]) and sum(cell.startswith("[") for cell in rows[1]) > 1
