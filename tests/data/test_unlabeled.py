"""Unlabeled sentences, from text and from files with labels."""

import json
import re

import pytest

from hf_cfgen.data.options import ReadOptions
from hf_cfgen.data.unlabeled import read_unlabeled
from hf_cfgen.errors import CfgenError


def read(path, unit="words", **options):
    found = read_unlabeled(str(path), unit, ReadOptions(**options))
    assert found.sentences["id"][:] == [f"unlabeled-{row}" for row in range(len(found.sentences))]
    return found.sentences["tokens"][:]


@pytest.mark.parametrize(
    ("unit", "rows"),
    [
        ("words", [["Bo", "sings", "."], ["[", "x", "]", "don", "'", "t"]]),
        ("whitespace", [["Bo", "sings."], ["[x]", "don't"]]),
        ("characters", [list("Bo sings."), list("[x] don't")]),
    ],
)
def test_text_has_a_sentence_per_line_and_is_split_as_train_is(tmp_path, unit, rows):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffBo sings.\r\n\n \n  [x] don't ".encode())
    assert read(path, unit) == rows


@pytest.mark.parametrize(
    "text",
    [
        "Bo O\nsings O\n\nCy B-PER\n",
        "Bo\tX\tO\nsings\tX\tB-A\n\nCy\tX\tB-B\n",
        '{"tokens": ["Bo", "sings"], "ner_tags": ["O", "O"]}\n{"tokens": ["Cy"], "ner_tags": ["O"]}\n',
        'tokens,ner_tags\n"[""Bo"", ""sings""]","[""O"", ""O""]"\n"[""Cy""]","[""B-A""]"\n',
        '{"text": "Bo sings", "label": []}\n{"text": "Cy", "label": [[0, 2, "PER"]]}\n',
        '{"text": "Bo sings", "label": {}}\n{"text": "Cy", "label": {"x": {"Cy": [[0, 1]]}}}\n',
        '{"text": "Bo sings", "label": []}\n{"text": "Cy", "label": []}\n',
    ],
)
def test_the_labels_of_any_format_are_ignored(tmp_path, text):
    path = tmp_path / "a"
    path.write_text(text)
    assert read(path) == [["Bo", "sings"], ["Cy"]]


def test_the_options_that_the_file_takes_apply_and_the_others_do_not(tmp_path):
    (tmp_path / "text").write_text("Bo sings\n")
    given = {"word_column": 1, "types": ["LOC"], "label_map": {"A": "B"}, "format": "csv", "max_length": 3}
    assert read(tmp_path / "text", **given) == [["Bo", "sings"]]
    (tmp_path / "conll").write_text("1 Bo O\n2 sings O\n")
    assert read(tmp_path / "conll", **given) == [["Bo", "sings"]]
    (tmp_path / "json").write_text('{"words": ["Bo"], "tags": [1]}\n')
    named = {"tokens_column": "words", "tags_column": "tags", "tag_names": ["O", "B-A"]}
    assert read(tmp_path / "json", **given, **named) == [["Bo"]]
    (tmp_path / "doccano").write_text('{"text": "Bo sings. Cy ran.", "label": []}\n')
    assert read(tmp_path / "doccano", **given) == [["Bo", "sings", "."], ["Cy", "ran", "."]]


def test_bad_records_are_errors_or_returned(tmp_path):
    path = tmp_path / "a"
    path.write_text('{"text": "Bo", "label": []}\n{"text": 1, "label": []}\n')
    with pytest.raises(CfgenError, match="a:2: no text"):
        read(path)
    found = read_unlabeled(str(path), "words", ReadOptions(skip_bad_records=True))
    assert found.sentences["tokens"][:] == [["Bo"]]
    assert [(bad.where, json.loads(bad.record)) for bad in found.skipped] == [(f"{path}:2", {"text": 1, "label": []})]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file {}: correct the path of the unlabeled sentences"),
        (b" \n\n", "{} is empty"),
        (b"\xff\xfeB\0", "{}: UTF-16 by its first two bytes"),
        (b"\xb1\xb1\n", "{}: byte 0 (0xb1) is not UTF-8"),
        (b'{"tokens": ["Bo"]}\n', "{} has JSON of no known format: give text, one sentence per line"),
        (b'[{"words": ["Bo"]}]\n', "{} has JSON of no known format: give text, one sentence per line"),
        (b"Bo\0sings\n", "{} has zero bytes"),
        ("\u2003\u200a".encode() + b"\n-\xe2\x80\x83\n", None),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(tmp_path, content, message):
    path = tmp_path / "a.txt"
    if content is not None:
        path.write_bytes(content)
    if message is None:
        assert read(path) == [["-"]]
    else:
        with pytest.raises(CfgenError, match=re.escape(message.format(path))):
            read(path)
