"""Columns as they come to columns of the data contract."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from datasets.table import MemoryMappedTable

from hf_cfgen.data.columns import tag_column
from hf_cfgen.data.loading import load_ner_dataset
from hf_cfgen.data.reading import read_splits
from hf_cfgen.errors import CfgenError

from ..samples import NAMES, coded, json_lines, labelled, table, tags


def test_conll_file_to_dataset(write: Callable[..., Path]) -> None:
    sentences = [f"w{row}\tB-PER\nx\tE-PER\ny\tS-LOC\n\n" for row in range(20)]
    dataset = load_ner_dataset(write("anything.txt", "".join(sentences)))
    names = ["O", *(f"{prefix}-{label}" for label in ("LOC", "PER") for prefix in "BIES")]
    features = Features(
        {"id": Value("string"), "tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))}
    )
    assert isinstance(dataset, DatasetDict)
    assert list(dataset) == ["train", "validation", "test"]
    assert all(part.features == features for part in dataset.values())
    order = np.random.default_rng(42).permutation(20)
    for name, rows in {"validation": order[:2], "test": order[2:4], "train": order[4:]}.items():
        assert dataset[name].to_list() == [
            {"id": f"train-{row}", "tokens": [f"w{row}", "x", "y"], "ner_tags": [5, 7, 4]} for row in sorted(rows)
        ]


def test_scheme_is_detected_over_all_splits_or_given(write: Callable[..., Path]) -> None:
    write("train.txt", "a\tB-X\nb\tI-X\n")
    write("dev.txt", "a\tI-Y\nb\tB-Y\n")
    folder = write("test.txt", "a\tO\n").parent
    with pytest.raises(CfgenError, match=r"data: some mentions begin with B.* \(.*dev\.txt:1: I-Y B-Y\)"):
        load_ner_dataset(folder)
    dataset = load_ner_dataset(folder, scheme="bio")
    assert dataset["train"].features["ner_tags"].feature.names == ["O", "B-X", "I-X", "B-Y", "I-Y"]
    assert tags(dataset["validation"]) == [["I-Y", "B-Y"]]
    write("train.txt", "a\tI-X\nb\tB-X\n")
    assert tags(load_ner_dataset(folder)["train"]) == [["I-X", "B-X"]]
    write("test.txt", "a\tS-X\n")
    with pytest.raises(CfgenError, match=r"txt:1, word 0: the tag is I-. where IOB2 has B-"):
        load_ner_dataset(folder, scheme="IOB2")
    path = write("cluener.json", json_lines(*[{"text": "abc", "label": {"x": {"ab": [[0, 1]]}}}] * 3))
    assert tags(load_ner_dataset(path, scheme="BMES")["train"]) == [["B-x", "E-x", "O"]]


@pytest.mark.parametrize("kind", ["parquet", "json"])
@pytest.mark.parametrize("make", [table, coded])
def test_tables_in_a_folder(write: Callable[..., Path], kind: str, make: Callable[[int], Dataset]) -> None:
    for name, count in (("train-b", 2), ("train-a", 1), ("dev", 1), ("test", 3)):
        path = write(f"{name}.{kind}", "")
        data = make(count).add_column("source", [name] * count)
        getattr(data, f"to_{kind}")(path)
    write("README.md", "# train and test")
    write(".hidden_train", "x")
    dataset = load_ner_dataset(path.parent, tag_names=NAMES if kind == "json" and make is coded else None)
    names = NAMES if make is coded else ["O", "B-PER", "I-PER"]
    assert dataset["train"].features == Features(
        {
            "id": Value("string"),
            "tokens": List(Value("string")),
            "ner_tags": List(ClassLabel(names=names)),
            "source": Value("string"),
        }
    )
    assert dataset["train"].to_list() == [
        {"id": "train-0", "tokens": ["w0", "x"], "ner_tags": [1, 0], "source": "train-a"},
        {"id": "train-1", "tokens": ["w0", "x"], "ner_tags": [1, 0], "source": "train-b"},
        {"id": "train-2", "tokens": ["w1", "x"], "ner_tags": [1, 0], "source": "train-b"},
    ]
    assert [len(part) for part in dataset.values()] == [3, 1, 3]


def test_csv_with_json_lists(write: Callable[..., Path]) -> None:
    rows = [f'{row},"[""w"", ""a,b""]","[""B-PER"", ""O""]"\r\n' for row in range(3)]
    path = write("a.csv", "id,tokens,ner_tags\r\n" + "".join(rows))
    row = np.random.default_rng(42).permutation(3)[2]
    assert load_ner_dataset(path)["train"].to_list() == [{"id": f"{row}", "tokens": ["w", "a,b"], "ner_tags": [1, 0]}]
    path = write("b.csv", "tokens,ner_tags\n['w0' 'x'],['O' 'O']\n")
    with pytest.raises(CfgenError, match=r"b\.csv:2: \"\['w0' 'x'\]\" in tokens is text: .*in CSV, a JSON"):
        load_ner_dataset(path)


def test_saved_to_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = ["I-PER", "O", "B-PER", "B-LOC", "I-LOC"]
    saved = DatasetDict(train=coded(12, names), dev=coded(2, names), extra=coded(2, names)).with_format("numpy")
    saved["train"] = saved["train"].add_column("id", list(range(12))).add_column("pos_tags", [[1, 2]] * 12)
    saved.save_to_disk(tmp_path / "saved")
    dataset = load_ner_dataset(tmp_path / "saved", split_seed=1)
    assert {name: len(part) for name, part in dataset.items()} == {"train": 11, "validation": 2, "test": 1}
    assert dataset["train"].features["ner_tags"].feature.names == names
    assert dataset["train"].column_names == ["id", "tokens", "ner_tags", "pos_tags"]
    row = int(np.random.default_rng(1).permutation(12)[0])
    assert dataset["test"].to_list() == [
        {"id": str(row), "tokens": [f"w{row}", "x"], "ner_tags": [1, 0], "pos_tags": [1, 2]}
    ]
    assert dataset["validation"]["id"][:] == ["validation-0", "validation-1"]
    assert "splits left out: extra" in caplog.text
    coded(3).save_to_disk(tmp_path / "one")
    assert len(load_ner_dataset(str(tmp_path / "one"))["train"]) == 1


def test_a_column_that_is_right_stays_on_disk(tmp_path: Path) -> None:
    saved = DatasetDict({name: coded(2) for name in ("train", "validation", "test")})
    saved.save_to_disk(tmp_path / "saved")
    dataset = load_ner_dataset(tmp_path / "saved")
    again = load_ner_dataset(tmp_path / "saved")
    for name, part in dataset.items():
        on_disk = [block for blocks in part.data.blocks for block in blocks if isinstance(block, MemoryMappedTable)]
        assert [block.column_names for block in on_disk] == [["tokens", "ner_tags"]]
        assert part._fingerprint == again[name]._fingerprint


def test_columns_are_renamed(write: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    rows = [{"words": ["a"], "fine": ["B-X"], "ner_tags": ["O"], "n": row} for row in range(3)]
    path = write("a.jsonl", json_lines(*rows))
    dataset = load_ner_dataset(path, tokens_column="words", tags_column="fine")
    assert dataset["train"].column_names == ["id", "tokens", "ner_tags", "n"]
    assert tags(dataset["train"]) == [["B-X"]]
    assert "column ner_tags left out, fine takes its name" in caplog.text
    with pytest.raises(
        CfgenError,
        match=r"a\.jsonl:1: no 'tokens' among words, fine, ner_tags, n: .*tokens_column",
    ):
        load_ner_dataset(path)
    saved = path.with_name("saved")
    Dataset.from_list(rows).save_to_disk(saved)
    with pytest.raises(
        CfgenError,
        match=r"saved, split train: no column 'tokens' among words, fine, ner_tags, n: .*tokens_column",
    ):
        load_ner_dataset(saved)
    with pytest.raises(CfgenError, match=r"no column 'tag' among .*: name the column of ner_tags with tags_column"):
        load_ner_dataset(saved, tokens_column="words", tags_column="tag")
    with pytest.raises(CfgenError, match="tokens_column is 'words', tags_column 'words': name a column for each"):
        load_ner_dataset(path, tokens_column="words", tags_column="words")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"tokens": ["a", "b"], "ner_tags": ["O"]}, r"record 1 \(from 0\): 2 tokens and 1 tags: give one tag a token"),
        ({"tokens": [], "ner_tags": []}, r"record 1 \(from 0\): no tokens: remove the record"),
        ({"tokens": None, "ner_tags": ["O"]}, r"record 1 \(from 0\): tokens is null: give a list or remove"),
        ({"tokens": ["a", None], "ner_tags": ["O", "O"]}, r"1 \(from 0\): null in the list of tokens: give a value"),
        ({"tokens": ["a"], "ner_tags": [None]}, r"record 1 \(from 0\): null in the list of ner_tags: give a value"),
        (
            {"tokens": ["a"], "ner_tags": ["PER"]},
            r"1 \(from 0\): tag 'PER' is neither 'O' nor PREFIX-LABEL .* tags_col",
        ),
    ],
)
def test_bad_records_are_named_or_skipped(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    rows = [{"id": "0", **labelled(0)}, {"id": "1", **row}, {"id": "2", **labelled(2)}, {"id": "3", **row}]
    path, skipped = tmp_path / "a.parquet", tmp_path / "skipped.jsonl"
    Dataset.from_list([*rows, {"id": "4", **labelled(4)}]).to_parquet(path)
    with pytest.raises(CfgenError, match=message) as caught:
        load_ner_dataset(path)
    assert str(caught.value).startswith(str(path))
    dataset = load_ner_dataset(path, skip_bad_records=skipped)
    assert {name: list(part["id"]) for name, part in dataset.items()} == {
        name: [["0", "2", "4"][row]]
        for name, row in zip(("validation", "test", "train"), np.random.default_rng(42).permutation(3))
    }
    first, second = (json.loads(line) for line in skipped.read_text(encoding="utf-8").splitlines())
    assert first == {
        "where": f"{path}, record 1 (from 0)",
        "reason": str(caught.value),
        "record": {name: row[name] for name in ("tokens", "ner_tags")},
    }
    assert second["where"] == f"{path}, record 3 (from 0)"
    assert second["reason"] == str(caught.value).replace("record 1", "record 3")


@pytest.mark.parametrize(
    ("row_id", "message"),
    [("0", r"\.json:2: the id '0' again: make ids unique"), (None, r"\.json:2: no id, though others have one")],
)
def test_ids_are_unique(write: Callable[..., Path], row_id: str | None, message: str) -> None:
    rows = [{"id": "0", **labelled(0)}, {"id": row_id, **labelled(1)}, {"id": "2", **labelled(2)}]
    path = write("a.json", json_lines(*rows))
    with pytest.raises(CfgenError, match=message) as caught:
        load_ner_dataset(path)
    assert str(caught.value).startswith(str(path))


def test_no_good_record_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    Dataset.from_list([{"tokens": ["a", "b"], "ner_tags": ["O"]}] * 2).to_parquet(path)
    with pytest.raises(CfgenError, match=r"a\.parquet, split train: no good record in it; the first is bad: "):
        load_ner_dataset(path, skip_bad_records=tmp_path / "skipped.jsonl")
    assert not (tmp_path / "skipped.jsonl").exists()


@pytest.mark.parametrize("make", [table, coded])
def test_types_and_label_map(tmp_path: Path, make: Callable[[int], Dataset]) -> None:
    rows = {
        "tokens": [["Ada", "in", "Oslo"], ["at", "Acme", "Bo"]],
        "ner_tags": [["I-PER", "O", "I-LOC"], ["O", "I-ORG", "I-PER"]],
    }
    data = Dataset.from_dict(rows)
    if make is coded:
        names = ["O", "I-LOC", "I-ORG", "I-PER"]
        data = data.cast_column("ner_tags", List(ClassLabel(names=names)))
    data.save_to_disk(tmp_path / "saved")

    def read(**options: Any) -> list[list[str]]:
        return tag_column(read_splits(tmp_path / "saved", **options).splits["train"])

    assert read(types=["PER"]) == [["I-PER", "O", "O"], ["O", "O", "I-PER"]]
    assert read(label_map={"ORG": "O", "LOC": "place"}) == [["I-PER", "O", "I-place"], ["O", "O", "I-PER"]]
    assert read(types=["LOC", "PER"], label_map={"LOC": "PER"}) == [["I-PER", "O", "I-PER"], ["O", "O", "I-PER"]]
    # In IOB1 two mentions that touch and now have one type must stay two.
    assert read(label_map={"ORG": "PER"}) == [["I-PER", "O", "I-LOC"], ["O", "I-PER", "B-PER"]]
    swapped = read(label_map={"ORG": "LOC", "LOC": "ORG"})
    assert swapped == [["I-PER", "O", "I-ORG"], ["O", "I-LOC", "I-PER"]]
    with pytest.raises(CfgenError, match=r"saved: no mention of type GPE \(label_map\): the types are LOC, ORG, PER"):
        read(label_map={"GPE": "LOC"})
    with pytest.raises(CfgenError, match=r"saved: no mention in any of its 2 sentence\(s\): label some, or name"):
        read(label_map={"ORG": "O", "LOC": "O", "PER": "O"})


def test_integers_with_tag_names(write: Callable[..., Path]) -> None:
    path = write("a.json", json_lines(*({"tokens": ["a", "b"], "ner_tags": [0, 2]} for _ in range(3))))
    dataset = load_ner_dataset(path, tag_names=["O", "I-X", "B-X"])
    assert dataset["train"].features["ner_tags"].feature.names == ["O", "I-X", "B-X"]
    assert tags(dataset["train"]) == [["O", "B-X"]]
    with pytest.raises(CfgenError, match=r"a\.json:1: tag 2 has no name, there are 2 names"):
        load_ner_dataset(path, tag_names=["O", "B-X"])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"ner_tags": [[1, 0]]},
            r"the tags are integers, without names: .* their names with tag_names, O B-PER",
        ),
        ({"tokens": [[1, 2]]}, "the tokens are integers: give lists of strings"),
        ({"tokens": [1]}, "column tokens holds integers: give a list a record"),
        ({"ner_tags": ["B-PER O"]}, r"train, record 0 \(from 0\): 'B-PER O' in ner_tags is text: give a list"),
        ({"id": [["0"]]}, "the ids are lists: give strings or integers, or no id"),
    ],
)
def test_bad_column_types(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    Dataset.from_dict({"tokens": [["a", "b"]], "ner_tags": [["B-PER", "O"]], **columns}).save_to_disk(
        tmp_path / "saved"
    )
    with pytest.raises(CfgenError, match=message) as caught:
        load_ner_dataset(tmp_path / "saved")
    assert str(caught.value).startswith(f"{tmp_path / 'saved'}, split train")


def test_bad_class_labels(tmp_path: Path) -> None:
    DatasetDict(train=coded(5), test=coded(2, ["O", "B-LOC"])).save_to_disk(tmp_path / "differ")
    with pytest.raises(CfgenError, match="the splits name their tags differently: give all the same ClassLabel"):
        load_ner_dataset(tmp_path / "differ")
    hidden = coded(2).map(lambda row: {"ner_tags": [0, -1]})
    DatasetDict(train=coded(5), test=hidden).save_to_disk(tmp_path / "hidden")
    with pytest.raises(CfgenError, match=r"split test, record 0 \(from 0\): tag -1 has no name, there are 3 names"):
        load_ner_dataset(tmp_path / "hidden")
    coded(5, ["O", "PER"]).save_to_disk(tmp_path / "bare")
    with pytest.raises(CfgenError, match=r"record 0 \(from 0\): tag 'PER' is neither 'O' nor"):
        load_ner_dataset(tmp_path / "bare")
    (tmp_path / "empty").mkdir()
    coded(5).to_parquet(tmp_path / "empty" / "train.parquet")
    coded(5).select([]).to_parquet(tmp_path / "empty" / "test.parquet")
    with pytest.raises(CfgenError, match=r"empty/test\.parquet: no row in it: remove"):
        load_ner_dataset(tmp_path / "empty")


@pytest.mark.parametrize(
    ("scheme", "tags", "message"),
    [
        ("BILOU", ["B-X I-X O"], "word 1: the tag is I-X where BILOU has L-X"),
        ("IOB1", ["O O O", "B-X I-X O"], "word 0: the tag is B-X where IOB1 has I-X"),
        ("IOB2", ["O I-X O", "I-X B-X I-X"], "word 1: the tag is I-X where IOB2 has B-X"),
    ],
)
def test_data_that_does_not_follow_the_named_scheme_is_refused_with_its_place(write, scheme, tags, message) -> None:
    blocks = ["".join(f"w{i} {tag}\n" for i, tag in enumerate(row.split())) for row in tags]
    path = write("train.txt", "\n".join(blocks))
    line = 1 if "word 1" in message else 5
    with pytest.raises(CfgenError, match=rf"train\.txt:{line}, {message}: name the scheme"):
        load_ner_dataset(path, scheme=scheme)


def test_b_and_i_that_follow_neither_scheme_may_be_read_as_either(write) -> None:
    path = write("train.txt", "a B-X\nb I-Y\n\nc I-X\n")
    for scheme in ("IOB1", "IOB2"):
        assert tag_column(read_splits(path, scheme=scheme).splits["train"]) == [["B-X", "I-Y"], ["I-X"]]


def test_the_train_split_must_follow_the_named_scheme_by_itself(write) -> None:
    # together the splits follow neither scheme, but the generator reads the train split alone
    path = write("train.txt", "a I-X\n")
    write("dev.txt", "a B-X\n")
    with pytest.raises(CfgenError, match=r"train\.txt:1, word 0: the tag is I-X where IOB2 has B-X: name the scheme"):
        load_ner_dataset(path.parent, scheme="IOB2")
