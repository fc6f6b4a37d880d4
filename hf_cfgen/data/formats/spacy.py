"""The format of spaCy and Prodigy."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...errors import CfgenError
from .base import Format
from .mentions import Layout, is_triple, list_name, parse_mentions, typical_records
from .records import BadRecord, TextRecord, checked_text, parse_each
from .text_files import json_lines, json_object, read_text, write_lines

logger = logging.getLogger(__name__)

_LAYOUT = Layout(
    ("text",),
    ("spans", "entities", "ents"),
    ("start", "end"),
    '{"text": str, "entities": [[start, end, type], ...]} or '
    '{"text": str, "spans": [{"start": int, "end": int, "label": type}, ...]}, the end excluded',
)

_NOT_ACCEPTED = ("reject", "ignore")


class Spacy(Format[TextRecord]):
    """JSON lines of spaCy and Prodigy: a text and a list of its mentions, end excluded.

    Mentions are in the first list among `spans`, `entities`, and `ents` (`Doc.to_json`) that is not empty. Records and
    spans with the answer `reject` or `ignore` in Prodigy are left out. A record with another answer and no list has no
    mentions.
    """

    name = "spacy"
    endings = (".jsonl",)

    def detect(self, head: str) -> bool:
        return bool(typical_records(head, _LAYOUT, _is_mention))

    def read(self, path: Path) -> Iterator[TextRecord | BadRecord]:
        left_out = 0

        def parse(where: str, line: str) -> Iterator[TextRecord]:
            nonlocal left_out
            record = json_object(where, line, _LAYOUT.shown)
            if record.get("_is_binary") is True:
                raise CfgenError(
                    f"{where}: one judgment about one mention (_is_binary), not a labeled sentence: export merged "
                    "annotations"
                )
            if _is_rejected(record):
                left_out += 1
                return
            text = checked_text(where, record.get("text"), _LAYOUT.shown)
            first = list_name(record, _LAYOUT.lists)
            if first is None and "answer" in record:
                record["spans"] = []
            lists = [name for name in _LAYOUT.lists if isinstance(record.get(name), list)]
            for name in lists:
                record[name] = [item for item in record[name] if not _is_rejected(item)]
            spans = parse_mentions(where, text, record, _LAYOUT)
            for name in lists:
                if record[name] and set(parse_mentions(where, text, {name: record[name]}, _LAYOUT)) != set(spans):
                    raise CfgenError(
                        f"{where}: the mentions in {list_name(record, lists)} and in {name} differ: keep one of the "
                        "two lists, or make them the same"
                    )
            yield TextRecord(where, text, spans)

        found = False
        for record in parse_each(json_lines(path), parse):
            found = True
            yield record
        if left_out and not found:
            raise CfgenError(
                f"{path}: all {left_out} record(s) have the answer {' or '.join(_NOT_ACCEPTED)}: give accepted ones"
            )
        if left_out:
            logger.warning("%s: %d record(s) left out, answered %s", path, left_out, " or ".join(_NOT_ACCEPTED))

    def write(self, records: Iterable[TextRecord], path: Path, sources: Sequence[Path]) -> None:
        typical = typical_records(read_text(sources[0]), _LAYOUT, _is_mention)
        example, name = next(iter(typical), ({"entities": []}, "entities"))
        as_lists = is_triple(example[name][0]) if example[name] else name == "entities"
        write_lines(
            path,
            (
                {"text": text, name: [list(span) if as_lists else span._asdict() for span in spans]}
                for _, text, spans in records
            ),
        )


def _is_mention(name: str, item: object) -> bool:
    return is_triple(item) or (isinstance(item, dict) and _LAYOUT.edges[0] in item)


def _is_rejected(given: object) -> bool:
    return isinstance(given, dict) and given.get("answer") in _NOT_ACCEPTED
