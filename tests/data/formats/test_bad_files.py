"""Bad input gets one clear line that names file, record and remedy, and leaves nothing half-written."""

import io
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from hf_cfgen import CfgenError, load_ner_dataset
from hf_cfgen.cli.main import main
from hf_cfgen.data.formats.tables import read_tables
from hf_cfgen.data.reading import read_splits

from ...format_samples import BRAT, SAMPLES
from ...samples import json_lines

JARGON = re.compile(r"Arrow[A-Z]|\w+Error\b|Errno|Traceback|None\b|\bTrue\b|\bFalse\b|<class|\(char |int64|NoneType")
OUTPUTS = ["in", "out", "out.candidates.jsonl", "out.skipped.jsonl"]

CONLL = "Ines\tB-PER\nleft\tO\nLima\tB-LOC\n\n"
CSV = """id,tokens,ner_tags\n1,"[""Rosa"", ""left""]","[""B-PER"", ""O""]"\n"""
CCKS = '{"originalText": "改用白术丸。", "entities": [{"label_type": "药物", "start_pos": 2, "end_pos": 5}]}\n'
CLUENER = '{"text": "白帆走。", "label": {"name": {"白帆": [[0, 1]]}}}\n'
DOCCANO = '{"text": "Ada ran", "label": [[0, 3, "PER"]]}\n'
JSON = '{"tokens": ["Ada", "ran"], "ner_tags": ["B-PER", "O"]}\n'
SPACY = '{"text": "Ada ran", "entities": [[0, 3, "PER"]]}\n'
UTF_16, GB18030 = "Zoë\tB-PER\n".encode("utf-16"), "关山\tB-PER\n".encode("gb18030")


def parquet(columns: dict[str, Any], features: Features | None = None) -> bytes:
    stream = io.BytesIO()
    Dataset.from_dict(columns, features).to_parquet(stream)
    return stream.getvalue()


def named(last: int, *names: str) -> bytes:
    """A table of two sentences with named tags."""
    features = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=list(names)))})
    return parquet({"tokens": [["a"], ["b"]], "ner_tags": [[1], [last]]}, features)


def brat(
    annotation: str, text: str | bytes = "Vera joined Birch Bank.\n\nOmar Diaz wrote to Vera.\n"
) -> dict[str, Any]:
    return {"notes.txt": text, "notes.ann": f"T1\tPER 0 4\tVera\n{annotation}\n"}


def label_studio(result: Any, text: Any = "Mira left.") -> str:
    good = {
        "data": {"text": "Noor"},
        "annotations": [{"result": [{"value": {"start": 0, "end": 4, "labels": ["A"]}}]}],
    }
    return json.dumps([good, {"id": 13, "data": {"text": text}, "annotations": [{"result": result}]}])


def region(start: Any, end: Any, *labels: Any, **fields: Any) -> list[dict[str, Any]]:
    return [{"value": {"start": start, "end": end, "labels": list(labels or ["PER"]), **fields}}]


# a file, or the files of a folder; where the error is (after the path); the key part of the message; options
BAD: list[tuple[str | bytes | dict[str, Any], str, str, list[str]]] = [
    ("", "", "is empty", []),
    (b"PK\x03\x04\x14", "", "is an archive: unpack it", []),
    (b"\x89PNG\r\n", ":", "byte 0 (0x89) is not UTF-8", []),
    (GB18030, ":", "byte 0 (0xb9) is not UTF-8: convert the file to UTF-8", []),
    (UTF_16, ":", "UTF-16 by its first two bytes", []),
    ("a\0b\0", "", "has zero bytes", []),
    ("<!doctype html>\n<p>Blood of group O</p>\n", "", "looks like no known format: name it (format)", []),
    ('{"text": "Bo", "entities": []}\n', "", "looks like doccano and spacy: name it (format)", []),
    ('{"text": "a", "label": []}\n{"text": "b", "spans": []}\n', "", "looks like doccano and spacy", []),
    (DOCCANO, ":1:", "is not a tag", ["--format", "conll"]),
    (DOCCANO, "", "is not a brat document", ["--format", "brat"]),
    # brat
    (brat("T3\tPER 18 29\tBank. Omar"), "/notes.ann:2:", "PER [18:29] crosses the end of a line", []),
    (brat("T3\tPER 25 32\tOmar Di"), "/notes.txt:3 (from offset 25):", "cuts the word 'Diaz' [5:9] at offset 7", []),
    (brat("T3\tPER 25 29;44 48\tOmar Vera"), "/notes.ann:2:", "is in several pieces", []),
    (
        brat("T2\tPER 25 34\tOmar Diaz\nT3\tLOC 30 34\tDiaz"),
        "/notes.txt:3",
        "LOC 'Diaz' [5:9] overlaps PER 'Omar Di",
        [],
    ),
    (brat("T3\tPER 25 34\tOmar Diez"), "/notes.ann:2:", "is 'Omar Diaz' in the text, not 'Omar Diez'", []),
    (brat("T3 PER 25 34 Omar Diaz"), "/notes.ann:2:", "'T3 PER 25 34 Omar Diaz' is not a mention", []),
    ({"notes.ann": "T1\tPER 0 4\tVera\n"}, "/notes.ann", "has no ", []),
    # CCKS
    (CCKS + '{"originalText": "停药。"}\n', ":2:", '"entities" is null', []),
    (CCKS + CCKS.replace("5}", "9}"), ":2:", "药物 [2:9] is outside the text of 6 characters", []),
    (CCKS + CCKS.replace("改", "\\ud83d"), ":2:", "half of a surrogate pair", []),
    # CLUENER
    (CLUENER + CLUENER.replace("0, 1", "1, 2"), ":2:", "name [1:3] is '帆走' in the text, not '白帆'", []),
    ('{"text": "走。"}\n', ":1:", '"label" is null', []),
    # CoNLL
    (CONLL + "Did\tO\nInes\n", ":6:", "1 column(s) in 'Ines'", []),
    (CONLL + "Cork\tX-LOC\n", ":5:", "'X-LOC' is not a tag", []),
    (CONLL + "Old\tB-LOC\nTown\tE-LOC\n\nCork\tU-LOC\n", ": ", "the prefixes B E U belong to no one scheme", []),
    (CONLL + "Cork\tS-LOC\n", ":5, word 0:", "the tag is S-LOC where IOB2 has B-LOC", ["--scheme", "IOB2"]),
    (CONLL.replace("\n", "\r"), ":", "lines end in a carriage return alone", []),
    ("1\tAda\tB-PER\n2\tran\tO\n3\t.\tO\n", ":1:", "the words are 1, 2, 3", []),
    ("Ines\nleft\tO\n", ":", "no good record in it, 1 bad: ", ["--skip_bad_records"]),
    ("left\tO\n", ":", "no mention in any of its 1 sentence(s)", []),
    (CONLL, "", "max_length is for formats of text and spans", ["--max_length", "8"]),
    # CSV and Parquet
    (CSV + '2,"[""Vera""]","[""B-PER""]",more\n', ":3:", "4 cells, and the header has 3", []),
    (CSV + "2,['Rosa'],['B-PER']\n", ":3:", "\"['Rosa']\" in tokens is text", []),
    (CSV + '1,"[""Bo""]","[""O""]"\n', ":3:", "the id '1' again", []),
    (CSV.replace("id", "tokens"), ":1:", "the column 'tokens' twice", ["--format", "csv"]),
    (CSV.replace("tokens", "words"), ", split train:", "no column 'tokens' among id, words", []),
    (parquet({"tokens": [["a"]], "ner_tags": [["O"]]})[:99], ":", "not a parquet file", []),
    (
        parquet({"tokens": [["a"], ["b", "c"]], "ner_tags": [["B-X"], ["O"]]}),
        ", record 1 (from 0):",
        "2 tokens and 1 tags",
        [],
    ),
    (parquet({"tokens": [["a"]], "ner_tags": [[1]]}), ", split train:", "the tags are integers, without names", []),
    (parquet({"tokens": [], "ner_tags": []}), ":", "no row in it", []),
    (named(-1, "O", "B-X"), ", record 1 (from 0):", "tag -1 has no name, there are 2 names", []),
    # doccano
    (DOCCANO + DOCCANO.replace("3,", "2,"), ":2:", "PER [0:2] cuts the word 'Ada' [0:3] at offset 2", []),
    (DOCCANO + DOCCANO.replace("0,", '"0",'), ":2:", 'PER ["0":3]: offsets are integers', []),
    (DOCCANO + '{"text": "Bo", "label": ["PER"]}\n', ":2:", '"PER" in label is not a mention', []),
    (DOCCANO, "", "no mention of type ORG (types): the types are PER", ["--types", "ORG"]),
    (DOCCANO.replace("Ada", "😀 Bo").replace("0, 3", "2, 4"), ":1:", "characters or UTF-16 units, which differ", []),
    # JSON of tokens and tags
    (JSON + '{"tokens": ["a", "b"], "ner_tags": ["O"]}\n', ":2:", "2 tokens and 1 tags", []),
    (JSON + '{"tokens": ["a"], "ner_tags": ["Q-X"]}\n', ":2:", "tag 'Q-X' is neither 'O' nor PREFIX-LABEL", []),
    (JSON + '{"words": ["a"], "ner_tags": ["O"]}\n', ":2:", "no 'tokens' among words, ner_tags", []),
    (JSON + '{"tokens": ["a"], "tokens": ["b"], "ner_tags": ["O"]}\n', ":2:", 'bad JSON (the key "tokens" twice)', []),
    (f"[{JSON},\n{{", ":3:", "bad JSON (", []),
    (JSON.replace("}", ', "p": 1}') + JSON.replace("}", ', "p": "v"}'), ":2:", 'p is "v", of another type', []),
    (JSON, ":1:", "no 'pos' among tokens, ner_tags", ["--tags_column", "pos"]),
    # Label Studio, JSON and JSON-MIN
    (label_studio(region(0, 4, text="Noor")), ", record 1 (id 13):", "is 'Mira' in the text, not 'Noor'", []),
    (label_studio(region(0, 4, "PER", "ORG")), ", record 1 (id 13):", 'has the labels ["PER", "ORG"]', []),
    (
        label_studio([{"value": {"hypertextlabels": ["A"]}}]),
        ", record 1 (id 13):",
        "a region with hypertextlabels",
        [],
    ),
    ('[{"data": {"text": "a"}, "annotations": []}]', ":", "none of its 1 task(s) has an annotation", []),
    ('[{"data": {"a": "x", "b": "y"}, "annotations": [{"result": []}]}]', ":", "each of a, b may be the text", []),
    (
        json.dumps([{"text": "Bo", "ner": [region(0, 9)[0]["value"]]}]),
        ", record 0 (from 0):",
        "PER [0:9] is outside",
        [],
    ),
    # spaCy and Prodigy
    (SPACY.replace("}", ', "answer": "reject"}'), ":", "all 1 record(s) have the answer reject or ignore", []),
    (SPACY.replace("}", ', "spans": [{"start": 4, "end": 7, "label": "X"}]}'), ":1:", "in entities differ", []),
    (SPACY + "{'text': 'Bo', 'entities': []}\n", ":2:", "bad JSON (", []),
    # folders
    ({"README.md": "x"}, "", "has no data files", []),
    ({"a.txt": CONLL, "b.txt": CONLL}, ":", "none of a.txt, b.txt is named after a split", []),
    ({"train_dev.txt": CONLL}, "/train_dev.txt", "names the splits train and validation", []),
    ({"train.txt": CONLL, "dev.txt": JSON}, "", "files of more than one format", []),
    ({"train_a.txt": CONLL, "train_b.txt": CONLL + "Ines\n"}, "/train_b.txt:5:", "1 column(s) in 'Ines'", []),
    (
        {"train_a.csv": CSV, "train_b.csv": CSV[3:].replace("\n1,", "\n")},
        "/train_b.csv:",
        "are different from those of",
        [],
    ),
    ({"train": named(0, "O", "B-X"), "dev": named(0, "O", "B-Y")}, ":", "the splits name their tags differently", []),
    ({"state.json": "{}"}, ":", "an incomplete dataset of save_to_disk", []),
    # what reads well, but cannot be augmented
    ({"dev.txt": CONLL}, ":", "no train split, only validation", []),
    (CONLL, ":", "nothing to swap, every type has one surface form only (LOC, PER)", []),
    (JSON.replace("}", ', "source_id": "x"}'), ":", "the examples have columns source_id", []),
]


def place(folder: Path, content: str | bytes | dict[str, Any]) -> Path:
    """Write a bad file or folder."""
    path = folder / "in"
    if isinstance(content, dict):
        path.mkdir()
    for name, inner in content.items() if isinstance(content, dict) else [("", content)]:
        (path / name).write_bytes(inner if isinstance(inner, bytes) else inner.encode())
    return path


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error of a command that ends with status 2 and prints nothing else but the counts."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert re.fullmatch(r"(.* examples -> .*\n)?", printed.out)
    (line,) = printed.err.splitlines()
    assert line.startswith("hf-cfgen: ")
    return line.removeprefix("hf-cfgen: ")


@pytest.mark.parametrize(("content", "where", "message", "options"), BAD, ids=[bad[2] for bad in BAD])
def test_each_gets_one_line_and_leaves_nothing(
    tmp_path: Path, capsys: Any, content: Any, where: str, message: str, options: list[str]
) -> None:
    path = place(tmp_path, content)
    line = failed(capsys, "augment", str(path), str(tmp_path / "out"), *options)
    assert message in line
    if not message.startswith(("max_length", "files of", "no mention of type")):
        assert line.startswith(f"{path}{where}")
    assert str(path) in line and not JARGON.search(line)
    assert re.search(r"[:;,] [^:]+$", line) and len(line) < 500 + len(str(path))  # and it ends in what to do
    assert list(tmp_path.iterdir()) == [path]


def test_on_a_real_terminal_the_line_is_all_there_is(tmp_path: Path) -> None:
    contents = [
        DOCCANO.replace("3,", "2,"),  # a reader's own line
        parquet({"tokens": [["a"]], "ner_tags": [["O"]]})[:99],  # datasets would log
        '[{"data": {"text": "a"}, "annotations": []}]',  # so would a reader, that tasks are left out
        CONLL,  # and the intervention, that there is nothing to swap
    ]
    paths = []
    for number, content in enumerate(contents):
        (tmp_path / str(number)).mkdir()
        paths.append(str(place(tmp_path / str(number), content)))
    # one after another in one process, which is what takes its time to start
    many = (
        "import sys\nfrom hf_cfgen.cli.main import main\n"
        f"for name in {paths!r}:\n"
        "    try:\n        main(['augment', name, sys.argv[1]])\n"
        "    except SystemExit as ended:\n        assert ended.code == 2\n"
    )
    ran = subprocess.run([sys.executable, "-c", many, str(tmp_path / "out")], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stderr.splitlines()
    assert ran.stdout == "" and len(lines) == len(paths)
    assert all(line.startswith(f"hf-cfgen: {path}:") for line, path in zip(lines, paths))
    assert not (tmp_path / "out").exists()


def test_run_says_the_same_and_leaves_its_folder_as_it_was(tmp_path: Path, capsys: Any) -> None:
    output = tmp_path / "out"
    for number, (content, message) in enumerate(
        [
            (GB18030, "byte 0 (0xb9) is not UTF-8"),
            (JSON + '{"tokens": ["a"], "ner_tags": ["Q-X"]}\n', "tag 'Q-X' is neither"),
            (brat("T3\tPER 25 29;44 48\tOmar Vera"), "is in several pieces"),
            ({"dev.txt": CONLL}, "no train split, only validation: name one train"),
            (JSON, "train has 1 rows, too few to carve"),
        ]
    ):
        (tmp_path / str(number)).mkdir()
        path = place(tmp_path / str(number), content)
        line = failed(capsys, "run", "--dataset", str(path), "--output_dir", str(output))
        assert line.startswith(str(path)) and message in line
        assert not output.exists()
    # a run that was cut off keeps what it has until the input is good
    output.mkdir()
    (output / "started.json").write_text("{}\n")
    failed(capsys, "run", "--dataset", str(path), "--output_dir", str(output))
    assert [path.name for path in output.iterdir()] == ["started.json"]


def test_lines_that_would_be_long_in_a_file(write: Callable[..., Path], capsys: Any) -> None:
    good = '{"text": "Ada ran", "label": [[0, 3, "PER"]]}\n'
    for bad, message in [
        (
            '{"text": "Ada ran", "label": ' + 100_000 * "[" + 100_000 * "]" + "}",
            "bad JSON (nested too deeply)",
        ),
        (
            '{"text": "Ada", "label": [[0, ' + 5_000 * "4" + ', "PER"]]}',
            "bad JSON (a number of too many digits)",
        ),
        (
            '{"text": "Ada", "label": [[0, 3, "PER"]], "label": "' + 999 * "x" + '"}',
            'bad JSON (the key "label" twice)',
        ),
        ('{"text": "Ada", "label": ["' + 999 * "x" + '"]}', '"' + 76 * "x" + "... in label is not a mention"),
    ]:
        path = write("a.jsonl", good + bad + "\n" + good)
        line = failed(capsys, "augment", str(path), str(path.with_name("out")))
        assert line.startswith(f"{path}:2: {message}")
        assert len(line) < 450


def test_paths_that_can_not_be_read_or_written(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    (tmp_path / "empty").mkdir()
    for given, message in {
        str(tmp_path / "empty"): "has no data files: give the folder",
        "no/such/file.txt": "there is no file no/such/file.txt: correct the path",
        "nobody/nothing/at/all": "is neither a file or folder nor a Hub name",
        "x" * 4000: "can't be read (File name too long): correct the path",
    }.items():
        assert message in failed(capsys, "augment", given, str(tmp_path / "out"))
    good = tmp_path / "a.txt"
    good.write_text("Ada\tB-PER\n\nBo\tB-PER\nran\tO\n")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        line = failed(capsys, "augment", str(good), str(tmp_path / "out"))
        assert line.startswith(f"{good} can't be read (Permission denied): ")
        with pytest.raises(CfgenError, match="Permission denied"):
            load_ner_dataset(good)

    def full(path: Path, skipped: Any) -> None:
        path.write_text("{")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("hf_cfgen.cli.augment.write_skipped", full)
    with pytest.raises(SystemExit) as ended:
        main(["augment", str(good), str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "No space left on device" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "empty"]


# One bad and two good records of each format: the bad one with its place, a part of the reason and what is kept of it

TWO = {
    "doccano": [{"text": "Ada ran", "label": [[0, 3, "PER"]]}, {"text": "Bo sat", "label": [[0, 2, "PER"]]}],
    "spacy": [{"text": "Ada ran", "entities": [[0, 3, "PER"]]}, {"text": "Bo sat", "entities": [[0, 2, "PER"]]}],
    "ccks": [
        {"originalText": text, "entities": [{"label_type": "药物", "start_pos": 2, "end_pos": 5}]}
        for text in ("停用黄连片。", "改用白术丸。")
    ],
    "cluener": [
        {"text": "陆远来。", "label": {"name": {"陆远": [[0, 1]]}}},
        {"text": "白帆走。", "label": {"name": {"白帆": [[0, 1]]}}},
    ],
    "json": [{"tokens": ["Ada", "ran"], "ner_tags": ["B-PER", "O"]}, {"tokens": ["Bo"], "ner_tags": ["B-PER"]}],
    "label_studio": [
        {
            "id": number,
            "data": {"text": text},
            "annotations": [{"result": [{"value": {"start": 0, "end": end, "labels": ["PER"]}}]}],
        }
        for number, text, end in ((1, "Ada ran", 3), (2, "Bo sat", 2))
    ],
    "label_studio_min": [
        {"id": number, "text": text, "label": [{"start": 0, "end": end, "labels": ["PER"]}]}
        for number, text, end in ((1, "Ada ran", 3), (2, "Bo sat", 2))
    ],
}
BAD_ONE = {
    "doccano": ({"text": "Cy ate", "label": [[0, 1, "PER"]]}, "cuts the word 'Cy' [0:2] at offset 1"),
    "spacy": ({"text": "Cy ate", "entities": [[0, 9, "PER"]]}, "is outside the text of 6 characters"),
    "ccks": ({"originalText": "", "entities": []}, "no text"),
    "cluener": ({"text": "顾晓", "label": {"name": {"陆远": [[0, 1]]}}}, "is '顾晓' in the text, not '陆远'"),
    "json": ({"tokens": ["Cy"], "ner_tags": []}, "1 tokens and 0 tags"),
    "label_studio": ({"id": 9, "data": {"text": "Cy"}, "annotations": [{"result": 1}]}, "result is 1"),
    "label_studio_min": (
        {"id": 9, "text": "Cy", "label": [{"start": 0, "end": 2, "labels": []}]},
        "give it one label",
    ),
}
BAD_TEXTS: dict[str, tuple[str, str, str, Any]] = {
    "conll": ("Ada\tB-PER\nran\tO\n\nCy\n\nBo\tB-PER\n", ":4", "1 column(s) in 'Cy'", "Cy"),
    "csv": (
        'tokens,ner_tags\n"[""Ada"", ""x""]","[""B-PER"", ""O""]"\nCy,[],3\n"[""Bo""]","[""B-PER""]"\n',
        ":3",
        "3 cells, and the header has 2",
        ["Cy", "[]", "3"],
    ),
    "csv of words": (
        'tokens,ner_tags\n"[""Ada"", ""x""]","[""B-PER"", ""O""]"\n"[""Cy""]",O\n"[""Bo""]","[""B-PER""]"\n',
        ":3",
        "'O' in ner_tags is text",
        {"tokens": '["Cy"]', "ner_tags": "O"},
    ),
    "an id twice": (
        json_lines(
            *(
                {"id": key, "tokens": [word, key], "ner_tags": ["B-PER", "O"]}
                for key, word in (("a", "Ada"), ("a", "Cy"), ("b", "Bo"))
            )
        ),
        ":2",
        "the id 'a' again",
        {"tokens": ["Cy", "a"], "ner_tags": ["B-PER", "O"]},
    ),
}


def skip_cases() -> list[Any]:
    cases = []
    for format, (first, second) in TWO.items():
        bad, reason = BAD_ONE[format]
        array = format.startswith("label_studio")
        content = json.dumps([first, bad, second]) if array else json_lines(first, bad, second)
        place = ", record 1 (id 9)" if array else ":2"
        record: Any = bad if array else json_lines(bad).strip()
        if format == "doccano":
            record = {"text": "Cy ate", "spans": [[0, 1, "PER"]]}
        cases.append(pytest.param(content, place, reason, record, id=format))
    return cases + [pytest.param(*case, id=name) for name, case in BAD_TEXTS.items()]


@pytest.mark.parametrize(("content", "place", "reason", "record"), skip_cases())
def test_skipping(write: Callable[..., Path], content: str, place: str, reason: str, record: Any, capsys: Any) -> None:
    path = write("in", content)
    output = path.with_name("out")
    line = failed(capsys, "augment", str(path), str(output))
    assert line.startswith(f"{path}{place}: ") and reason in line
    main(["augment", str(path), str(output), "--skip_bad_records"])
    assert len(read_splits(output).splits["train"]) == 2
    (skipped,) = [json.loads(row) for row in Path(f"{output}.skipped.jsonl").read_text(encoding="utf-8").splitlines()]
    assert skipped["where"] == f"{path}{place}"
    assert skipped["reason"] == line
    assert skipped["record"] == record
    assert sorted(file.name for file in path.parent.iterdir()) == OUTPUTS
    assert capsys.readouterr().out.splitlines()[1].startswith("2 rows written to ")
    read_splits(path, skip_bad_records=True)
    assert sorted(file.name for file in path.parent.iterdir()) == OUTPUTS


def test_skipping_in_tables(tmp_path: Path) -> None:
    rows = Dataset.from_dict(
        {"tokens": [["Ada"], ["Cy"], ["Bo"], ["Di"]], "ner_tags": [["B-PER"], ["B-PER", "O"], ["B-PER"], ["PER"]]}
    )
    path, skipped = tmp_path / "in", tmp_path / "skipped.jsonl"
    rows.to_parquet(path)
    source = read_splits(path, skip_bad_records=True)
    assert list(source.splits["train"]["tokens"]) == [["Ada"], ["Bo"]]
    assert [record.where for record in source.skipped] == [f"{path}, record {row} (from 0)" for row in (1, 3)]
    with pytest.raises(CfgenError, match="too few to carve"):
        load_ner_dataset(path, skip_bad_records=skipped)
    assert not skipped.exists()


def test_skipping_in_brat_and_by_the_api(tmp_path: Path) -> None:
    folder = tmp_path / "brat"
    for number in range(8):
        (folder / "train").mkdir(parents=True, exist_ok=True)
        (folder / "train" / f"{number}.txt").write_text(f"Ada{number} ran.\n")
        end = 4 if number else 3
        (folder / "train" / f"{number}.ann").write_text(f"T1\tPER 0 {end}\tAda0{number}\n".replace("Ada0", "Ada", 1))
    with pytest.raises(CfgenError, match=r"0\.ann:1: PER \[0:3\] is 'Ada' in the text, not 'Ada0': correct"):
        load_ner_dataset(folder)
    data = load_ner_dataset(folder, skip_bad_records=tmp_path / "skipped.jsonl")
    assert sum(map(len, data.values())) == 7
    (skipped,) = [json.loads(line) for line in (tmp_path / "skipped.jsonl").read_text().splitlines()]
    assert skipped["where"] == str(folder / "train" / "0.ann:1")
    assert skipped["record"] == {"text": "Ada0 ran.", "annotation": "T1\tPER 0 3\tAda0"}


def test_of_a_record_that_is_split_none_or_all_parts_are_kept(write: Callable[..., Path]) -> None:
    bad = {"text": "Cy sat. Ada ran.", "label": [[0, 2, "PER"], [8, 10, "PER"]]}
    path = write("a.jsonl", json_lines({"text": "Bo ate. Di sat.", "label": [[0, 2, "PER"], [8, 10, "PER"]]}, bad))
    source = read_splits(path, skip_bad_records=True, max_length=3)
    assert [tokens[0] for tokens in source.splits["train"]["tokens"]] == ["Bo", "Di"]
    assert [record.record["text"] for record in source.skipped] == ["Cy sat. Ada ran."]


def test_the_files_of_a_split_name_their_tags_differently(write: Callable[..., Path]) -> None:
    files = [write(name, named(0, "O", f"B-{name}")) for name in "XY"]
    with pytest.raises(CfgenError, match=r"/Y: the columns, or the names of their tags, are different from those of"):
        read_tables({"train": files}, "parquet", {}, None)


# Whatever is done to a good file, nothing but CfgenError comes out

PIECES = [
    b"",
    b"\n",
    b'"',
    b"{",
    b"[",
    b"]",
    b"}",
    b",",
    b"\t",
    b"null",
    b"-1",
    b"9999",
    b"\\ud800",
    b"0.5",
    b"\r",
    b"\x00",
]
PIECES += [
    b"\xff",
    b"\xc2\x85",
    b"[]",
    b"{}",
    b"true",
    b"I-X",
    b"\xef\xbb\xbf",
    b"[[0]]",
    b'{"a": 1}',
    b"NaN",
    b"1" + b"0" * 30,
]
TOKEN = re.compile(rb'-?\d+|"[^"\n]*"|null|\[[^\[\]\n]*\]|\{[^{}\n]*\}|\w+')


def mutated(draw: random.Random, data: bytes) -> bytes:
    for _ in range(draw.choice([1, 1, 2, 5])):
        at = draw.randrange(len(data) + 1)
        tokens = list(TOKEN.finditer(data))
        if tokens and draw.random() < 0.4:
            token, other = draw.choice(tokens), draw.choice(tokens)
            data = data[: token.start()] + draw.choice([*PIECES, other.group()]) + data[token.end() :]
        else:
            data = data[:at] + draw.choice(PIECES) + data[at + draw.choice([0, 0, 1, 1, 4, 40]) :]
    return data


@pytest.mark.parametrize("format", [*SAMPLES, "brat"])
def test_of_mutated_files_only_one_kind_of_error_comes_out(format: str, tmp_path: Path) -> None:
    errors = 0
    for number in range(120):
        draw = random.Random(f"{format}/{number}")
        path = tmp_path / "in"
        if format == "brat":
            path.mkdir(exist_ok=True)
            changed = draw.choice(list(BRAT))
            for name, content in BRAT.items():
                (path / name).write_bytes(mutated(draw, content.encode()) if name == changed else content.encode())
        else:
            path.write_bytes(mutated(draw, SAMPLES[format].encode()))
        options: dict[str, Any] = {"skip_bad_records": draw.random() < 0.5}
        if draw.random() < 0.5:
            options["format"] = format
        try:
            source = read_splits(path, **options)
        except CfgenError as error:
            assert 20 < len(str(error)) < 1000
            errors += 1
        else:
            assert all(len(record.reason) > 20 for record in source.skipped)
    assert 20 < errors < 120


def test_of_mutated_tables_too(tmp_path: Path) -> None:
    data = parquet({"id": ["a", "b"], "tokens": [["a"], ["b"]], "ner_tags": [["B-X"], ["O"]]})
    errors = 0
    for number in range(60):
        draw = random.Random(number)
        path = tmp_path / "in"
        path.write_bytes(mutated(draw, data))
        try:
            read_splits(path, format="parquet")
        except CfgenError:
            errors += 1
    assert errors > 30
