"""Label Studio's JSON export: an array of tasks, each with its data and its annotations.

Of several annotations of a task the first that is not cancelled counts. Offsets are code points, as in Python, or
UTF-16 code units, which browsers count: where the two differ, the texts that the regions carry tell.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import CfgenError
from ...tagging.spans import Span
from .records import (
    BadRecord,
    Record,
    Row,
    check_offsets,
    checked_span,
    checked_text,
    first_value,
    offset_units,
    parse_each,
    spans_in,
    utf16_positions,
)
from .text_files import head_items, json_array, shown

logger = logging.getLogger(__name__)

_LAYOUT = (
    '{"data": {"text": str}, "annotations": [{"result": [{"value": {"start": int, "end": int, "labels": [str]}}]}]}'
)

_ANNOTATIONS = ("annotations", "completions")  # what newer and older versions call them

_CONTROL = ("label", "text")


class Region(NamedTuple):
    """A labelled region as it was given: offsets, one label, its text if it has one, and the control it is of."""

    start: Any
    end: Any
    label: str
    form: Any
    control: Any


# Takes where an item stands and the item; gives its fields and its regions, or raises CfgenError.
Split = Callable[[str, Any], tuple[Mapping[str, Any], list[Region]]]


def matches(head: str) -> bool:
    """Tell whether a text looks like an export of Label Studio: an array with a task that has annotations.

    Args:
        head (`str`): The beginning of the file.

    Returns:
        `bool`: Whether `read` is the reader for it.

    Example:

    >>> matches('[{"data": {"text": "Bo"}, "annotations": []}]'), matches('[{"text": "Bo", "label": []}]')
    (True, False)
    """
    return any(isinstance(task.get(name), list) for task in head_items(head) for name in _ANNOTATIONS)


def read(path: Path, *, offsets: str = "auto") -> Iterator[Record | Row | BadRecord]:
    """Read the tasks of a Label Studio export.

    The text is in the one field of `data` that holds strings; of several it is the one in which the texts of the
    regions are found most often, and at a tie the one called `text`. Results that label no region (choices,
    relations, ...) are passed over. A task without an annotation, or with cancelled ones only, is left out; their
    number is a warning, and so is the number of those with several that are not cancelled.

    Args:
        path (`Path`): The file, in UTF-8.
        offsets (`str`, *optional*, defaults to `"auto"`): What offsets count, `"characters"` (code points) or
            `"utf16"` (its units, as in browsers). With `"auto"` a record is bad where this makes a difference and the
            texts of its regions do not tell.

    Returns:
        `Iterator[Record | BadRecord]`: The records; bad is one that is not laid out so, or has a region without one
        label, outside the text, or with another text than is there.

    Raises:
        CfgenError: The file is not UTF-8 or no JSON array, no task in it is labelled, several fields may hold the
            text, or `offsets` is none of these.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "export.json")
    >>> region = {"from_name": "ner", "value": {"start": 0, "end": 2, "text": "Bo", "labels": ["PER"]}}
    >>> task = {"id": 7, "data": {"text": "Bo ran"}, "annotations": [{"result": [region]}]}
    >>> _ = path.write_text(json.dumps([task]))
    >>> [(text, spans) for _, text, spans in read(path)]
    [('Bo ran', [Span(start=0, end=2, label='PER')])]
    """
    check_offsets(offsets)
    tasks = located_items(path, _LAYOUT)
    labelled = [(where, task) for where, task in tasks if _is_labelled(task)]
    if tasks and not labelled:
        raise CfgenError(
            f"{path}: none of its {len(tasks)} task(s) has an annotation that is not cancelled: label some, or give "
            "an export of annotated tasks"
        )
    if len(labelled) < len(tasks):
        message = "%s: %d task(s) left out, without annotation or with cancelled ones only"
        logger.warning(message, path, len(tasks) - len(labelled))
    if several := sum(_has_several(task) for _, task in labelled):
        logger.warning("%s: %d task(s) with several annotations: all but the first of each left out", path, several)
    yield from read_items(path, labelled, _split, _LAYOUT, offsets)


def write(records: Iterable[Record], path: Path, like: Path, *, offsets: str = "auto") -> None:
    """Write records as Label Studio exports them, so that they can be imported into the same project.

    Args:
        records (`Iterable[Record]`): The records.
        path (`Path`): The file to write.
        like (`Path`): An export, from which the field of the text and the controls of the labels are taken.
        offsets (`str`, *optional*, defaults to `"auto"`): What offsets are to count: `"utf16"` its units, else code
            points.

    Raises:
        CfgenError: `like` is not UTF-8 or no JSON array, several of its fields may hold the text, or `offsets` is none
            of these.
    """
    check_offsets(offsets)
    tasks = located_items(like, _LAYOUT)
    field, controls = text_and_controls(like, [task for task in tasks if _is_labelled(task[1])], _split, offsets)
    annotations = first_value([task for _, task in tasks if isinstance(task, dict)], _ANNOTATIONS) or _ANNOTATIONS[0]
    default = next(iter(controls.values()), _CONTROL)
    written = []
    for number, (_, text, spans) in enumerate(records, start=1):
        result = []
        for place, (span, value) in enumerate(zip(spans, written_values(text, spans, offsets)), start=1):
            from_name, to_name = controls.get(span.label, default)
            region = {"id": f"{number}-{place}", "from_name": from_name, "to_name": to_name, "type": "labels"}
            result.append({**region, "value": value})
        annotation = {"id": number, "was_cancelled": False, "result": result}
        written.append({"id": number, "data": {field: text}, annotations: [annotation]})
    write_items(written, path)


def located_items(path: Path, layout: str) -> list[tuple[str, Any]]:
    """The items of a JSON array, and where each stands: its place, counted from 0, and its id if it has a number.

    Args:
        path (`Path`): The file, in UTF-8.
        layout (`str`): What an item looks like, for messages.

    Returns:
        `list[tuple[str, Any]]`: Where an item stands, and the item.

    Raises:
        CfgenError: The file is not UTF-8 or no JSON array.
    """
    located = []
    for place, item in enumerate(json_array(path, f"an array of {layout}")):
        number = item.get("id") if isinstance(item, dict) else None
        note = f"id {number}" if type(number) is int else "from 0"
        located.append((f"{path}, record {place} ({note})", item))
    return located


def read_items(
    path: Path, items: Sequence[tuple[str, Any]], split: Split, layout: str, offsets: str
) -> Iterator[Record | Row | BadRecord]:
    """Parse items of an array.

    Args:
        path (`Path`): The file, for messages.
        items (`Sequence[tuple[str, Any]]`): What `located_items` returned, or some of it.
        split (`Callable`): Gives the fields and the regions of an item.
        layout (`str`): What an item looks like, for messages.
        offsets (`str`): What offsets count, one of `OFFSETS`.

    Returns:
        `Iterator[Record | BadRecord]`: The records.

    Raises:
        CfgenError: Several fields may hold the text.
    """
    field, _ = text_and_controls(path, items, split, offsets)

    def parse(where: str, item: Any) -> list[Record]:
        fields, regions = split(where, item)
        text = checked_text(where, fields.get(field), layout)
        units = _units(where, text, regions, offsets)
        spans = []
        for region in regions:
            # A text that agrees may be written otherwise, see _agrees.
            form = None if _agrees(text, [region], units) else region.form
            spans.append(checked_span(where, text, *region[:3], form, units))
        return [Record(where, text, spans)]

    return parse_each(items, parse)


def written_values(text: str, spans: Sequence[Span], offsets: str) -> list[dict[str, Any]]:
    """The regions of a text as Label Studio has them.

    Args:
        text (`str`): The text.
        spans (`Sequence[Span]`): Its mentions.
        offsets (`str`): What offsets are to count, one of `OFFSETS`.

    Returns:
        `list[dict[str, Any]]`: The values of the regions.

    Example:

    >>> written_values("😀 Bo", [Span(2, 4, "PER")], "utf16")
    [{'start': 3, 'end': 5, 'text': 'Bo', 'labels': ['PER']}]
    """
    return [
        {"start": start, "end": end, "text": text[span.start : span.end], "labels": [label]}
        for span, (start, end, label) in zip(spans, spans_in(offsets, text, spans))
    ]


def find_regions(where: str, values: Iterable[tuple[Any, Any]]) -> list[Region]:
    """The labelled regions among the values of controls.

    Args:
        where (`str`): Where the item stands.
        values (`Iterable[tuple[Any, Any]]`): A control, and a value that was given with it.

    Returns:
        `list[Region]`: The regions.

    Raises:
        CfgenError: A region has no or several labels, or is not over plain text.

    Example:

    >>> value = {"start": 0, "end": 2, "text": "Bo", "labels": ["PER"]}
    >>> find_regions("a.json", [("ner", value), ("mood", {"choices": ["good"]})])
    [Region(start=0, end=2, label='PER', form='Bo', control='ner')]
    """
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
        regions.append(Region(start, end, labels[0], value.get("text"), control))
    return regions


def text_and_controls(
    path: Path, items: Iterable[tuple[str, Any]], split: Split, offsets: str
) -> tuple[str, dict[str, Any]]:
    """The field of the text, and the control of each label, which a project has for all of its items.

    Args:
        path (`Path`): The file, for messages.
        items (`Iterable[tuple[str, Any]]`): What `located_items` returned, or some of it.
        split (`Callable`): Gives the fields and the regions of an item; items for which it raises are passed over.
        offsets (`str`): What offsets count, one of `OFFSETS`.

    Returns:
        `tuple[str, dict[str, Any]]`: The name of the field, and controls by label.

    Raises:
        CfgenError: Several fields may hold the text.
    """
    good = []
    for where, item in items:
        with suppress(CfgenError):
            good.append(split(where, item))
    found = {name: 0 for fields, _ in good for name, value in fields.items() if isinstance(value, str)}
    if len(found) > 1:
        for fields, regions in good:
            for name in found:
                found[name] += _holds(fields.get(name), regions, offsets)
    best = [name for name, count in found.items() if count == max(found.values())]
    if len(best) > 1 and "text" not in best:
        raise CfgenError(f"{path}: each of {', '.join(best)} may be the text: call it text, or remove the others")
    controls: dict[str, Any] = {}
    for _, regions in good:
        for region in regions:
            controls.setdefault(region.label, region.control)
    return (best[0] if len(best) == 1 else "text"), controls


def write_items(items: Iterable[Any], path: Path) -> None:
    """Write a JSON array, one item a line.

    Args:
        items (`Iterable[Any]`): The items.
        path (`Path`): The file to write.
    """
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in items)
    path.write_text(f"[{lines}]\n", encoding="utf-8", newline="\n")


def _annotations(task: Mapping[str, Any]) -> Any:
    return next((task[name] for name in _ANNOTATIONS if name in task), [])


def _is_cancelled(annotation: Any) -> bool:
    return isinstance(annotation, dict) and bool(annotation.get("was_cancelled"))


def _is_labelled(task: Any) -> bool:
    # What is not laid out as a task should be is bad, not unlabelled.
    annotations = _annotations(task) if isinstance(task, dict) else None
    return not isinstance(annotations, list) or not all(map(_is_cancelled, annotations))


def _has_several(task: Any) -> bool:
    annotations = _annotations(task) if isinstance(task, dict) else None
    return isinstance(annotations, list) and sum(not _is_cancelled(annotation) for annotation in annotations) > 1


def _split(where: str, task: Any) -> tuple[Mapping[str, Any], list[Region]]:
    _check_type(where, "the task", task, dict)
    data, annotations = task.get("data"), _annotations(task)
    _check_type(where, "data", data, dict)
    _check_type(where, "annotations", annotations, list)
    annotation = next(annotation for annotation in annotations if not _is_cancelled(annotation))
    _check_type(where, "the annotation", annotation, dict)
    _check_type(where, "result", annotation.get("result"), list)
    values = []
    for result in annotation["result"]:
        _check_type(where, "a result", result, dict)
        control = result.get("from_name", _CONTROL[0]), result.get("to_name", _CONTROL[1])
        values.append((control, result.get("value")))
    return data, find_regions(where, values)


def _check_type(where: str, what: str, given: Any, expected: type) -> None:
    if not isinstance(given, expected):
        raise CfgenError(f"{where}: {what} is {shown(given)}: a task is {_LAYOUT}; correct it")


def _agrees(text: str, regions: Iterable[Region], units: dict[int, int] | None = None) -> bool:
    """Whether each region is one of the text, and its text there, in which a browser writes line breaks as "\\n"."""
    for start, end, _, form, _ in regions:
        if type(start) is not int or type(end) is not int:
            return False
        first, last = (start, end) if units is None else (units.get(start, -1), units.get(end, -1))
        if not 0 <= first < last <= len(text):
            return False
        there = text[first:last]
        if form is not None and form not in (there, re.sub(r"[\n\r]", r"\\n", there)):
            return False
    return True


def _units(where: str, text: str, regions: Sequence[Region], offsets: str) -> dict[int, int] | None:
    formed = [region for region in regions if region.form is not None]
    if offsets == "auto" and formed and max(text) > "\uffff":
        units = utf16_positions(text)
        fits = _agrees(text, formed), _agrees(text, formed, units)
        if fits != (True, True):  # what fits in neither is so in characters
            return units if fits[1] else None
    return offset_units(where, text, [region.end for region in regions], offsets)


def _holds(text: Any, regions: list[Region], offsets: str) -> bool:
    formed = [region for region in regions if region.form is not None]
    if not isinstance(text, str) or not formed:
        return False
    return (offsets != "utf16" and _agrees(text, formed)) or (
        offsets != "characters" and _agrees(text, formed, utf16_positions(text))
    )
