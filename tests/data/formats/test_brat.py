"""brat documents: two files, and a sentence a line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hf_cfgen.data.formats.base import registered_formats
from hf_cfgen.data.formats.records import BadRecord, TextRecord
from hf_cfgen.data.formats.rows import read_rows
from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.spans import Span

from ...format_samples import BRAT, SAMPLES, reader


@pytest.fixture
def document(write: Callable[..., Path]) -> Callable[[str, str], Path]:
    """Write a text and its annotations; the path of the annotations."""

    def write_both(text: str, annotations: str) -> Path:
        write("doc.txt", text)
        return write("doc.ann", annotations)

    return write_both


def values(records: Any) -> list[tuple[str, list[Span]]]:
    found = list(records)
    assert all(isinstance(record, TextRecord) for record in found), found
    return [(record.text, record.spans) for record in found]


def test_sample(write: Callable[..., Path]) -> None:
    for name, text in BRAT.items():
        path = write(name, text)
    texts = path.with_suffix(".txt")
    assert list(reader("brat").read(path)) == [
        TextRecord(f"{texts}:1", "Vera joined Birch Bank in May.", [Span(0, 4, "PER"), Span(12, 22, "ORG")]),
        TextRecord(
            f"{texts}:3 (from offset 32)",
            "Omar Diaz, of Alder Ltd, wrote to Vera.",
            [Span(0, 9, "PER"), Span(14, 23, "ORG"), Span(34, 38, "PER")],
        ),
        TextRecord(f"{texts}:4 (from offset 72)", "It was late.", []),
        TextRecord(f"{texts}:5 (from offset 85)", "They met at Alder Ltd", [Span(12, 21, "ORG")]),
        TextRecord(f"{texts}:6 (from offset 107)", "Who is Omar Diaz?", [Span(7, 16, "PER")]),
    ]
    rows, unit = read_rows(reader("brat"), {"train": [path]})
    assert unit == "words"
    assert rows["train"].columns[3] == {
        "tokens": ["They", "met", "at", "Alder", "Ltd"],
        "ner_tags": ["O", "O", "O", "B-ORG", "I-ORG"],
    }


@pytest.mark.parametrize(
    ("text", "annotations", "expected"),
    [
        ("Bo ran.\n", "", [("Bo ran.", [])]),
        ("Bo ran.\n", "\n \n", [("Bo ran.", [])]),
        ("Bo ran.", "T1\tP 0 2\tBo", [("Bo ran.", [Span(0, 2, "P")])]),
        ("", "", []),
        (" \n\n\t\n", "", []),
        # "\r" counts, and is no part of the sentence, on either side
        ("a\r\n\r\nBo\r\n", "T1\tP 5 7\tBo\r\n", [("a", []), ("Bo", [Span(0, 2, "P")])]),
        # so does a byte-order mark
        (
            "\ufeffBo\nAl",
            "\ufeffT1\tP 1 3\tBo\nT2\tP 4 6\tAl\n",
            [("Bo", [Span(0, 2, "P")]), ("Al", [Span(0, 2, "P")])],
        ),
        # code points, neither bytes nor UTF-16
        ("中😀\n👩\u200d🔬Bo", "T1\tP 6 8\tBo\n", [("中😀", []), ("👩\u200d🔬Bo", [Span(3, 5, "P")])]),
        # no line ends but "\n"
        (
            "a\u2028Bo\x85\x0b\x0c\x1cAl\rC\n",
            "T1\tP 2 4\tBo\nT2\tP 8 10\tAl\nT3\tP 9 12\tl\rC\n",
            [("a\u2028Bo\x85\x0b\x0c\x1cAl\rC", [Span(2, 4, "P"), Span(8, 10, "P"), Span(9, 12, "P")])],
        ),
        ("a\tb", "T1\tP 0 3\ta\tb\n", [("a\tb", [Span(0, 3, "P")])]),
        # mentions that overlap and touch, in the order of the file, which is not that of the text
        (
            "ab\ncd",
            "T9\tX 4 5\td\nT2\tA-b_c 3 4\tc\nT3\tY 3 5\tcd\n",
            [("ab", []), ("cd", [Span(1, 2, "X"), Span(0, 1, "A-b_c"), Span(0, 2, "Y")])],
        ),
        (
            "ab",
            "R1\tPart Arg1:T1 Arg2:T2\nE1\tBe:T1\nA1\tNeg T1\nM1\tNeg T1\nN1\tRef T1 Wiki:5\tx\n#1\tNote T1\tT2\n"
            "*\tEquiv T1 T2\nT1\tX 0 1\ta\n",
            [("ab", [Span(0, 1, "X")])],
        ),
    ],
)
def test_read(
    document: Callable[..., Path], text: str, annotations: str, expected: list[tuple[str, list[Span]]]
) -> None:
    assert values(reader("brat").read(document(text, annotations))) == expected


@pytest.mark.parametrize(
    ("line", "message", "lost"),
    [
        # two lines, of which the sentences are bad
        (
            "T2\tP 3 5\tXx",
            "P [3:5] is 'Al' in the text, not 'Xx': correct the offsets (counted in characters",
            ["Al sat"],
        ),
        ("T2\tP 3 3\t", "P [3:3] is empty: correct the offsets", ["Al sat"]),
        ("T2\tP 12 0\t", "P [12:0] ends before it starts", ["Bo", "Al sat", "Cy"]),
        (
            "T2\tP 3 5;6 9\tAl sat",
            "P [3:5;6:9] is in several pieces",
            ["Al sat"],
        ),
        ("T2\tP 0 2;11 13\tBo Cy", "P [0:2;11:13] is in several pieces", ["Bo", "Cy"]),
        ("T2\tP 0 5\tBo Al", "P [0:5] crosses the end of a line", ["Bo", "Al sat"]),
        ("T2\tP 0 13\tBo Al sat Cy", "P [0:13] crosses the end of a line", ["Bo", "Al sat", "Cy"]),
        ("T2\tP 10 11\t", "P [10:11] crosses the end of a line", []),
        # which sentence can't be told
        ("T2\tP a 5\tAl", "'T2\\tP a 5\\tAl' is not a mention", None),
        (f"T2\tP 3 {'9' * 5000}\tAl", "is not a mention", None),
        ("T2\tP 13 15\t", "P [13:15] is outside the text of 14 characters", None),
        ("T2\tP 3 5;99 100\tAl", "P [3:5;99:100] is in several pieces", None),
    ],
)
def test_bad_mentions(document: Callable[..., Path], line: str, message: str, lost: list[str] | None) -> None:
    text = "Bo\nAl sat\n\nCy\n"
    path = document(text, f"T1\tP 0 2\tBo\n#\n{line}\nT4\tP 11 13\tCy\n")
    found = list(reader("brat").read(path))
    bad = [record for record in found if isinstance(record, BadRecord)]
    good = {record.text: list(record.spans) for record in found if isinstance(record, TextRecord)}
    assert all(record.where == f"{path}:3" for record in bad)
    assert all(message in record.reason and record.reason.startswith(f"{path}:3: ") for record in bad)
    assert all("\n" not in record.reason for record in bad)
    if lost is None:
        assert [record.record for record in bad] == [{"text": text, "annotation": line}]
        assert good == {}
        return
    # a mention in no sentence is bad alone
    sentences = lost or [""]
    assert [record.record for record in bad] == [{"text": sentence, "annotation": line} for sentence in sentences]
    mentions = {"Bo": [Span(0, 2, "P")], "Al sat": [], "Cy": [Span(0, 2, "P")]}
    assert good == {sentence: spans for sentence, spans in mentions.items() if sentence not in lost}


def test_bad_mentions_of_carriage_returns_and_marks(document: Callable[..., Path]) -> None:
    for text, line in [
        ("a\r\nb", "T1\tP 0 2\ta\r"),
        ("\ufeffa\nb", "T1\tP 0 2\t\ufeffa"),
        ("\ufeffa\nb", "T1\tP 0 1\t\ufeff"),
    ]:
        bad, good = reader("brat").read(document(text, line + "\n"))
        assert isinstance(bad, BadRecord) and "crosses the end of a line" in bad.reason
        assert isinstance(good, TextRecord) and good.text == "b"
    _, bad, _ = reader("brat").read(document("a\n  \nb\n", "T1\tP 2 3\t \n"))
    assert isinstance(bad, BadRecord) and bad.reason.endswith("doc.ann:1: P [2:3] is in a blank line: remove it")


def test_one_bad_record_a_sentence(document: Callable[..., Path]) -> None:
    path = document("Bo\nAl", "T1\tP 3 5\tXx\nT2\tP 3 5\tAl\nT3\tP 3 5\tYy\nT4\tP 0 2\tBo\n")
    good, bad = reader("brat").read(path)
    assert good == TextRecord(f"{path.with_suffix('.txt')}:1", "Bo", [Span(0, 2, "P")])
    assert isinstance(bad, BadRecord) and bad.where == f"{path}:1"


def test_skipping_trains_on_no_sentence_with_an_unknown_mention(document: Callable[..., Path]) -> None:
    path = document("Bo ran\nAl sat\n", "T1\tP 7 9\tAx\nT2\tP 0 2\tBo\n")
    with pytest.raises(CfgenError, match=rf"^{re.escape(str(path))}:1: P \[7:9\] is 'Al' in the text, not 'Ax'"):
        read_rows(reader("brat"), {"train": [path]})
    skipped: list[BadRecord] = []
    rows, _ = read_rows(reader("brat"), {"train": [path]}, skipped=skipped)
    assert rows["train"].columns == [{"tokens": ["Bo", "ran"], "ner_tags": ["B-P", "O"]}]
    assert [record.where for record in skipped] == [f"{path}:1"]


def test_files_that_can_not_be_read(write: Callable[..., Path]) -> None:
    path = write("a.b.ann", "")
    with pytest.raises(CfgenError) as caught:
        list(reader("brat").read(path))
    assert str(caught.value).startswith(f"{path} has no text file {path.with_suffix('.txt')}: ")
    write("a.b.txt", "中".encode("gb18030"))
    with pytest.raises(CfgenError, match=r"a\.b\.txt: byte 0 \(0xd6\) is not UTF-8"):
        list(reader("brat").read(path))
    write("a.b.txt", "a")
    with pytest.raises(CfgenError, match=r"a\.b\.ann: byte 0 \(0xd6\) is not UTF-8"):
        list(reader("brat").read(write("a.b.ann", "中".encode("gb18030"))))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (BRAT["notes.ann"], True),
        ("\n \nT12\tLOC 0 5\tParis\n", True),
        ("T1\tLOC 0 5;7 9\tParis on", True),
        ("R1\tPart-of Arg1:T1 Arg2:T2\n", True),
        ("E1\tBe:T1 Who:T2\n", True),
        ("E1\tBe:T1\n", True),
        ("A2\tNegation E1\n", True),
        ("M2\tNegation E1\n", True),
        ("N1\tReference T1 Wiki:53\tParis\n", True),
        ("#1\tAnnotatorNotes T1\twhy?\n", True),
        ("*\tEquiv T1 T2\n", True),
        ("T1\tB-LOC\n", False),
        ("T1\tNN\tO\n", False),
        ("T1 LOC 0 5 Paris\n", False),
        ("T1\tLOC 0 x\tParis\n", False),
        ("#1\tO\n", False),
        ("#\thttp://example.org/a [2009-10-17]\n", False),
        ("#\tAnnotatorNotes T1\twhy?\n", False),
        ("# comment\na\tO\n", False),
        ("*\tO\n", False),
        ("E1\tB-X:y\n", False),
        ("the T1\tLOC 0 5\tParis\n", False),
        ("Running text.\nT1\tLOC 0 5\tParis\n", False),
        (BRAT["notes.txt"], False),
        ("", False),
        *((text, False) for text in SAMPLES.values()),
    ],
)
def test_what_looks_like_annotations(head: str, expected: bool) -> None:
    assert reader("brat").detect(head) is expected
    if expected:
        assert [format.name for format in registered_formats() if format.detect(head)] == ["brat"]


# documents


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def shown(groups: dict[str, list[Path]] | None, folder: Path) -> dict[str, list[str]] | None:
    return groups and {split: [str(file.relative_to(folder)) for file in files] for split, files in groups.items()}


@pytest.mark.parametrize(
    ("names", "expected", "warnings"),
    [
        (["b.ann", "b.txt", "a.ann", "a.txt", "annotation.conf"], {"train": ["a.ann", "b.ann"]}, []),
        # every name, or none
        (
            ["train-2.ann", "train-1.ann", "dev.ann"],
            {"validation": ["dev.ann"], "train": ["train-1.ann", "train-2.ann"]},
            [],
        ),
        (["train.ann", "dev.ann", "other.ann"], {"train": ["dev.ann", "other.ann", "train.ann"]}, []),
        (["test.ann"], {"test": ["test.ann"]}, []),
        # subfolders
        (
            [
                "train/a.ann",
                "train/a.txt",
                "dev_set/test.ann",
                "test/b.ann",
                "training2/0.ann",
                "training2/1.ann",
                "train/more/c.ann",
            ],
            {
                "validation": ["dev_set/test.ann"],
                "test": ["test/b.ann"],
                "train": ["train/a.ann", "training2/0.ann", "training2/1.ann"],
            },
            [],
        ),
        (
            ["train/a.ann", "other/a.ann", "figures/a.png"],
            {"train": ["train/a.ann"]},
            ["left out, not named after a split: other"],
        ),
        (["a.ann", "train/b.ann"], {"train": ["a.ann"]}, []),
        # texts alone
        (
            ["a.ann", "a.txt", "b.txt", "c.txt", ".d.txt"],
            {"train": ["a.ann"]},
            ["2 text(s) without a .ann beside left out, such as b.txt"],
        ),
        (
            ["train/a.ann", "train/b.txt", "test/b.ann", "test/c.txt", "other/c.txt"],
            {"test": ["test/b.ann"], "train": ["train/a.ann"]},
            ["2 text(s) without a .ann beside left out, such as c.txt"],
        ),
        # other data
        (
            ["a.ann", "a.txt", "a.a1", "b.conll", "annotation.conf", ".x.json", "README", "LICENSE.txt", "notes.md"],
            {"train": ["a.ann"]},
            [
                "1 text(s) without a .ann beside left out, such as LICENSE.txt",
                "left out, not brat documents: a.a1, b.conll",
            ],
        ),
        (
            ["train/a.ann", "train/x.json", "test/b.ann", "test/y", "other/z.json", "z.json"],
            {"test": ["test/b.ann"], "train": ["train/a.ann"]},
            ["left out, not brat documents: test/y, train/x.json"],
        ),
        (
            ["a.ann", *(f"{number:02}.a1" for number in range(12))],
            {"train": ["a.ann"]},
            ["left out, not brat documents: " + ", ".join(f"{number:02}.a1" for number in range(10)) + " and 2 more"],
        ),
        # no documents
        (["train.txt", "dev.txt"], None, []),
        (["other/a.ann"], None, []),
        (["train/a.txt"], None, []),
        ([".a.ann", "x.ann/train.conll"], None, []),
        ([], None, []),
    ],
)
def test_documents(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    names: list[str],
    expected: dict[str, list[str]] | None,
    warnings: list[str],
) -> None:
    make(tmp_path, *names)
    assert shown(reader("brat").find(tmp_path), tmp_path) == expected
    assert [record.getMessage() for record in caplog.records] == [f"{tmp_path}: {line}" for line in warnings]


def test_the_annotations_of_a_document(tmp_path: Path) -> None:
    make(tmp_path, "a.ann", "a.txt", "b.txt", "a.conll", "c.x.txt", "c.x.ann")
    find = reader("brat").find
    for name, annotations in {"a.ann": "a.ann", "a.txt": "a.ann", "c.x.txt": "c.x.ann"}.items():
        assert find(tmp_path / name) == {"train": [tmp_path / annotations]}
    assert find(tmp_path / "b.txt") is None
    assert find(tmp_path / "a.conll") is None


# write

CHARACTERS = st.sampled_from(
    "aB\u0301中שم\u200d\u200b\ufeff😀👩🏽 \u3000\t\r\x0b\x0c\x1c\x85\u2028\u2029"
) | st.characters(codec="utf-8", exclude_characters="\n")


@st.composite
def sentences(draw: st.DrawFn) -> tuple[str, list[Span]]:
    """A sentence, and mentions in it that may overlap, touch and end where it ends."""
    text = draw(st.text(CHARACTERS, min_size=1, max_size=8).filter(str.strip))
    starts = draw(st.lists(st.integers(0, len(text) - 1), max_size=4))
    kinds = st.sampled_from(["PER", "地点", "a;b"])
    return text, [Span(start, draw(st.integers(start + 1, len(text))), draw(kinds)) for start in starts]


@given(st.lists(sentences(), max_size=4))
@example([("\ufeffa", [Span(0, 2, "X"), Span(1, 2, "X")]), ("\ufeffb", [Span(0, 1, "X")])])
@example([("a\r", [Span(0, 2, "X"), Span(1, 2, "X"), Span(0, 1, "X")]), ("b\r\r", [Span(1, 3, "X")])])
@example([("\ufeff\r", [Span(0, 2, "X")])])
@example([("a", [Span(0, 1, "X")]), ("T1\tX 0 1\ta", [Span(0, 10, "X")])])
def test_records_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, data: list[tuple[str, list[Span]]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.ann"
    reader("brat").write((TextRecord("x", text, spans) for text, spans in data), path, [path])
    assert values(reader("brat").read(path)) == data


def test_written_files(document: Callable[..., Path], tmp_path: Path) -> None:
    path = document(BRAT["notes.txt"], BRAT["notes.ann"])
    written = tmp_path / "new.ann"
    reader("brat").write(reader("brat").read(path), written, [path])
    assert written.with_suffix(".txt").read_bytes().decode() == BRAT["notes.txt"].replace("\n\n", "\n")
    assert written.read_bytes().decode() == (
        "T1\tPER 0 4\tVera\nT2\tORG 12 22\tBirch Bank\nT3\tPER 31 40\tOmar Diaz\nT4\tORG 45 54\tAlder Ltd\n"
        "T5\tPER 65 69\tVera\nT6\tORG 96 105\tAlder Ltd\nT7\tPER 113 122\tOmar Diaz\n"
    )
    reader("brat").write([], written, [path])
    assert written.read_bytes() == written.with_suffix(".txt").read_bytes() == b""


def test_what_brat_can_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "new.ann"
    for record, message in {
        ("a b", "PER X"): "row-7: entity type 'PER X' has a space",
        ("a\nb", "PER"): "row-7: a line break in 'a\\nb'",
    }.items():
        with pytest.raises(CfgenError) as caught:
            reader("brat").write(
                [TextRecord("x", "a", []), TextRecord("row-7", record[0], [Span(0, 1, record[1])])], path, [path]
            )
        assert str(caught.value).startswith(message)
    assert list(tmp_path.iterdir()) == []  # nothing half-written
