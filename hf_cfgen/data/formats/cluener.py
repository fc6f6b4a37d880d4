"""The CLUENER format."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ...errors import CfgenError
from ...tagging.spans import Span
from .base import Format
from .records import BadRecord, TextRecord, checked_span, checked_text, parse_each
from .text_files import head_objects, json_lines, json_object, shown, write_lines

_LAYOUT = '{"text": str, "label": {type: {surface form: [[first, last], ...]}}}, both ends included'


class Cluener(Format[TextRecord]):
    """CLUENER: JSON lines of a text and, by entity type and surface form, the ranges of its mentions."""

    name = "cluener"
    endings = (".json",)
    tokenization = "characters"
    keeps_longest = True

    def detect(self, head: str) -> bool:
        record = next(head_objects(head), {})
        if not isinstance(record.get("text"), str):
            return False
        label = record.get("label")
        if label is None:
            return set(record) <= {"id", "text", "label"}
        return isinstance(label, dict) and all(isinstance(forms, dict) for forms in label.values())

    def read(self, path: Path) -> Iterator[TextRecord | BadRecord]:
        return parse_each(json_lines(path), _parse)

    def write(self, records: Iterable[TextRecord], path: Path, sources: Sequence[Path]) -> None:
        write_lines(path, ({"text": text, "label": _by_form(text, spans)} for _, text, spans in records))

    def is_unlabeled(self, path: Path) -> bool:
        return all(json_object(where, line, _LAYOUT).get("label") is None for where, line in json_lines(path))


def _parse(where: str, line: str) -> Iterator[TextRecord]:
    record = json_object(where, line, _LAYOUT)
    text = checked_text(where, record.get("text"), _LAYOUT)
    label = record.get("label")
    if not isinstance(label, dict) or not all(isinstance(forms, dict) for forms in label.values()):
        raise CfgenError(
            f'{where}: "label" is {shown(label)}: a record is {_LAYOUT}; write {{}} if nothing is labeled'
        )
    yield TextRecord(where, text, list(_spans(where, text, label)))


def _spans(where: str, text: str, label: Mapping[str, Mapping[str, object]]) -> Iterator[Span]:
    for kind, forms in label.items():
        for form, ranges in forms.items():
            if not isinstance(ranges, list) or not ranges:
                raise CfgenError(
                    f"{where}: {kind} {form!r} has no list of ranges but {shown(ranges)}: a record is {_LAYOUT}"
                )
            for given in ranges:
                if not isinstance(given, list) or [type(end) for end in given] != [int, int]:
                    raise CfgenError(
                        f"{where}: range {shown(given)} of {kind} {form!r} is not [first, last], two integers: "
                        "correct it"
                    )
                try:
                    yield checked_span(where, text, given[0], given[1] + 1, kind, form)
                except CfgenError as error:
                    raise CfgenError(f"{error}; in the file it is {given}, both ends included") from None


def _by_form(text: str, spans: Iterable[Span]) -> dict[str, dict[str, list[list[int]]]]:
    label: dict[str, dict[str, list[list[int]]]] = {}
    for start, end, kind in spans:
        label.setdefault(kind, {}).setdefault(text[start:end], []).append([start, end - 1])
    return label
