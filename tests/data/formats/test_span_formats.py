"""The readers and writers of Label Studio, doccano, spaCy and Prodigy files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hf_cfgen.data.formats.base import registered_formats
from hf_cfgen.data.formats.detection import detect_format
from hf_cfgen.data.formats.records import BadRecord, TextRecord
from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.spans import Span

from ...format_samples import SAMPLES, reader
from ...samples import json_lines

OWN = ("label_studio", "label_studio_min", "doccano", "spacy")


def region(start: Any, end: Any, form: str | None = None, *labels: str, control: str = "ner") -> dict[str, Any]:
    value: dict[str, Any] = {"start": start, "end": end, "labels": list(labels or ["PER"])}
    if form is not None:
        value["text"] = form
    return {"from_name": control, "to_name": "doc", "type": "labels", "value": value}


def task(data: Any, *results: Any, **fields: Any) -> dict[str, Any]:
    data = {"text": data} if isinstance(data, str) else data
    return {"data": data, "annotations": [{"was_cancelled": False, "result": list(results)}], **fields}


def values(records: Any) -> list[tuple[str, list[tuple[int, int, str]]]]:
    return [(text, [tuple(span) for span in spans]) for _, text, spans in records]


def format_of(name: str) -> str:
    """The name of a format: both exports of Label Studio are one."""
    return name.removesuffix("_min")


def fitting(head: str) -> list[str]:
    return [format.name for format in registered_formats() if format.detect(head)]


# which reader a file is for


@pytest.mark.parametrize("name", OWN)
def test_only_its_own_reader_matches_a_sample(write: Callable[..., Path], name: str) -> None:
    text = SAMPLES[name]
    format = format_of(name)
    assert fitting(text) == [format]
    assert fitting(json.dumps(json.loads(text)) if text.startswith("[") else text.replace("\n", "\r\n")) == [format]
    assert detect_format(write("a", "\ufeff" + text)) == format
    # the beginning of a file may be cut anywhere
    first = text.index("]}]}" if name == "label_studio" else "\n  ]}" if name == "label_studio_min" else "}\n") + 5
    assert {tuple(fitting(text[:end])) for end in range(first, len(text))} == {(format,)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json_lines({"text": "Bo", "label": []}), ["doccano"]),
        (json_lines({"text": "Bo", "labels": []}), ["doccano"]),
        (json_lines({"data": "Bo", "label": []}), ["doccano"]),
        (json_lines({"text": "Bo", "spans": []}), ["spacy"]),
        (json_lines({"text": "Bo", "ents": [], "tokens": [{"id": 0, "start": 0, "end": 2}]}), ["spacy"]),
        (json_lines({"text": "Bo", "entities": []}), ["doccano", "spacy"]),
        # a later record tells
        (json_lines({"text": "Bo", "entities": []}, {"text": "Bo", "entities": [[0, 2, "PER"]]}), ["spacy"]),
        (
            json_lines(
                {"text": "Bo", "entities": []},
                {"text": "Bo", "entities": [{"start_offset": 0, "end_offset": 2, "label": "PER"}]},
            ),
            ["doccano"],
        ),
        (json_lines({"text": "Bo", "entities": [{"start": 0, "end": 2, "label": "PER"}]}), ["spacy"]),
        # a broken line, and a record laid out otherwise, are for `read` to name
        ('{"text": "Bo", \n' + json_lines({"text": "Bo", "label": [[0, 2, "PER"]]}), ["doccano"]),
        (json_lines({"text": "Bo", "entities": ["Bo"]}, {"text": "Bo", "entities": [[0, 2, "PER"]]}), ["spacy"]),
        (json_lines([1], {"text": None, "spans": []}, {"text": "Bo", "spans": []}), ["spacy"]),
        # other formats
        (json_lines({"text": "Bo", "label": ["sports"]}), []),
        (json_lines({"text": "Bo", "label": "sports"}), []),
        (json_lines({"text": "Bo", "label": [["Bo", "PER"]]}), []),
        (json_lines({"text": "Bo", "label": [[0, 1, 2]]}), []),
        (json_lines({"text": 5, "label": []}), []),
        (json_lines({"text": "Bo", "label": {"name": {"Bo": [[0, 1]]}}}), ["cluener"]),
        (json_lines({"text": "Bo", "tokens": ["Bo"], "labels": ["O"]}), ["json"]),
        (json_lines({"tokens": ["Bo"], "entities": [0]}), ["json"]),
        (json_lines({"originalText": "Bo", "entities": []}), ["ccks"]),
        (json.dumps([{"id": 1, "data": {"text": "Bo"}}, task("Bo")]), ["label_studio"]),
        (
            json.dumps([{"id": 1, "text": "Bo"}, {"id": 2, "text": "Bo", "x": [region(0, 2)["value"]]}]),
            ["label_studio"],
        ),
        (json.dumps([{"id": 1, "text": "Bo"}]), []),
        (json.dumps([{"text": "Bo", "label": [[0, 2, "PER"]]}]), []),
        (json.dumps([{"text": "Bo", "spans": [{"start": 0, "end": 2, "label": "PER"}]}]), []),
        (json.dumps(task("Bo")), []),
    ],
)
def test_matches(text: str, expected: list[str]) -> None:
    assert fitting(text) == list(expected)


def test_a_file_that_two_formats_share_names_both(write: Callable[..., Path]) -> None:
    path = write("a.jsonl", json_lines({"text": "Bo", "entities": []}, {"text": "Al", "entities": []}))
    with pytest.raises(CfgenError, match=r"looks like doccano and spacy: name it \(format\)"):
        detect_format(path)
    assert values(reader("doccano").read(path)) == values(reader("spacy").read(path)) == [("Bo", []), ("Al", [])]


# what is read


def test_samples(write: Callable[..., Path]) -> None:
    expected: dict[str, list[Any]] = {
        "label_studio": [
            ("Mira flew to Oslo.", [(0, 4, "PER"), (13, 17, "LOC")]),
            ("Tomas stayed.", [(0, 5, "PER")]),
            ("Nobody called.", []),
        ],
        "label_studio_min": [
            ("The Alder Clinic hired Noor.", [(4, 16, "ORG"), (23, 27, "PER")]),
            ("Noor left Birch Labs.", [(10, 20, "ORG")]),
            ("It rained.", []),
        ],
        "doccano": [
            ("李雷去了杭州。", [(0, 2, "人名"), (4, 6, "地名")]),
            ("韩梅梅留在家。", [(0, 3, "人名")]),
            ("今天下雨。", []),
        ],
        "spacy": [
            ("Anna met Bao in Lima.", [(0, 4, "PER"), (9, 12, "PER"), (16, 20, "LOC")]),
            ("Bao left.", [(0, 3, "PER")]),
            ("It was late.", []),
        ],
    }
    for name in OWN:
        path = write(name, "\ufeff" + SAMPLES[name])
        records = list(reader(name).read(path))
        assert values(records) == expected[name]
        wheres = [f"{path}:{line}" for line in (1, 2, 3)]
        if name.startswith("label_studio"):
            first = {"label_studio": 11, "label_studio_min": 4}[name]
            wheres = [f"{path}, record {place} (id {first + place})" for place in range(3)]
        assert [record.where for record in records] == wheres
        assert all(type(span) is Span for record in records for span in record.spans)


@pytest.mark.parametrize(
    ("name", "record", "expected"),
    [
        ("doccano", {"text": "Bo 😀", "label": [[0, 2, "PER"]]}, [(0, 2, "PER")]),
        ("doccano", {"data": "Bo", "labels": [[0, 2, "PER"]]}, [(0, 2, "PER")]),
        ("doccano", {"data": "Bo", "label": []}, []),
        (
            "doccano",
            {
                "id": 7,
                "text": "Bo, Al",
                "entities": [
                    {"id": 31, "label": "PER", "start_offset": 4, "end_offset": 6},
                    {"id": 30, "label": "PER", "start_offset": 0, "end_offset": 2},
                ],
                "relations": [{"id": 1, "from_id": 30, "to_id": 31, "type": "knows"}],
                "Comments": [],
            },
            [(4, 6, "PER"), (0, 2, "PER")],
        ),
        # overlapping mentions are for the caller
        ("doccano", {"text": "New York", "label": [[0, 8, "LOC"], [4, 8, "LOC"]]}, [(0, 8, "LOC"), (4, 8, "LOC")]),
        # the first list that is not empty, and one that says the same
        ("doccano", {"text": "Bo", "label": [], "labels": [[0, 2, "PER"]]}, [(0, 2, "PER")]),
        ("spacy", {"text": "Bo", "spans": [], "entities": [[0, 2, "PER"]]}, [(0, 2, "PER")]),
        ("spacy", {"text": "😀 Bo", "entities": [[2, 4, "PER"]]}, [(2, 4, "PER")]),
        (
            "spacy",
            {
                "text": "Bo, Al",
                "spans": [{"start": 4, "end": 6, "label": "PER"}, {"start": 0, "end": 2, "label": "PER"}],
                "entities": [[0, 2, "PER"], [4, 6, "PER"]],
            },
            [(4, 6, "PER"), (0, 2, "PER")],
        ),
        (
            "spacy",
            {
                "text": "Bo",
                "spans": [{"start": 0, "end": 2, "label": "LOC", "answer": "reject"}],
                "ents": [
                    {"start": 0, "end": 2, "label": "PER"},
                    {"start": 0, "end": 1, "label": "PER", "answer": "ignore"},
                ],
                "_is_binary": False,
            },
            [(0, 2, "PER")],
        ),
        ("spacy", {"text": "x\u2028Bo", "entities": [[2, 4, "PER"]]}, [(2, 4, "PER")]),
        ("spacy", {"text": "e\u0301 Bo", "entities": [{"start": 3, "end": 5, "label": "PER"}]}, [(3, 5, "PER")]),
        (
            "spacy",
            {
                "text": "Bo ran",
                "ents": [{"start": 0, "end": 2, "label": "PER"}],
                "tokens": [{"id": 0, "start": 0, "end": 2}, {"id": 1, "start": 3, "end": 6}],
                "spans": {"other": [{"start": 3, "end": 6, "label": "ACT"}]},
            },
            [(0, 2, "PER")],
        ),
        (
            "spacy",
            {
                "text": "Bo ran",
                "_input_hash": -5,
                "tokens": [{"text": "Bo", "start": 0, "end": 2, "id": 0, "ws": True}],
                "spans": [{"start": 0, "end": 2, "token_start": 0, "token_end": 0, "label": "PER", "text": "Bo"}],
                "answer": "accept",
            },
            [(0, 2, "PER")],
        ),
    ],
)
def test_layouts_of_lines(write: Callable[..., Path], name: str, record: Any, expected: list[Any]) -> None:
    path = write("a.jsonl", json_lines(record))
    assert fitting(path.read_text()) == [name]
    assert [spans for _, spans in values(reader(name).read(path))] == [expected]


def test_prodigy_leaves_out_what_was_not_accepted(write: Callable[..., Path], caplog: Any) -> None:
    span = {"start": 0, "end": 2, "label": "PER"}
    path = write(
        "a.jsonl",
        json_lines(
            {"text": "Bo a", "spans": [span], "answer": "reject"},
            {"text": "Bo b", "spans": [span, {**span, "answer": "reject"}], "answer": "accept"},
            {"text": "Bo c", "spans": [], "answer": "ignore"},
            {"text": "", "answer": "ignore"},
            {"text": "Bo d", "answer": "accept"},
        ),
    )
    assert values(reader("spacy").read(path)) == [("Bo b", [(0, 2, "PER")]), ("Bo d", [])]
    assert caplog.messages == [f"{path}: 3 record(s) left out, answered reject or ignore"]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        # the first annotation that is not cancelled
        (
            [
                {
                    "data": {"text": "Bo, Al"},
                    "annotations": [
                        {"was_cancelled": True, "result": [region(0, 6, "Bo, Al")]},
                        {"result": [region(0, 2, "Bo")]},
                        {"was_cancelled": False, "result": [region(4, 6, "Al")]},
                    ],
                }
            ],
            [("Bo, Al", [(0, 2, "PER")])],
        ),
        # results that label no region; several controls
        (
            [
                task(
                    "Bo ran",
                    {"from_name": "mood", "type": "choices", "value": {"choices": ["good"]}},
                    {"type": "relation", "from_id": "a", "to_id": "b", "labels": ["knows"]},
                    {"type": "note", "value": "labels"},
                    {"type": "choices", "value": {"start": 0, "end": 2, "text": "Bo", "choices": ["sure"]}},
                    region(0, 2, "Bo"),
                    region(3, 6, "ran", "ACT", control="acts"),
                )
            ],
            [("Bo ran", [(0, 2, "PER"), (3, 6, "ACT")])],
        ),
        # the text's field
        ([task({"sentence": "Bo", "rank": 3}, region(0, 2))], [("Bo", [(0, 2, "PER")])]),
        ([task({"title": "No. 1", "text": "Bo"}), task({"title": "No. 2", "text": "Al"})], [("Bo", []), ("Al", [])]),
        (
            [
                task({"title": "No. 1", "sentence": "Al"}),
                task({"title": "No. 2", "sentence": "Bo"}, region(0, 2, "Bo")),
            ],
            [("Al", []), ("Bo", [(0, 2, "PER")])],
        ),
        ([task({"text": "No. 2", "body": "Bo"}, region(0, 2, "Bo"))], [("Bo", [(0, 2, "PER")])]),
        ([task({"body": "Bo", "text": "Bo ran"}, region(0, 2, "Bo"))], [("Bo ran", [(0, 2, "PER")])]),
        # offsets in UTF-16 code units: "😀" is two of them
        (
            [task("😀 Bo, 😀", region(3, 5, "Bo"), region(7, 9, "😀"), region(3, 9))],
            [("😀 Bo, 😀", [(2, 4, "PER"), (6, 7, "PER"), (2, 7, "PER")])],
        ),
        ([task("😀", region(0, 2, "😀"))], [("😀", [(0, 1, "PER")])]),
        ([task("😀 Bo", region(2, 4, "Bo"))], [("😀 Bo", [(2, 4, "PER")])]),
        ([task("Bo 😀", region(0, 2))], [("Bo 😀", [(0, 2, "PER")])]),
        # one text tells for all regions of the task
        ([task("😀 Bob", region(2, 4), region(2, 5, "Bob"))], [("😀 Bob", [(2, 4, "PER"), (2, 5, "PER")])]),
        ([task("😀 Bob", region(3, 5), region(3, 6, "Bob"))], [("😀 Bob", [(2, 4, "PER"), (2, 5, "PER")])]),
        # a browser writes line breaks so
        ([task("Bo\r\nAl\n", region(0, 7, "Bo\\n\\nAl\\n"))], [("Bo\r\nAl\n", [(0, 7, "PER")])]),
        ([task("Bo\r\nAl\n", region(0, 7, "Bo\r\nAl\n"))], [("Bo\r\nAl\n", [(0, 7, "PER")])]),
        ([task("😀\nBo", region(0, 5, "😀\\nBo"))], [("😀\nBo", [(0, 4, "PER")])]),
        ([task("ｱ\uffff😀 Bo", region(5, 7, "Bo"))], [("ｱ\uffff😀 Bo", [(4, 6, "PER")])]),
        # each task by itself
        (
            [task("😀 Bo", region(2, 4, "Bo")), task("😀 Al", region(3, 5, "Al"))],
            [("😀 Bo", [(2, 4, "PER")]), ("😀 Al", [(2, 4, "PER")])],
        ),
        # the field is found through UTF-16 offsets as well
        (
            [task({"title": "No. 1", "sentence": "😀 Bo"}, region(3, 5, "Bo"))],
            [("😀 Bo", [(2, 4, "PER")])],
        ),
    ],
)
def test_label_studio(write: Callable[..., Path], items: list[Any], expected: list[Any]) -> None:
    path = write("a.json", json.dumps(items))
    assert fitting(path.read_text()) == ["label_studio"]
    assert values(reader("label_studio").read(path)) == expected


def test_label_studio_leaves_out_unlabelled_tasks(write: Callable[..., Path], caplog: Any) -> None:
    cancelled = {"data": {"text": "Bo c"}, "annotations": [{"was_cancelled": True, "result": []}]}
    items = [
        task("Bo a", id="x"),
        {"data": {"text": "Bo b"}, "annotations": []},
        cancelled,
        {"data": {"text": "Bo d"}},
    ]
    path = write("a.json", json.dumps(items))
    assert list(reader("label_studio").read(path)) == [TextRecord(f"{path}, record 0 (from 0)", "Bo a", [])]
    assert caplog.messages == [f"{path}: 3 task(s) left out, without annotation or with cancelled ones only"]


def test_label_studio_tells_of_several_annotations(write: Callable[..., Path], caplog: Any) -> None:
    kept, other = {"result": [region(0, 2, "Bo")]}, {"was_cancelled": False, "result": []}
    cancelled = {"was_cancelled": True, "result": []}
    given = [[kept, other, other], [cancelled, kept, other], [cancelled, kept, cancelled], [kept]]
    items = [{"data": {"text": "Bo"}, "annotations": annotations} for annotations in given]
    path = write("a.json", json.dumps(items))
    assert values(reader("label_studio").read(path)) == [("Bo", [(0, 2, "PER")])] * 4
    assert caplog.messages == [f"{path}: 2 task(s) with several annotations: all but the first of each left out"]


def test_a_field_that_more_tasks_have_is_not_the_text_for_that(write: Callable[..., Path]) -> None:
    items = [task({"title": "No. 2", "body": "Bo"}, region(0, 2, "Bo")), *[task({"title": "No. 1"})] * 2]
    record, *bad = reader("label_studio").read(write("a.json", json.dumps(items)))
    assert values([record]) == [("Bo", [(0, 2, "PER")])]
    assert ["no text" in item.reason for item in bad if isinstance(item, BadRecord)] == [True, True]


def test_label_studio_min_layouts(write: Callable[..., Path], caplog: Any) -> None:
    people, acts = [region(0, 2, "Bo")["value"]], [region(3, 6, "ran", "ACT")["value"]]
    items = [
        {"id": 1, "sentence": "Bo ran", "people": people, "mood": "good", "created_at": "2024-01-02"},
        {"id": 2, "sentence": "Bo ran", "people": people, "acts": acts, "tags": ["a"], "rank": [{"rating": 3}]},
        {"id": 1, "sentence": "Bo ran", "acts": acts},
        {"id": "3", "sentence": "It fell", "created_at": "2024-01-02"},
        {"sentence": "😀 Bo", "people": [region(3, 5, "Bo")["value"]]},
        {"sentence": "No id"},
        {"id": 2, "sentence": ""},
    ]
    path = write("a.json", json.dumps(items))
    assert fitting(path.read_text()) == ["label_studio"]
    assert values(reader("label_studio_min").read(path)) == [
        ("Bo ran", [(0, 2, "PER")]),
        ("Bo ran", [(0, 2, "PER"), (3, 6, "ACT")]),
        ("It fell", []),
        ("😀 Bo", [(2, 4, "PER")]),
        ("No id", []),
    ]
    assert caplog.messages == [f"{path}: 2 annotation(s) left out of tasks with an earlier one"]


def test_the_real_label_studio_export(shared: Path, caplog: Any) -> None:
    path = shared / "data" / "idiag_standin" / "label_studio_export.json"
    assert detect_format(path) == "label_studio"
    records = list(reader("label_studio").read(path))
    assert all(isinstance(record, TextRecord) for record in records)
    assert (len(records), sum(len(record.spans) for record in records)) == (11588, 20355)
    where, text, spans = records[0]
    assert (where, spans) == (f"{path}, record 0 (id 1)", [Span(16, 34, "Diagnosis")])
    assert text[16:34] == "反复发作或难治性心房内折返性心动过速"
    assert caplog.messages == []


# what is bad

GOOD = {
    "label_studio": task("Al ran", region(0, 2, "Al")),
    "label_studio_min": {"text": "Al ran", "ner": [region(0, 2, "Al")["value"]]},
    "doccano": {"text": "Al ran", "label": [[0, 2, "PER"]]},
    "spacy": {"text": "Al ran", "entities": [[0, 2, "PER"]]},
}
UNNAMED = r": offsets after '😀' count characters or UTF-16 units, which differ"


def annotated(annotation: Any) -> dict[str, Any]:
    return {"data": {"text": "Bo"}, "annotations": [annotation]}


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("label_studio", task("Bo", region("/p", 2, "Bo")), r'PER \["/p":2\]: offsets are integers'),
        ("label_studio", task("Bo", {"value": {"labels": ["PER"]}}), r"PER \[null:null\]: offsets are integers"),
        ("label_studio", task("Bo", {"value": {"start": 0, "end": 2, "labels": "A"}}), r'\[0:2\] has the labels "A"'),
        ("label_studio", task("Bo", region(0, 2, "Bo", " ")), r'mention \[0:2\] has the label " "'),
        # a region that fits in neither unit, though the other does in UTF-16
        (
            "label_studio",
            task("😀 Bo", region(3, 5, "Bo"), region(0, 1, "x")),
            r"PER \[3:5\] is outside the text of 4",
        ),
        ("label_studio", task("😀 Bo", region(3, 5)), UNNAMED),
        ("label_studio", task("😀aa", region(2, 3, "a")), UNNAMED),
        ("label_studio", task("Bo 😀 Al", region(0, 2, "Bo"), region(5, 7)), UNNAMED),
        ("label_studio", task("Bo\nAl", region(0, 5, "Bo\\r\\nAl")), r"PER \[0:5\] is 'Bo\\nAl' in the text, not"),
        ("label_studio", task({"text": None}), r'no text: a record is \{"data": '),
        ("label_studio", {"annotations": [{"result": []}]}, "data is null: a task is "),
        ("label_studio", {"data": {"text": "Bo"}, "annotations": "x"}, 'annotations is "x": a task is '),
        ("label_studio", annotated([]), r"the annotation is \[\]: a task is "),
        ("label_studio", task("Bo", [0, 2, "PER"]), r'a result is \[0, 2, "PER"\]: a task is '),
        ("label_studio", "Bo", 'the task is "Bo": a task is '),
        ("label_studio_min", {"text": "😀 Bo", "ner": [region(2, 4)["value"]]}, UNNAMED),
        ("label_studio_min", {"text": "Bo", "ner": [{"start": 0, "end": 2, "labels": []}]}, r"has the labels \[\]"),
        ("label_studio_min", {"text": "Bo", "ner": [{"paragraphlabels": ["A"]}]}, "a region with paragraphlabels"),
        ("label_studio_min", {"ner": []}, r'no text: a record is \{"id": int, "text": str'),
        ("label_studio_min", ["Bo"], r'a JSON array, not an object: an item is \{"id": int'),
        ("doccano", {"text": "Bo 😀", "label": [[0, 2, "PER"], [3, 4, "PER"]]}, UNNAMED),
        ("doccano", {"text": "😀 Bo", "label": [[3, 6, "PER"]]}, r"PER \[3:6\] is outside the text of 4 characters"),
        ("doccano", {"text": "Bo", "label": [[0, 2]]}, r"\[0, 2\] in label is not a mention: a record is \{"),
        ("doccano", {"text": "Bo", "label": None}, "no list of mentions among text, label: a record is "),
        ("doccano", {"text": "Bo", "entities": [{"start_offset": 0, "end_offset": 2}]}, r"\[0:2\] has no label"),
        ("doccano", {"text": "", "data": "Bo", "label": []}, "no text"),
        ("spacy", {"text": "Bo", "spans": [{"start": 0, "label": "PER"}]}, r"PER \[0:null\]: offsets are integers"),
        (
            "spacy",
            {"text": "Bo", "spans": [{"start": 0, "end": 2, "label": "PER", "text": "Al"}]},
            r"PER \[0:2\] is 'Bo' in the text, not 'Al'",
        ),
        ("spacy", {"text": "Bo", "entities": [[0, 2, "PER", 1]]}, r"in entities is not a mention: a record is \{"),
        ("spacy", {"text": "Bo"}, "no list of mentions among text: a record is"),
        (
            "spacy",
            {"text": "Bo", "ents": [{"start": 0, "end": 3, "label": "PER"}], "entities": [[0, 2, "PER"]]},
            r"PER \[0:3\] is outside the text",
        ),
        (
            "spacy",
            {"text": "Bo", "spans": [], "answer": "accept", "_is_binary": True},
            "one judgment about one mention",
        ),
    ],
)
def test_bad_records_are_named_and_the_others_read(
    write: Callable[..., Path], name: str, bad: Any, message: str
) -> None:
    if name.startswith("label_studio"):
        path = write("a.json", json.dumps([GOOD[name], bad, GOOD[name]]))
        where = f"{path}, record 1 (from 0)"
    else:
        line = bad if isinstance(bad, str) else json.dumps(bad)
        path = write("a.jsonl", json_lines(GOOD[name]) + "\n" + line + "\n" + json_lines(GOOD[name]))
        where = f"{path}:3"
    assert fitting(path.read_text()) == [format_of(name)]
    first, found, last = reader(name).read(path)
    assert values([first, last]) == [("Al ran", [(0, 2, "PER")])] * 2
    assert isinstance(found, BadRecord) and found.where == where
    assert found.record == (bad if name.startswith("label_studio") else line)
    assert found.reason.startswith(f"{where}: ") and "\n" not in found.reason
    with pytest.raises(CfgenError, match=message):
        raise CfgenError(found.reason)


def offsets_sample(name: str, text: str, start: int, end: int, form: str | None = None) -> str:
    one = region(start, end, form)
    return {
        "label_studio": json.dumps([task(text, one)]),
        "label_studio_min": json.dumps([{"text": text, "ner": [one["value"]]}]),
        "doccano": json_lines({"text": text, "label": [[start, end, "PER"]]}),
    }[name]


@pytest.mark.parametrize("name", OWN[:3])
def test_offsets_that_are_named(write: Callable[..., Path], name: str) -> None:
    def found(offsets: str, *sample: Any) -> Any:
        (record,) = reader(name, offsets=offsets).read(write("a", offsets_sample(name, *sample)))
        if isinstance(record, TextRecord):
            return [tuple(span) for span in record.spans]
        return record.reason.removeprefix(f"{record.where}: ")

    assert found("characters", "😀 Bob", 2, 4) == [(2, 4, "PER")]
    assert found("utf16", "😀 Bob", 3, 6) == [(2, 5, "PER")]
    for offsets in ("auto", "characters", "utf16"):
        assert found(offsets, "Bo 😀", 0, 2) == [(0, 2, "PER")]
    assert found("utf16", "Bo 😀", 3, 5) == [(3, 4, "PER")]
    cut = "cuts a character of two UTF-16 units: correct the offsets, or choose characters"
    assert found("utf16", "😀 Bo", 1, 3) == f"PER [1:3] {cut}"
    assert found("utf16", "Bo 😀", 0, 4) == f"PER [0:4] {cut}"
    assert found("utf16", "😀 Bo", 3, 6) == "PER [3:6] is outside the text of 5 UTF-16 units: correct the offsets"
    assert found("characters", "😀 Bo", 3, 5) == ("PER [3:5] is outside the text of 4 characters: correct the offsets")
    if name != "doccano":
        # the name goes before what the texts say
        assert found("utf16", "😀 Bo", 2, 4, "Bo") == (
            "PER [2:4] is ' B' in the text, not 'Bo': correct the offsets (counted in UTF-16 units from 0, the end "
            "excluded) or the text"
        )
        assert found("characters", "😀 Boo", 3, 5, "Bo").startswith("PER [3:5] is 'oo' in the text, not 'Bo': ")
        assert found("utf16", "😀aa", 2, 3, "a") == [(1, 2, "PER")]
        assert found("characters", "😀aa", 2, 3, "a") == [(2, 3, "PER")]
        assert found("utf16", "😀\naa", 0, 4, "😀\\na") == [(0, 3, "PER")]


@pytest.mark.parametrize("name", OWN[:3])
def test_offsets_that_are_written(write: Callable[..., Path], tmp_path: Path, name: str) -> None:
    like = write("like", offsets_sample(name, "Bo", 0, 2, "Bo"))
    expected = {"auto": (2, 4, 5), "characters": (2, 4, 5), "utf16": (3, 5, 7)}
    for offsets, (start, end, last) in expected.items():
        spans = [Span(2, 4, "PER"), Span(4, 5, "PER")]
        reader(name, offsets=offsets).write([TextRecord("", "😀 Bo😀", spans)], tmp_path / "new", [like])
        text = (tmp_path / "new").read_text(encoding="utf-8")
        if name == "doccano":
            assert json.loads(text)["label"] == [[start, end, "PER"], [end, last, "PER"]]
        else:
            (item,) = json.loads(text)
            written = (
                item["ner"]
                if name == "label_studio_min"
                else [result["value"] for result in item["annotations"][0]["result"]]
            )
            assert written == [
                {"start": start, "end": end, "text": "Bo", "labels": ["PER"]},
                {"start": end, "end": last, "text": "😀", "labels": ["PER"]},
            ]


@pytest.mark.parametrize("name", OWN[:3])
def test_unknown_offsets(write: Callable[..., Path], tmp_path: Path, name: str) -> None:
    path = write("a", SAMPLES[name])
    message = "^unknown offsets 'x': choose one of auto, characters, utf16$"
    with pytest.raises(CfgenError, match=message):
        list(reader(name, offsets="x").read(path))
    with pytest.raises(CfgenError, match=message):
        reader(name, offsets="x").write([], tmp_path / "new", [path])
    assert not (tmp_path / "new").exists()


def test_the_field_of_the_text_is_found_with_the_named_offsets(write: Callable[..., Path]) -> None:
    path = write("a.json", json.dumps([task({"title": "😀An Bo", "body": "😀n Bo"}, region(4, 6, "Bo"))]))
    assert values(reader("label_studio", offsets="characters").read(path)) == [("😀An Bo", [(4, 6, "PER")])]
    assert values(reader("label_studio", offsets="utf16").read(path)) == [("😀n Bo", [(3, 5, "PER")])]
    with pytest.raises(CfgenError, match="each of title, body may be the text"):
        list(reader("label_studio").read(path))


@pytest.mark.parametrize(
    ("head", "name"), [(b"PK\x03\x04\x14\x00rest", "train.txt"), (b"\x1f\x8b\x08\x00rest", "train.json")]
)
def test_an_archive_is_to_be_unpacked(tmp_path: Path, head: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(head)
    with pytest.raises(CfgenError) as caught:
        detect_format(path)
    assert str(caught.value) == f"{path} is an archive: unpack it and give what is inside"


def test_a_first_item_that_is_no_object_is_named(write: Callable[..., Path]) -> None:
    for name in ("label_studio", "label_studio_min"):
        path = write("a.json", json.dumps([7, GOOD[name]]))
        assert detect_format(path) == "label_studio"
        bad, record = reader(name).read(path)
        assert isinstance(bad, BadRecord) and bad.where == f"{path}, record 0 (from 0)"
        assert values([record]) == [("Al ran", [(0, 2, "PER")])]


def test_a_broken_first_line_is_named(write: Callable[..., Path]) -> None:
    path = write("a.jsonl", '{"text": "Bo\n' + SAMPLES["spacy"])
    assert detect_format(path) == "spacy"
    bad, *records = reader("spacy").read(path)
    assert isinstance(bad, BadRecord) and bad.where == f"{path}:1"
    assert [record.where for record in records] == [f"{path}:{line}" for line in (2, 3, 4)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("label_studio", b"[\xff]", r"a: byte 1 \(0xff\) is not UTF-8"),
        ("label_studio", b'[{"data": \n', r"a:2: bad JSON \(.*\): .*\{\"data\""),
        ("label_studio", b'{"data": {}}', r"a: a JSON object, not an array"),
        (
            "label_studio",
            json.dumps([task({"title": "No. 1", "body": "Bo", "rank": 1})]).encode(),
            "a: each of title, body may be the text: call it text, or remove the others",
        ),
        (
            "label_studio",
            json.dumps([task({"title": "No. 1", "body": "Bo"}, region(0, 2))]).encode(),
            "a: each of title, body may be the text",
        ),
        (
            "label_studio_min",
            json.dumps([{"id": "7", "a": "Bo", "b": "Al", "annotator": "x", "ner": [region(0, 2)["value"]]}]).encode(),
            "a: each of a, b may be the text",
        ),
        ("label_studio_min", b"{}", "a: a JSON object, not an array"),
        (
            "label_studio_min",
            b'[{"text": "Bo"}, {"text": "Al", "x": [{"start": 0}]}]',
            "a: none of its 2 task",
        ),
        ("doccano", b'{"text": "\xff"}', r"a: byte 10 \(0xff\) is not UTF-8"),
        ("spacy", b'{"text": "\xff"}', r"a: byte 10 \(0xff\) is not UTF-8"),
    ],
)
def test_files_that_can_not_be_read(write: Callable[..., Path], name: str, content: bytes, message: str) -> None:
    with pytest.raises(CfgenError, match=message):
        list(reader(name).read(write("a", content)))


# what is written

WRITTEN = [
    TextRecord("", "😀 Bo", [Span(2, 4, "PER")]),
    TextRecord("", "Al\nin Ur", [Span(0, 2, "PER"), Span(6, 8, "LOC")]),
]


def test_label_studio_writes_what_can_be_imported_again(write: Callable[..., Path], tmp_path: Path) -> None:
    one = task({"sentence": "Bo ran", "rank": 1}, region(0, 2, "Bo"), region(3, 6, "ran", "LOC", control="places"))
    unlabelled = {"data": {"other": "Bo"}, "annotations": []}
    like = write("like.json", json.dumps([unlabelled, one]))
    reader("label_studio").write(WRITTEN, tmp_path / "new.json", [like])
    text = (tmp_path / "new.json").read_bytes().decode()
    assert text.count("\n") == 2 and text.endswith("\n") and "\r" not in text and "😀" in text
    per = {"from_name": "ner", "to_name": "doc", "type": "labels"}
    assert json.loads(text) == [
        {
            "id": 1,
            "data": {"sentence": "😀 Bo"},
            "annotations": [
                {
                    "id": 1,
                    "was_cancelled": False,
                    "result": [{"id": "1-1", **per, "value": {"start": 2, "end": 4, "text": "Bo", "labels": ["PER"]}}],
                }
            ],
        },
        {
            "id": 2,
            "data": {"sentence": "Al\nin Ur"},
            "annotations": [
                {
                    "id": 2,
                    "was_cancelled": False,
                    "result": [
                        {"id": "2-1", **per, "value": {"start": 0, "end": 2, "text": "Al", "labels": ["PER"]}},
                        {
                            "id": "2-2",
                            **per,
                            "from_name": "places",
                            "value": {"start": 6, "end": 8, "text": "Ur", "labels": ["LOC"]},
                        },
                    ],
                }
            ],
        },
    ]
    # an export without a region that would show the controls
    like = write("like.json", json.dumps([{"data": {"text": "Bo"}, "annotations": [{"result": []}]}]))
    reader("label_studio").write(WRITTEN[:1], tmp_path / "new.json", [like])
    (item,) = json.loads((tmp_path / "new.json").read_text())
    (result,) = item["annotations"][0]["result"]
    assert (result["from_name"], result["to_name"]) == ("label", "text")


def test_label_studio_min_writes_the_controls_of_the_labels(write: Callable[..., Path], tmp_path: Path) -> None:
    people, places = [region(0, 2, "Bo")["value"]], [region(3, 5, "Ur", "LOC")["value"]]
    like = write("like.json", json.dumps([{"id": 7, "body": "Bo Ur", "people": people, "places": places}]))
    reader("label_studio_min").write([*WRITTEN, TextRecord("", "x", [])], tmp_path / "new.json", [like])
    assert json.loads((tmp_path / "new.json").read_text()) == [
        {"id": 1, "body": "😀 Bo", "people": [{"start": 2, "end": 4, "text": "Bo", "labels": ["PER"]}]},
        {
            "id": 2,
            "body": "Al\nin Ur",
            "people": [{"start": 0, "end": 2, "text": "Al", "labels": ["PER"]}],
            "places": [{"start": 6, "end": 8, "text": "Ur", "labels": ["LOC"]}],
        },
        {"id": 3, "body": "x"},
    ]


@pytest.mark.parametrize(
    ("name", "like", "expected"),
    [
        (
            "doccano",
            {"id": 9, "text": "Bo", "label": [[0, 2, "PER"]], "Comments": []},
            [
                {"id": 1, "text": "😀 Bo", "label": [[2, 4, "PER"]]},
                {"id": 2, "text": "Al\nin Ur", "label": [[0, 2, "PER"], [6, 8, "LOC"]]},
            ],
        ),
        (
            "doccano",
            {"data": "Bo", "labels": []},
            [
                {"data": "😀 Bo", "labels": [[2, 4, "PER"]]},
                {"data": "Al\nin Ur", "labels": [[0, 2, "PER"], [6, 8, "LOC"]]},
            ],
        ),
        (
            "doccano",
            {"id": 9, "text": "Bo", "entities": [{"id": 5, "label": "A", "start_offset": 0, "end_offset": 2}]},
            [
                {
                    "id": 1,
                    "text": "😀 Bo",
                    "entities": [{"id": 1, "label": "PER", "start_offset": 2, "end_offset": 4}],
                    "relations": [],
                },
                {
                    "id": 2,
                    "text": "Al\nin Ur",
                    "entities": [
                        {"id": 2, "label": "PER", "start_offset": 0, "end_offset": 2},
                        {"id": 3, "label": "LOC", "start_offset": 6, "end_offset": 8},
                    ],
                    "relations": [],
                },
            ],
        ),
        *(
            (
                "spacy",
                {"text": "Bo", "entities": [[0, 2, "PER"]] * filled},
                [
                    {"text": "😀 Bo", "entities": [[2, 4, "PER"]]},
                    {"text": "Al\nin Ur", "entities": [[0, 2, "PER"], [6, 8, "LOC"]]},
                ],
            )
            for filled in (1, 0)
        ),
        *(
            (
                "spacy",
                {"text": "Bo", key: [{"start": 0, "end": 2, "label": "PER"}] * filled},
                [
                    {"text": "😀 Bo", key: [{"start": 2, "end": 4, "label": "PER"}]},
                    {
                        "text": "Al\nin Ur",
                        key: [{"start": 0, "end": 2, "label": "PER"}, {"start": 6, "end": 8, "label": "LOC"}],
                    },
                ],
            )
            for key, filled in (("entities", 1), ("spans", 1), ("ents", 1), ("spans", 0), ("ents", 0))
        ),
    ],
)
def test_lines_are_written_as_the_input_has_them(
    write: Callable[..., Path], tmp_path: Path, name: str, like: Any, expected: list[Any]
) -> None:
    reader(name).write(WRITTEN, tmp_path / "new.jsonl", [write("like.jsonl", "{\n" + json_lines(like))])
    # exactly so, in this order of the keys and in UTF-8
    assert (tmp_path / "new.jsonl").read_bytes().decode() == json_lines(*expected)


CHARACTERS = st.one_of(
    st.characters(codec="utf-8"),
    st.sampled_from(list('ab ש ל\u0301\u0308\u200b\u200d\u200f\u2028\x85\ufeff\n\r\t"\\😀𝔸\U000e0067中ー')),
)
LABELS = st.sampled_from(["PER", "LOC", "地点", "a b"])


@st.composite
def labelled_texts(draw: st.DrawFn) -> TextRecord:
    text = draw(st.text(CHARACTERS, min_size=1, max_size=12).filter(str.strip))
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    return TextRecord("", text, [Span(start, end, draw(LABELS)) for start, end in zip(edges[::2], edges[1::2])])


LIKES = [
    ("label_studio", SAMPLES["label_studio"]),
    ("label_studio", json.dumps([task({"body": "Bo", "title": "-"}, region(0, 2, "Bo", "LOC", control="place"))])),
    ("label_studio_min", SAMPLES["label_studio_min"]),
    (
        "label_studio_min",
        json.dumps([{"body": "Bo", "a": [region(0, 2)["value"]], "b": [region(0, 2, "Bo", "LOC")["value"]]}]),
    ),
    ("doccano", SAMPLES["doccano"]),
    ("doccano", json_lines({"data": "Bo", "labels": [[0, 2, "PER"]]})),
    ("doccano", json_lines({"text": "B", "entities": [{"id": 1, "label": "A", "start_offset": 0, "end_offset": 1}]})),
    ("spacy", SAMPLES["spacy"]),
    ("spacy", json_lines({"text": "Bo", "entities": [{"start": 0, "end": 2, "label": "PER"}]})),
    ("spacy", json_lines({"text": "Bo", "spans": [{"start": 0, "end": 2, "label": "PER"}], "answer": "accept"})),
    ("spacy", json_lines({"text": "Bo", "ents": [{"start": 0, "end": 2, "label": "PER"}]})),
]


@pytest.mark.parametrize(
    ("name", "like", "options"),
    [
        (name, like, options)
        for name, like in LIKES
        for options in ([{}] if name == "spacy" else [{"offsets": "characters"}, {"offsets": "utf16"}])
    ],
)
@settings(max_examples=50, deadline=None)
@given(records=st.lists(labelled_texts(), min_size=1, max_size=4))
def test_what_is_written_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, name: str, like: str, options: Any, records: list[TextRecord]
) -> None:
    # without any mention nothing tells doccano from spaCy, nor an unlabelled file from JSON-MIN
    assume(any(record.spans for record in records))
    folder = tmp_path_factory.getbasetemp()
    (folder / "like").write_text(like, encoding="utf-8")
    reader(name, **options).write(iter(records), folder / "written", [folder / "like"])
    found = values(reader(name, **options).read(folder / "written"))
    # JSON-MIN has a list for each control
    assert [(text, sorted(spans)) for text, spans in found] == values(records)
    assert detect_format(folder / "written") == format_of(name)
