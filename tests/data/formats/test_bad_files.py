"""Bad input gets one clear line that names file, record and remedy, and leaves nothing half-written."""

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from hf_cfgen import CfgenError, load_ner_dataset
from hf_cfgen.cli.main import main
from hf_cfgen.data.formats.tables import read_tables
from hf_cfgen.data.reading import read_splits

from ...format_samples import BRAT, SAMPLES
from ...samples import json_lines

BAD = Path(__file__).with_name("bad")
# by file or folder the options after `hf-cfgen augment IN OUT`, the line on standard error, and `by` where not the
# reading fails but what comes after it
EXPECTED: dict[str, dict[str, Any]] = json.loads((BAD / "expected.json").read_text(encoding="utf-8"))
JARGON = re.compile(r"Arrow[A-Z]|\w+Error\b|Errno|Traceback|None\b|\bTrue\b|\bFalse\b|<class|\(char |int64|NoneType")
OUTPUTS = ["in", "out", "out.candidates.jsonl", "out.skipped.jsonl"]


def line_of(name: str) -> str:
    return EXPECTED[name]["line"].replace("{path}", name)


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error of a command that ends with status 2 and prints nothing else but the counts."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert re.fullmatch(r"(.* examples -> .*\n)?", printed.out)
    (line,) = printed.err.splitlines()
    assert line.startswith("hf-cfgen: ")
    return line


@pytest.fixture(autouse=True)
def in_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)


def test_every_bad_file_is_expected() -> None:
    assert sorted(path.name for path in BAD.iterdir()) == sorted([*EXPECTED, "expected.json"])
    for format in (*SAMPLES, "brat", "parquet"):
        assert sum(name.startswith(f"{format}-") for name in EXPECTED) >= 10


@pytest.mark.parametrize("name", EXPECTED)
def test_each_gets_its_line_and_leaves_nothing(name: str, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    given: list[dict[str, Any]] = []

    def read(path: str, **options: Any) -> Any:
        given.append(options)
        return read_splits(path, **options)

    monkeypatch.setattr("hf_cfgen.cli.augment.read_splits", read)
    options = EXPECTED[name].get("options", [])
    assert failed(capsys, "augment", name, str(tmp_path / "out"), *options) == line_of(name)
    assert list(tmp_path.iterdir()) == []
    if "by" in EXPECTED[name] or not given:  # what is wrong is not in the file, or comes before it is read
        return
    skipped = tmp_path / "skipped.jsonl" if given[0]["skip_bad_records"] else None
    with pytest.raises(CfgenError) as caught:
        load_ner_dataset(name, **given[0] | {"skip_bad_records": skipped})
    assert "hf-cfgen: " + str(caught.value).replace("\n", "\\n") == line_of(name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", EXPECTED)
def test_a_line_names_the_file_and_has_no_jargon(name: str) -> None:
    line = EXPECTED[name]["line"]
    about_an_option = EXPECTED[name].get("options") and re.match(
        r"hf-cfgen: (argument --|unknown |tag_|tokens_)", line
    )
    assert "{path}" in line or name in line or about_an_option
    assert not JARGON.search(line)
    assert re.search(r"[:;,] [^:]+$", line)  # and ends in what to do
    assert len(line) < 450


def test_nothing_is_left_in_the_folder_itself() -> None:
    ignored = subprocess.run(["git", "status", "--porcelain", "--ignored", "."], capture_output=True, text=True)
    assert not re.search(r"(\.partial|\.jsonl\.\w+\.jsonl|/out)$", ignored.stdout, re.MULTILINE)


def test_on_a_real_terminal_the_line_is_all_there_is(tmp_path: Path) -> None:
    names = [
        "doccano-cuts-a-word.jsonl",  # a reader's own line
        "parquet-cut-off.parquet",  # datasets would log
        "label_studio-nothing-annotated.json",  # so would a reader, that tasks are left out
        "conll-one-sentence.txt",  # and the intervention, that there is nothing to swap
        "brat-dev-only",
    ]
    assert (
        subprocess.run(
            [sys.executable, "-m", "hf_cfgen.cli.main", "augment", names[0], str(tmp_path / "out")],
            capture_output=True,
            text=True,
        ).stderr
        == line_of(names[0]) + "\n"
    )
    # the others one after another in one process, which is what takes its time to start
    many = (
        "import sys\nfrom hf_cfgen.cli.main import main\n"
        f"for name in {names[1:]!r}:\n"
        "    try:\n        main(['augment', name, sys.argv[1]])\n"
        "    except SystemExit as ended:\n        assert ended.code == 2\n"
    )
    ran = subprocess.run([sys.executable, "-c", many, str(tmp_path / "out")], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert (ran.stdout, ran.stderr.splitlines()) == ("", [line_of(name) for name in names[1:]])
    assert list(tmp_path.iterdir()) == []


def test_run_says_the_same_and_leaves_its_folder_as_it_was(tmp_path: Path, capsys: Any) -> None:
    names = ["ccks-gb18030.txt", "json-unknown-prefix.jsonl", "csv-too-many-cells.csv", "brat-in-pieces", "empty.txt"]
    output = tmp_path / "out"
    for name in names:
        assert failed(capsys, "run", "--dataset", name, "--output_dir", str(output)) == line_of(name)
        assert not output.exists()
    for name, message in {
        "folder-dev-only": "folder-dev-only: no train split, only validation: name one train",
        "json-counterfactual-columns.jsonl": "json-counterfactual-columns.jsonl: train has 2 rows, too few to carve",
        "folder-no-mention-in-train": "folder-no-mention-in-train: train has 1 rows, too few to carve validation",
    }.items():
        assert failed(capsys, "run", "--dataset", name, "--output_dir", str(output)).startswith(f"hf-cfgen: {message}")
        assert not output.exists()
    # a run that was cut off keeps what it has until the input is good
    output.mkdir()
    (output / "started.json").write_text("{}\n")
    failed(capsys, "run", "--dataset", names[0], "--output_dir", str(output))
    assert [path.name for path in output.iterdir()] == ["started.json"]


def test_lines_that_would_be_long_in_a_file(write: Callable[..., Path], capsys: Any) -> None:
    good = '{"text": "Ada ran", "label": [[0, 3, "PER"]]}\n'
    for bad, message in [
        (
            '{"text": "Ada ran", "label": ' + 100_000 * "[" + 100_000 * "]" + "}",
            "bad JSON (nested too deeply): give one",
        ),
        (
            '{"text": "Ada", "label": [[0, ' + 5_000 * "4" + ', "PER"]]}',
            "bad JSON (a number of too many digits): give",
        ),
        (
            '{"text": "Ada", "label": [[0, 3, "PER"]], "label": "' + 999 * "x" + '"}',
            'bad JSON (the key "label" twice)',
        ),
        ('{"text": "Ada", "label": ["' + 999 * "x" + '"]}', '"' + 76 * "x" + "... in label is no mention"),
    ]:
        path = write("a.jsonl", good + bad + "\n" + good)
        line = failed(capsys, "augment", str(path), str(path.with_name("out")))
        assert line.startswith(f"hf-cfgen: {path}:2: {message}")
        assert len(line) < 450


def test_paths_that_can_not_be_read_or_written(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    (tmp_path / "empty").mkdir()
    for given, message in {
        str(tmp_path / "empty"): "has no data files: give the folder",
        "no/such/file.txt": "there is no file no/such/file.txt: correct the path",
        "nobody/nothing/at/all": "is no file or folder here, and no Hub name either",
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
        assert line == f"hf-cfgen: {good} can't be read (Permission denied): correct the path or its permissions"
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
    "cluener": ({"text": "顾晓", "label": {"name": {"陆远": [[0, 1]]}}}, "holds '顾晓': correct the range"),
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
    assert line.startswith(f"hf-cfgen: {path}{place}: ") and reason in line
    main(["augment", str(path), str(output), "--skip_bad_records"])
    assert len(read_splits(output).splits["train"]) == 2
    (skipped,) = [json.loads(row) for row in Path(f"{output}.skipped.jsonl").read_text(encoding="utf-8").splitlines()]
    assert skipped["where"] == f"{path}{place}"
    assert f"hf-cfgen: {skipped['reason']}" == line
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


def test_columns_and_names_of_tags_differ_between_the_files_of_a_split(tmp_path: Path) -> None:
    other = BAD / "folder-parquet-splits-differ"
    with pytest.raises(CfgenError, match=r"test\.parquet: the columns, or the names of their tags, are other than in"):
        read_tables({"train": [other / "train.parquet", other / "test.parquet"]}, "parquet", {}, None)


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
    data = (BAD / "parquet-id-twice.parquet").read_bytes()
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
