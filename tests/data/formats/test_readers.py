"""The readers of CLUENER, CCKS, CoNLL and JSON lines, and their writers."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hf_cfgen.data.formats.detection import detect_format
from hf_cfgen.data.formats.records import BadRecord, TextRecord, WordRecord
from hf_cfgen.data.formats.rows import read_rows
from hf_cfgen.data.loading import load_ner_dataset
from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.spans import Span

from ...format_samples import SAMPLES, reader
from ...samples import CORPORA, json_lines, tags, words

GOOD = {
    "cluener": {"text": "ok", "label": {}},
    "ccks": {"originalText": "ok", "entities": []},
    "json": {"tokens": ["ok"], "ner_tags": ["O"]},
}


def rows_of(records: Iterable[Any]) -> list[dict[str, Any]]:
    """The columns of rows, none of which is bad."""
    found = list(records)
    assert all(isinstance(row, WordRecord) for row in found), found
    return [row.columns for row in found]


def the_bad_one(records: Iterable[Any], where: str) -> BadRecord:
    """The one bad record among good ones before and after it; it stands at `where`, and so says its reason."""
    before, bad, after = records
    assert isinstance(bad, BadRecord)
    assert not isinstance(before, BadRecord) and not isinstance(after, BadRecord)
    assert bad.where == where
    assert bad.reason.startswith(f"{where}: ")
    assert "\n" not in bad.reason
    return bad


@pytest.mark.parametrize("format", ["ccks", "cluener", "conll", "json"])
def test_samples(write: Callable[..., Path], format: str) -> None:
    path = write("a.txt", SAMPLES[format])
    assert detect_format(path) == format
    assert detect_format(write("b.txt", "\ufeff" + SAMPLES[format])) == format
    records = list(reader(format).read(path))
    assert len(records) == 5
    assert all(type(record) is (TextRecord if format in ("ccks", "cluener") else WordRecord) for record in records)


# CLUENER


def test_cluener_keeps_every_range_of_a_surface_form(write: Callable[..., Path]) -> None:
    record = {
        "text": "叶老桂在浙商，叶老桂",
        "label": {"name": {"叶老桂": [[0, 2], [7, 9]]}, "company": {"浙商": [[4, 5]]}},
    }
    path = write(
        "train.json", "\ufeff" + json_lines(record) + "\n  \n" + json_lines({"text": "x\u2028y", "label": {}})
    )
    assert list(reader("cluener").read(path)) == [
        TextRecord(
            f"{path}:1", "叶老桂在浙商，叶老桂", [Span(0, 3, "name"), Span(7, 10, "name"), Span(4, 6, "company")]
        ),
        TextRecord(f"{path}:4", "x\u2028y", []),
    ]
    rows, unit = read_rows(reader("cluener"), {"train": [path]})
    assert unit == "characters"
    assert rows["train"].texts == ["叶老桂在浙商，叶老桂", "x\u2028y"]
    assert rows["train"].columns == [
        {
            "tokens": ["叶", "老", "桂", "在", "浙", "商", "，", "叶", "老", "桂"],
            "ner_tags": [
                *("B-name", "I-name", "I-name", "O", "B-company"),
                *("I-company", "O", "B-name", "I-name", "I-name"),
            ],
        },
        {"tokens": ["x", "\u2028", "y"], "ner_tags": ["O", "O", "O"]},
    ]
    rows, _ = read_rows(reader("cluener"), {"train": [path]}, scheme="BIOES")
    assert rows["train"].columns[0]["ner_tags"][:6] == [
        *("B-name", "I-name", "E-name", "O"),
        *("B-company", "E-company"),
    ]


def test_cluener_offsets_count_code_points(write: Callable[..., Path]) -> None:
    path = write("a.json", '{"text": "\\ud83d\\ude00a", "label": {"name": {"a": [[1, 1]]}}}')
    assert list(reader("cluener").read(path)) == [TextRecord(f"{path}:1", "😀a", [Span(1, 2, "name")])]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"text": "ab", "label": {"name": {"b": [[1, 2]]}}}',
            r"name \[1:3\] is outside the text of 2.*in the file it is \[1, 2\]",
        ),
        ('{"text": "ab", "label": {"name": {"": [[1, 0]]}}}', r"name \[1:1\] is empty"),
        ('{"text": "ab", "label": {"name": {"a": [[0, 0.0]]}}}', r"range \[0, 0.0\] of name 'a' is not \[first, last"),
        ('{"text": "ab", "label": {"name": {"a": {}}}}', r"name 'a' has no list of ranges but {}"),
        ('{"text": "ab", "label": [[0, 1, "name"]]}', r'"label" is \[\[0, 1, .name.\]\]: a record is {"text"'),
    ],
)
def test_cluener_errors_name_file_and_line(write: Callable[..., Path], line: str, message: str) -> None:
    good = json_lines(GOOD["cluener"])
    path = write("bad.json", good + "\n" + line + "\n" + good)
    bad = the_bad_one(reader("cluener").read(path), f"{path}:3")
    assert re.search(message, bad.reason)
    assert bad.record == line


@pytest.mark.parametrize("format", ["cluener", "ccks"])
def test_longest_of_overlapping_mentions(
    write: Callable[..., Path], caplog: pytest.LogCaptureFixture, format: str
) -> None:
    spans = [Span(1, 2, "a"), Span(3, 5, "a"), Span(0, 3, "b"), Span(4, 6, "b")]
    path = write("a.json", "")
    reader(format).write([TextRecord("", "abcdef", spans)], path, [path])
    assert [record.spans for record in reader(format).read(path)] == [spans]  # the reader keeps them all
    rows, _ = read_rows(reader(format), {"train": [path]})
    assert rows["train"].columns[0]["ner_tags"] == ["B-b", "I-b", "I-b", "B-a", "I-a", "O"]
    assert [record.getMessage() for record in caplog.records] == [
        f"2 mention(s) left out that overlap a longer one: {path}:1: b 'ef' [4:6] overlaps a 'de' [3:5]; "
        f"{path}:1: a 'b' [1:2] overlaps b 'abc' [0:3]"
    ]


def test_unlabelled_cluener_test_file_gives_way_to_a_carved_split(
    write: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    train = [{"text": f"{letter}1", "label": {"name": {letter: [[0, 0]]}}} for letter in "abcdefghij"]
    write("train.json", json_lines(*train))
    write("dev.json", json_lines({"text": "k1", "label": {"name": {"k": [[0, 0]]}}}))
    path = write("test.json", json_lines({"id": 0, "text": "l1"}, {"id": 1, "text": "m1"}))
    dataset = load_ner_dataset(path.parent)
    # default_rng(42).permutation(10) begins with 5
    assert {name: words(part) for name, part in dataset.items()} == {
        "train": list("abcdeghij"),
        "validation": ["k"],
        "test": ["f"],
    }
    assert f"{path}: left out, none of its records has a label" in caplog.text
    path.write_text(json_lines({"text": "l1"}, {"text": "m1", "label": {}}))
    with pytest.raises(CfgenError, match=r"test\.json:1: .label. is null"):
        load_ner_dataset(path.parent)
    with pytest.raises(CfgenError, match=r"dev\.json:1: .label. is null"):
        load_ner_dataset(write("dev.json", json_lines({"text": "k1"})).parent)


# CCKS


def entity(start: Any, end: Any, label: Any = "药物") -> dict[str, Any]:
    return {"label_type": label, "overlap": 0, "start_pos": start, "end_pos": end}


def test_ccks(write: Callable[..., Path]) -> None:
    record = {
        "originalText": "😀口服华法林，华法林\u2028。",
        "entities": [entity(3, 6), entity(7, 10), entity(4, 6, "x")],
    }
    path = write("a.txt", "\ufeff" + json_lines(record) + "\n" + json_lines(GOOD["ccks"]))
    assert reader("ccks").detect(json_lines(record))
    assert list(reader("ccks").read(path)) == [
        TextRecord(f"{path}:1", record["originalText"], [Span(3, 6, "药物"), Span(7, 10, "药物"), Span(4, 6, "x")]),
        TextRecord(f"{path}:3", "ok", []),
    ]


@pytest.mark.parametrize(
    "head", ["", "x", "[]", '{"originalText": 1, "entities": []}', json_lines(GOOD["cluener"]), '{"entities": []}']
)
def test_other_files_are_not_ccks(head: str) -> None:
    assert not reader("ccks").detect(head)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"originalText": "\u3000", "entities": []}, "no text: a record is {"),
        ({"originalText": "ab", "entities": [[0, 1, "x"]]}, '"entities" is [[0, 1, "x"]]: a record is '),
        ({"originalText": "ab", "entities": [{"start": 0, "end": 1}]}, "mention [null:null] has no label"),
    ],
)
def test_ccks_errors_name_file_and_line(write: Callable[..., Path], record: Any, message: str) -> None:
    good = json_lines(GOOD["ccks"])
    path = write("bad.txt", good + "\r\n" + json_lines(record) + good)
    bad = the_bad_one(reader("ccks").read(path), f"{path}:3")
    assert bad.reason.startswith(f"{path}:3: {message}")
    assert bad.record == json_lines(record).strip()


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the real corpora are not beside the checkout")
def test_ccks_corpus(tmp_path: Path) -> None:
    files = sorted((CORPORA / "cner").iterdir())
    records = {file: list(reader("ccks").read(file)) for file in files}
    everything = [record for found in records.values() for record in found]
    assert (len(everything), sum(len(record.spans) for record in everything)) == (1650, 23655)
    for file in files:
        reader("ccks").write(records[file], tmp_path / "written.txt", [file])
        assert (tmp_path / "written.txt").read_bytes() == file.read_bytes().removeprefix(b"\xef\xbb\xbf")


CHARACTERS = st.sampled_from('aB\u0301中שم\u200d\u200b\ufeff😀👩🏽 \u3000\t\n\r\x0b\x85\u2028"\\') | st.characters(
    codec="utf-8"
)


@st.composite
def labelled_texts(draw: st.DrawFn) -> tuple[str, list[Span]]:
    """A text, and mentions in it that may overlap, touch and end where the text ends."""
    text = draw(st.text(CHARACTERS, min_size=1, max_size=8).filter(str.strip))
    starts = draw(st.lists(st.integers(0, len(text) - 1), max_size=4))
    kinds = st.sampled_from(["PER", "地点", "a b"])
    return text, [Span(start, draw(st.integers(start + 1, len(text))), draw(kinds)) for start in starts]


@pytest.mark.parametrize("format", ["ccks", "cluener"])
@given(data=st.lists(labelled_texts(), max_size=4))
def test_records_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, format: str, data: list[tuple[str, list[Span]]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "records.json"
    reader(format).write((TextRecord("x", text, spans) for text, spans in data), path, [path])
    order = list if format == "ccks" else sorted  # CLUENER groups by type and form
    assert [(record.text, order(record.spans)) for record in reader(format).read(path)] == [
        (text, order(spans)) for text, spans in data
    ]
    assert [record.where for record in reader(format).read(path)] == [
        f"{path}:{line}" for line in range(1, len(data) + 1)
    ]


# CoNLL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tB-X\nb\tI-X\n\nc\tO\n", [(["a", "b"], ["B-X", "I-X"]), (["c"], ["O"])]),
        ("a B-X\nb  I-X \n\n\n\nc O", [(["a", "b"], ["B-X", "I-X"]), (["c"], ["O"])]),
        ("\ufeffa\tB-X\r\nb\tI-X\r\n\r\nc\tO\r\n", [(["a", "b"], ["B-X", "I-X"]), (["c"], ["O"])]),
        ("-DOCSTART- -X- -X- O\n\na NN B-NP B-X\n\n-DOCSTART- O\nb NN B-NP O\n", [(["a"], ["B-X"]), (["b"], ["O"])]),
        ("a\tO\n-DOCSTART-\tO\nb\tO\n", [(["a"], ["O"]), (["b"], ["O"])]),
        ("# id 7\n# text = a b\n#\n#tag\tO\n# O\n", [(["#tag", "#"], ["O", "O"])]),
        (
            "a\u2028b\tB-X\n\u3000\tO\n\x85\tO\n \tO\n\u2028 O\n",
            [(["a\u2028b", "\u3000", "\x85", " ", "\u2028"], ["B-X"] + ["O"] * 4)],
        ),
        ("New York\tB-X \n", [(["New York"], ["B-X"])]),
        ("a\tB-X\nb\tE-X\nc\tS-Y\n", [(["a", "b", "c"], ["B-X", "E-X", "S-Y"])]),
        ("a\tI-X\nb\tB-X\n", [(["a", "b"], ["I-X", "B-X"])]),
        ("a\tB-creative-work\n \t \nb\tO\n", [(["a"], ["B-creative-work"]), (["b"], ["O"])]),
    ],
)
def test_conll(write: Callable[..., Path], text: str, expected: list[tuple[list[str], list[str]]]) -> None:
    path = write("a.conll", text)
    assert reader("conll").detect(text.removeprefix("\ufeff"))
    assert [(row["tokens"], row["ner_tags"]) for row in rows_of(reader("conll").read(path))] == expected


def test_conll_tag_column(write: Callable[..., Path]) -> None:
    path = write("a.conll", "a\tB-X\tO\tnoun\n#b\tO\tB-Y\tverb\n")
    assert [row["ner_tags"] for row in rows_of(reader("conll", tag_column=1).read(path))] == [["B-X", "O"]]
    assert [row["ner_tags"] for row in rows_of(reader("conll", tag_column=-2).read(path))] == [["O", "B-Y"]]
    dataset = load_ner_dataset(write("b.conll", "a\tB-X\tnoun\n\n" * 3), tag_column=1)
    assert tags(dataset["train"]) == [["B-X"]]
    with pytest.raises(CfgenError, match=r"tag_column is 0: give an integer other than 0"):
        list(reader("conll", tag_column=0).read(path))


def test_conll_rows_tell_where_they_stand(write: Callable[..., Path]) -> None:
    path = write("a.conll", "# id 1\n\n-DOCSTART- O\n\na\tO\nb\tO\n\n\n# id 2\nc\tO\r\n \t\r\nd\tO")
    assert [row.where for row in reader("conll").read(path)] == [f"{path}:5", f"{path}:9", f"{path}:12"]


def test_conll_segmentation_digits(write: Callable[..., Path]) -> None:
    path = write("weibo.conll", "科0\tB-ORG\n技1\tI-ORG\n10\tO\n\n22\tO\n")
    assert rows_of(reader("conll", segmentation_digits=True).read(path)) == [
        {"tokens": ["科", "技", "1"], "ner_tags": ["B-ORG", "I-ORG", "O"]},
        {"tokens": ["2"], "ner_tags": ["O"]},
    ]
    assert rows_of(reader("conll").read(path))[0]["tokens"] == ["科0", "技1", "10"]


@pytest.mark.parametrize(
    ("row", "options", "message"),
    [
        ("\u3000", {}, r"1 column\(s\) in '\\u3000', and tag_column is -1 \(the last\): .*correct the row"),
        ("b\tO\t", {}, "'' is not a tag"),
        ("b\tO", {"tag_column": -2}, r"2 column\(s\) in .*, and tag_column is -2"),
        ("1\tO", {"segmentation_digits": True}, "'1' has no segmentation digit"),
        ("b²\tO", {"segmentation_digits": True}, "'b²' has no segmentation digit"),
    ],
)
def test_conll_errors_name_file_and_line(
    write: Callable[..., Path], row: str, options: dict[str, Any], message: str
) -> None:
    good = "a0" + "\tO" * max(options.get("tag_column", 1), 2) + "\n"
    path = write("bad.conll", good + "\r\n" + good + row + "\n" + good + "\n" + good)
    before, bad, after = reader("conll", **options).read(path)
    assert isinstance(before, WordRecord) and isinstance(bad, BadRecord) and isinstance(after, WordRecord)
    assert re.search(message, bad.reason)
    assert bad.reason.startswith(f"{path}:4: ")  # the line
    assert (bad.where, bad.record) == (f"{path}:3", (good + row + "\n" + good).rstrip("\n"))  # the sentence


WORD = st.text(st.characters(codec="utf-8", exclude_characters="\t\n"), max_size=4)
SENTENCE = st.lists(
    st.tuples(WORD, st.sampled_from(["O", "B-PER", "I-PER", "B-creative-work", "U-地点", "I-a b"])),
    min_size=1,
    max_size=4,
)


@given(
    st.lists(SENTENCE, max_size=4).filter(lambda rows: all(word != "-DOCSTART-" for row in rows for word, _ in row)),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n\n"]),
)
def test_conll_reads_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[tuple[str, str]]], end: str, tail: str
) -> None:
    text = f"{end}{end}".join(end.join(f"{word}\t{tag}" for word, tag in row) for row in rows)
    assume("\n" in text + tail or "\r" not in text)  # else these are taken for the ends of the lines
    path = tmp_path_factory.getbasetemp() / "written.conll"
    path.write_bytes(("\ufeff" + text + tail).encode())
    assert [list(zip(row["tokens"], row["ner_tags"])) for row in rows_of(reader("conll").read(path))] == rows


@given(
    st.lists(SENTENCE, max_size=4).filter(lambda rows: all(word != "-DOCSTART-" for row in rows for word, _ in row)),
    st.sampled_from([-1, -3, 1, 3]),
    st.booleans(),
    st.sampled_from("\t "),
)
@example([[("\ufeff", "O"), ("\ufeffa", "O")], [("\ufeffb", "O")]], -1, False, "\t")
@example([[("#", "B-PER"), (" ", "O"), ("\r", "O")], [("# a", "O")]], 1, True, " ")
def test_conll_writes_what_it_reads(
    tmp_path_factory: pytest.TempPathFactory,
    sentences: list[list[tuple[str, str]]],
    tag_column: int,
    segmentation_digits: bool,
    separator: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.conll"
    # a word that is nothing but its digit is an error
    given_rows = [
        {"tokens": [word or "x" for word, _ in sentence], "ner_tags": [tag for _, tag in sentence]}
        for sentence in sentences
    ]
    options: dict[str, Any] = {"tag_column": tag_column, "segmentation_digits": segmentation_digits}
    like = path.with_name("like.conll")
    like.write_text(separator.join(["a", *["O"] * 3]) + "\n")
    reader("conll", **options).write((WordRecord("", columns) for columns in given_rows), path, [like])
    assert rows_of(reader("conll", **options).read(path)) == given_rows


def test_conll_as_written(write: Callable[..., Path]) -> None:
    rows = [
        WordRecord("", {"tokens": ["科", "技"], "ner_tags": ["B-X", "O"]}),
        WordRecord("", {"tokens": ["a"], "ner_tags": ["O"]}),
    ]
    path, like = write("a.conll", ""), write("like.conll", "x\tO\n")
    reader("conll").write(rows, path, [like])
    assert path.read_bytes().decode() == "科\tB-X\n技\tO\n\na\tO\n\n"
    reader("conll", tag_column=2, segmentation_digits=True).write(rows, path, [like])
    assert path.read_bytes().decode() == "科0\t_\tB-X\n技0\t_\tO\n\na0\t_\tO\n\n"
    reader("conll", tag_column=-2).write(rows[1:], path, [like])
    assert path.read_bytes().decode() == "a\tO\t_\n\n"
    like.write_text("# a comment\n7 x X O NN\n8 y X O NN\n")
    spoken = [WordRecord("", {"tokens": ["a", "b c"], "ner_tags": ["O", "B-X"]})]
    reader("conll", word_column=1, tag_column=3).write(spoken, path, [like])
    assert path.read_bytes().decode() == "_ a _ O _\n_\tb c\t_\tB-X\t_\n\n"
    known = [WordRecord("", {"tokens": ["x", "y"], "ner_tags": ["O", "O"]})]
    reader("conll", word_column=1, tag_column=3).write(known, path, [like])
    assert path.read_bytes().decode() == "# a comment\n7 x X O NN\n8 y X O NN\n\n"


def test_words_that_count_are_an_error_unless_their_column_is_named(write: Callable[..., Path]) -> None:
    path = write("a.conll", "1\tAda\tB-PER\n2\tran\tO\n3\t.\tO\n\n1\tBo\tB-PER\n")
    (bad, row) = reader("conll").read(path)
    assert bad.reason == f"{path}:1: the words are 1, 2, 3 and so on: name the column of the words (word_column)"
    assert row.columns["tokens"] == ["1"]
    assert rows_of(reader("conll", word_column=1).read(path)) == [
        {"tokens": ["Ada", "ran", "."], "ner_tags": ["B-PER", "O", "O"]},
        {"tokens": ["Bo"], "ner_tags": ["B-PER"]},
    ]
    for options, message in (
        ({"word_column": -1}, "word_column is -1: give an integer of at least 0"),
        ({"word_column": 2, "tag_column": 2}, "tag_column is 2: give an integer other than 2, the word's column"),
    ):
        with pytest.raises(CfgenError, match=message):
            reader("conll", **options).read(path)


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the real corpora are not beside the checkout")
def test_conll_corpus(tmp_path: Path) -> None:
    for file in sorted((CORPORA / "wnut17").iterdir()):
        reader("conll").write(reader("conll").read(file), tmp_path / "written.conll", [file])
        assert (tmp_path / "written.conll").read_bytes() == file.read_bytes()


# JSON lines


def test_json_lines_and_arrays(write: Callable[..., Path]) -> None:
    records = [
        {
            "id": 7,
            "tokens": ["a\u2028b", " "],
            "ner_tags": ["B-X", "O"],
            "pos_tags": ["NN", None],
            "meta": {"k": [1.5]},
        },
        {"tokens": ["c"], "ner_tags": [3]},
    ]
    path = write("a.jsonl", "\ufeff" + json_lines(records[0]) + "\n" + json_lines(records[1]).replace("\n", "\r\n"))
    assert reader("json").detect(json_lines(*records))
    assert list(reader("json").read(path)) == [
        WordRecord(f"{path}:1", records[0]),
        WordRecord(f"{path}:3", records[1]),
    ]
    path = write("a.json", "\ufeff\n " + json.dumps(records, indent=2))
    assert reader("json").detect("\n " + json.dumps(records, indent=2))
    assert list(reader("json").read(path)) == [
        WordRecord(f"{path}, record 0 (id 7)", records[0]),
        WordRecord(f"{path}, record 1 (from 0)", records[1]),
    ]


def test_json_columns_by_name(write: Callable[..., Path]) -> None:
    path = write("a.json", json_lines({"words": ["a"], "tags": ["O"]}))
    assert rows_of(reader("json", tokens_column="words", tags_column="tags").read(path)) == [
        {"words": ["a"], "tags": ["O"]}
    ]
    [bad] = reader("json").read(path)
    assert bad.reason == (
        f"{path}:1: no 'tokens' among words, tags: add it, or name the columns with tokens_column and tags_column"
    )


BAD_ROWS = [
    ({"tokens": "a", "ner_tags": ["O"]}, 'tokens is "a": give a list'),
    ({"tokens": [], "ner_tags": []}, "no tokens: remove the record or give it tokens"),
    ({"tokens": ["a", None], "ner_tags": ["O", "O"]}, "tokens holds more than strings"),
    ({"tokens": ["a"], "ner_tags": [True]}, "the tag true is neither a string nor a 64-bit integer"),
    ({"tokens": ["a", "b"], "ner_tags": ["O", 1]}, 'tags are strings and integers, ["O", 1]'),
    ("x", "a JSON string, not an object: "),
]


@pytest.mark.parametrize(("record", "message"), BAD_ROWS)
def test_json_errors_name_file_and_record(write: Callable[..., Path], record: Any, message: str) -> None:
    good = GOOD["json"]
    path = write("bad.jsonl", json_lines(good) + "\n" + json_lines(record, good))
    bad = the_bad_one(reader("json").read(path), f"{path}:3")
    assert bad.reason.startswith(f"{path}:3: {message}")
    assert bad.record == json_lines(record).strip()
    path = write("bad.json", json.dumps([good, record, good]))
    bad = the_bad_one(reader("json").read(path), f"{path}, record 1 (from 0)")
    assert bad.reason.startswith(f"{path}, record 1 (from 0): {message}")
    assert bad.record == record


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"tokens": ["a"], "ner_tags": ["O"]', r"bad JSON \(.*\): .*{\"tokens\""),
        ('{"tokens": ["a"], "tokens": ["b"], "ner_tags": ["O"]}', r'bad JSON \(the key "tokens" twice'),
        (r'{"tokens": ["\ud83d"], "ner_tags": ["O"]}', "half of a surrogate pair"),
        (r'{"tokens": ["a"], "ner_tags": ["O"], "id": "\ud83d"}', "half of a surrogate pair"),
    ],
)
def test_bad_json_lines(write: Callable[..., Path], line: str, message: str) -> None:
    good = json_lines(GOOD["json"])
    path = write("bad.jsonl", good + "\n" + line + "\n" + good)
    bad = the_bad_one(reader("json").read(path), f"{path}:3")
    assert re.search(message, bad.reason)


def test_bad_json_arrays(write: Callable[..., Path]) -> None:
    path = write("bad.json", "[" + json_lines(GOOD["json"]) + ",\n{bad]")
    with pytest.raises(CfgenError, match=r"bad\.json:3: bad JSON \(Expecting .*column 2\): .*{\"tokens\""):
        list(reader("json").read(path))
    path = write("twice.json", '[{"tokens": [], "tokens": []}]')
    with pytest.raises(CfgenError, match=r'twice\.json: bad JSON \(the key "tokens" twice\)'):
        list(reader("json").read(path))
    # a string of an array is no line of JSON
    [bad] = reader("json").read(write("a.json", json.dumps([json_lines(GOOD["json"])])))
    assert "a JSON string, not an object" in bad.reason


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('{"words": ["a"], "labels": [0]}\n', True),
        ('[{"tokens": ["a"], "ner_tags": ["O"]}, {"tok', True),
        ('[\n  {\n "tokens": ["a"],\n "ner_tags": [0]}\n]', True),
        ('{"tokens": ["a"]}\n', False),
        ('{"x": [1], "y": [2]}\n', False),
        ('{"text": "a", "label": [[0, 1, "X"]]}\n', False),
        ("[]", False),
        ("", False),
        ("a\tO\n", False),
    ],
)
def test_what_looks_like_json_rows(head: str, expected: bool) -> None:
    assert reader("json").detect(head) is expected
