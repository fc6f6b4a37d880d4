"""The JSON and JSON-MIN exports of Label Studio."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from ...errors import CfgenError
from .base import Format
from .offsets import OffsetUnit, check_offsets, offset_positions, spans_in, utf16_positions
from .records import BadRecord, TextRecord, checked_span, checked_text, parse_each
from .text_files import head_items, json_array, json_type, shown

logger = logging.getLogger(__name__)

_TASK = (
    '{"data": {"text": str}, "annotations": [{"result": [{"value": {"start": int, "end": int, "labels": [str]}}]}]}'
)

_MIN = '{"id": int, "text": str, "label": [{"start": int, "end": int, "text": str, "labels": [str]}]}'

_ABOUT = ("id", "annotator", "created_at", "updated_at")  # fields of JSON-MIN that are not the text

T = TypeVar("T", dict, list)

_Items = Sequence[tuple[str, object]]


class _Control(NamedTuple):
    """The names of the control that made a region, and of the text it is for. JSON-MIN has only the first."""

    from_name: object = "label"
    to_name: object = "text"


class _Region(NamedTuple):
    """A labeled region of the file."""

    start: object
    end: object
    label: str
    form: object
    control: _Control


class _Export(NamedTuple):
    """The items of an export that have labels, and how to read them.

    `split` takes the location of an item and the item; it returns the fields and the regions, or raises a CfgenError.
    """

    items: _Items
    split: Callable[[str, object], tuple[Mapping[str, object], list[_Region]]]
    layout: str


@dataclass
class LabelStudio(Format[TextRecord]):
    """Label Studio's exports: JSON, an array of tasks with annotations, or JSON-MIN, an array of texts with regions.

    The text is in the only field that has strings. If there are several, it is the one in which the texts of the
    regions are found most often, or the one named `text`. Results without labels, such as choices and relations, are
    skipped. Tasks without an annotation are left out. The first annotation of a task that is not cancelled counts.

    Args:
        offsets (`str`, *optional*, defaults to `"auto"`): What offsets count: `"characters"` or `"utf16"` code units.
            With `"auto"`, the texts of the regions show it. If they do not and the two differ, a record is bad.
    """

    name = "label_studio"
    endings = (".json",)
    offsets: OffsetUnit = "auto"

    def __post_init__(self) -> None:
        check_offsets(self.offsets)

    def detect(self, head: str) -> bool:
        items = list(head_items(head))
        return any(_annotations(item) is not None or _has_regions(item) for item in items)

    def read(self, path: Path) -> Iterator[TextRecord | BadRecord]:
        items, split, layout = export = _labeled(path, _export(path))
        field, _ = self._text_and_controls(path, export)

        def parse(where: str, item: object) -> Iterator[TextRecord]:
            fields, regions = split(where, item)
            text = checked_text(where, fields.get(field), layout)
            positions = self._positions(where, text, regions)
            spans = []
            for region in regions:
                # a text that agrees can be written differently, see _agrees
                form = None if _agrees(text, [region], positions) else region.form
                spans.append(checked_span(where, text, *region[:3], form, positions))
            yield TextRecord(where, text, spans)

        return parse_each(items, parse)

    def write(self, records: Iterable[TextRecord], path: Path, sources: Sequence[Path]) -> None:
        """Write an export that can be imported into the project of the first source."""
        export = _export(sources[0])
        field, controls = self._text_and_controls(sources[0], export)
        default = next(iter(controls.values()), _Control())
        written = []
        for number, (_, text, spans) in enumerate(records, start=1):
            regions = []
            for span, (start, end, label) in zip(spans, spans_in(self.offsets, text, spans)):
                value = {"start": start, "end": end, "text": text[span.start : span.end], "labels": [label]}
                regions.append((controls.get(label, default), value))
            if export.layout == _MIN:
                by_control: dict[str, list[object]] = {}
                for control, value in regions:
                    by_control.setdefault(str(control.from_name), []).append(value)
                item: dict[str, object] = {"id": number, field: text, **by_control}
            else:
                result = [
                    {"id": f"{number}-{place}", **control._asdict(), "type": "labels", "value": value}
                    for place, (control, value) in enumerate(regions, start=1)
                ]
                annotation = {"id": number, "was_cancelled": False, "result": result}
                item = {"id": number, "data": {field: text}, "annotations": [annotation]}
            written.append(json.dumps(item, ensure_ascii=False))
        path.write_text("[" + ",\n".join(written) + "]\n", encoding="utf-8", newline="\n")

    def _text_and_controls(self, path: Path, export: _Export) -> tuple[str, dict[str, _Control]]:
        """Return the name of the field of the text, and the control of each label."""
        good = []
        for where, item in export.items:
            with suppress(CfgenError):
                good.append(export.split(where, item))
        found = {name: 0 for fields, _ in good for name, value in fields.items() if isinstance(value, str)}
        if len(found) > 1:
            for fields, regions in good:
                for name in found:
                    found[name] += self._holds(fields.get(name), regions)
        best = [name for name, count in found.items() if count == max(found.values())]
        if len(best) > 1 and "text" not in best:
            raise CfgenError(f"{path}: each of {', '.join(best)} may be the text: call it text, or remove the others")
        controls: dict[str, _Control] = {}
        for _, regions in good:
            for region in regions:
                controls.setdefault(region.label, region.control)
        return (best[0] if len(best) == 1 else "text"), controls

    def _positions(self, where: str, text: str, regions: Sequence[_Region]) -> dict[int, int] | None:
        """Return the result of `utf16_positions` if the offsets count UTF-16 units."""
        formed = [region for region in regions if region.form is not None]
        if self.offsets == "auto" and formed and max(text) > "\uffff":
            positions = utf16_positions(text)
            fits = _agrees(text, formed), _agrees(text, formed, positions)
            if fits != (True, True):  # what fits neither unit is reported in characters
                return positions if fits[1] else None
        return offset_positions(where, text, [region.end for region in regions], self.offsets)

    def _holds(self, text: object, regions: Sequence[_Region]) -> bool:
        """Check whether a text has the texts of all regions at their places."""
        formed = [region for region in regions if region.form is not None]
        if not isinstance(text, str) or not formed:
            return False
        return (self.offsets != "utf16" and _agrees(text, formed)) or (
            self.offsets != "characters" and _agrees(text, formed, utf16_positions(text))
        )


def _export(path: Path) -> _Export:
    items = json_array(path, _TASK)
    is_min = any(_has_regions(item) for _, item in items) and all(_annotations(item) is None for _, item in items)
    return _Export(items, _split_min, _MIN) if is_min else _Export(items, _split_task, _TASK)


def _labeled(path: Path, export: _Export) -> _Export:
    """Leave out tasks without labels, and all but the first annotation of a task."""
    items = export.items
    if export.layout == _MIN:
        first: dict[object, tuple[str, object]] = {}
        for where, item in items:
            number = item.get("id") if isinstance(item, dict) else None
            first.setdefault(number if isinstance(number, int | str) else (where,), (where, item))
        if len(first) < len(items):
            logger.warning("%s: %d annotation(s) left out of tasks with an earlier one", path, len(items) - len(first))
        return export._replace(items=list(first.values()))
    # what does not have the layout of a task is bad, not unlabeled
    valid = {where: _valid_annotations(item) for where, item in items}
    labeled = [(where, item) for where, item in items if valid[where] != []]
    if items and not labeled:
        raise CfgenError(
            f"{path}: none of its {len(items)} task(s) has an annotation that is not cancelled: label some, or give "
            "an export of annotated tasks"
        )
    if len(labeled) < len(items):
        message = "%s: %d task(s) left out, without annotation or with cancelled ones only"
        logger.warning(message, path, len(items) - len(labeled))
    if several := sum(len(annotations or ()) > 1 for annotations in valid.values()):
        logger.warning("%s: %d task(s) with several annotations: all but the first of each left out", path, several)
    return export._replace(items=labeled)


def _annotations(item: object) -> list[object] | None:
    annotations = item.get("annotations") if isinstance(item, dict) else None
    return annotations if isinstance(annotations, list) else None


def _valid_annotations(task: object) -> list[object] | None:
    """Return the annotations of a task that are not cancelled, or `None` if it does not have the layout of a task."""
    annotations = [] if isinstance(task, dict) and "annotations" not in task else _annotations(task)
    if annotations is None:
        return None
    return [each for each in annotations if not (isinstance(each, dict) and each.get("was_cancelled"))]


def _split_task(where: str, task: object) -> tuple[Mapping[str, object], list[_Region]]:
    fields = _checked(where, "the task", task, dict)
    data = _checked(where, "data", fields.get("data"), dict)
    _checked(where, "annotations", fields.get("annotations", []), list)
    annotation = _checked(where, "the annotation", next(iter(_valid_annotations(task) or [{}])), dict)
    values = []
    for result in _checked(where, "result", annotation.get("result"), list):
        _checked(where, "a result", result, dict)
        control = _Control(*(result.get(name, default) for name, default in _Control()._asdict().items()))
        values.append((control, result.get("value")))
    return data, _regions(where, values)


def _checked(where: str, what: str, given: object, expected: type[T]) -> T:
    if not isinstance(given, expected):
        raise CfgenError(f"{where}: {what} is {shown(given)}: a task is {_TASK}; correct it")
    return given


def _has_regions(item: object) -> bool:
    """Check whether an item of JSON-MIN has a labeled region."""
    return isinstance(item, dict) and any(
        isinstance(value, dict) and {"start", "end", "labels"} <= value.keys() for _, value in _values(item)
    )


def _values(item: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, values in item.items():
        if isinstance(values, list):
            for value in values:
                yield name, value


def _split_min(where: str, item: object) -> tuple[Mapping[str, object], list[_Region]]:
    if not isinstance(item, dict):
        raise CfgenError(f"{where}: {json_type(item)}, not an object: an item is {_MIN}; correct it")
    fields = {name: value for name, value in item.items() if name not in _ABOUT}
    return fields, _regions(where, [(_Control(name), value) for name, value in _values(item)])


def _regions(where: str, values: Iterable[tuple[_Control, object]]) -> list[_Region]:
    """Return the labeled regions among the values of controls."""
    regions = []
    for control, value in values:
        if not isinstance(value, dict):
            continue
        if other := next((name for name in value if name.endswith("labels") and name != "labels"), None):
            raise CfgenError(
                f"{where}: a region with {other}: only regions of plain text, with labels, can be read; remove it"
            )
        if "labels" not in value:
            continue
        start, end, labels = value.get("start"), value.get("end"), value["labels"]
        if not isinstance(labels, list) or [type(label) for label in labels] != [str]:
            raise CfgenError(
                f"{where}: region [{shown(start)}:{shown(end)}] has the labels {shown(labels)}: give it one label"
            )
        regions.append(_Region(start, end, labels[0], value.get("text"), control))
    return regions


def _agrees(text: str, regions: Iterable[_Region], positions: dict[int, int] | None = None) -> bool:
    """Check whether all regions are inside the text and have its words. Browsers write a line break as "\\n"."""
    for start, end, _, form, _ in regions:
        if type(start) is not int or type(end) is not int:
            return False
        first, last = (start, end) if positions is None else (positions.get(start, -1), positions.get(end, -1))
        if not 0 <= first < last <= len(text):
            return False
        there = text[first:last]
        if form is not None and form not in (there, re.sub(r"[\n\r]", r"\\n", there)):
            return False
    return True
