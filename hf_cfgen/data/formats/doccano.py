"""The format of doccano."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from .base import Format
from .mentions import Layout, is_triple, parse_mentions, typical_records
from .offsets import OffsetUnit, check_offsets, spans_in
from .records import BadRecord, TextRecord, checked_text, parse_each
from .text_files import json_lines, json_object, read_text, write_lines

_LAYOUT = Layout(
    ("text", "data"),
    ("label", "labels", "entities"),
    ("start_offset", "end_offset"),
    '{"text": str, "label": [[start, end, type], ...]} or '
    '{"text": str, "entities": [{"start_offset": int, "end_offset": int, "label": type}, ...]}, the end excluded',
)


@dataclass
class Doccano(Format[TextRecord]):
    """doccano's JSON lines: a text and a list of its mentions, end excluded.

    Args:
        offsets (`str`, *optional*, defaults to `"auto"`): What offsets count: `"characters"` or `"utf16"` code units.
            With `"auto"`, a record is bad if the two differ.
    """

    name = "doccano"
    endings = (".jsonl",)
    offsets: OffsetUnit = "auto"

    def __post_init__(self) -> None:
        check_offsets(self.offsets)

    def detect(self, head: str) -> bool:
        return bool(typical_records(head, _LAYOUT, _is_mention))

    def read(self, path: Path) -> Iterator[TextRecord | BadRecord]:
        return parse_each(json_lines(path), self._parse)

    def _parse(self, where: str, line: str) -> Iterator[TextRecord]:
        record = json_object(where, line, _LAYOUT.shown)
        text = checked_text(
            where, next((record[name] for name in _LAYOUT.texts if name in record), None), _LAYOUT.shown
        )
        yield TextRecord(where, text, parse_mentions(where, text, record, _LAYOUT, self.offsets))

    def write(self, records: Iterable[TextRecord], path: Path, sources: Sequence[Path]) -> None:
        typical = typical_records(read_text(sources[0]), _LAYOUT, _is_mention)
        example, name = next(iter(typical), ({"id": 1, "text": ""}, "label"))
        text_name = next(name for name in _LAYOUT.texts if name in example)
        mention_ids = count(1)

        def rows() -> Iterator[dict[str, object]]:
            for number, (_, text, given) in enumerate(records, start=1):
                spans = spans_in(self.offsets, text, given)
                row: dict[str, object] = {"id": number} if "id" in example else {}
                row[text_name] = text
                if name == "entities":
                    row[name] = [
                        {"id": next(mention_ids), "label": label, "start_offset": start, "end_offset": end}
                        for start, end, label in spans
                    ]
                    row["relations"] = []
                else:
                    row[name] = [list(span) for span in spans]
                yield row

        write_lines(path, rows())


def _is_mention(name: str, item: object) -> bool:
    return isinstance(item, dict) and _LAYOUT.edges[0] in item if name == "entities" else is_triple(item)
