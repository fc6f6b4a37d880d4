"""The CCKS format."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...errors import CfgenError
from .base import Format
from .records import BadRecord, TextRecord, checked_span, checked_text, parse_each
from .text_files import head_objects, json_lines, json_object, shown, write_lines

_LAYOUT = (
    '{"originalText": str, "entities": [{"label_type": str, "start_pos": int, "end_pos": int}, ...]}, ends excluded'
)


class Ccks(Format[TextRecord]):
    """CCKS: JSON lines of a clinical text and its entities, as in the CCKS-2019 task."""

    name = "ccks"
    endings = (".json", ".txt")
    tokenization = "characters"
    keeps_longest = True

    def detect(self, head: str) -> bool:
        return isinstance(next(head_objects(head), {}).get("originalText"), str)

    def read(self, path: Path) -> Iterator[TextRecord | BadRecord]:
        return parse_each(json_lines(path), _parse)

    def write(self, records: Iterable[TextRecord], path: Path, sources: Sequence[Path]) -> None:
        write_lines(
            path,
            (
                {
                    "originalText": text,
                    "entities": [
                        {"label_type": label, "overlap": 0, "start_pos": start, "end_pos": end}
                        for start, end, label in spans
                    ],
                }
                for _, text, spans in records
            ),
        )


def _parse(where: str, line: str) -> Iterator[TextRecord]:
    record = json_object(where, line, _LAYOUT)
    text = checked_text(where, record.get("originalText"), _LAYOUT)
    entities = record.get("entities")
    if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
        raise CfgenError(
            f'{where}: "entities" is {shown(entities)}: a record is {_LAYOUT}; write [] if nothing is labeled'
        )
    fields = "start_pos", "end_pos", "label_type"
    yield TextRecord(where, text, [checked_span(where, text, *map(entity.get, fields)) for entity in entities])
